//! RFC 6962 Merkle trees: hashing, and checking inclusion and consistency proofs.

use crate::bytes::Hash;

/// The root of the tree with no leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash::of(b"")
}

/// The hash of a leaf: SHA-256(0x00 ‖ entry).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash::of_parts(&[&[0], entry])
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash::of_parts(&[&[1], &left.0, &right.0])
}

/// The root of the tree over `leaves`.
pub fn tree_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&tree_root(left), &tree_root(right))
        }
    }
}

/// Whether `proof` leads from `leaf` at `index` to `root` in a tree of `size` leaves (RFC 9162 section
/// 2.1.3.2, the same proofs as RFC 6962).
#[must_use]
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A right edge without a sibling of its own at this level: climb to where it has one.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree of `new_size` leaves with `new_root` begins with the tree of
/// `old_size` leaves with `old_root` (RFC 9162 section 2.1.4.2).
#[must_use]
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> bool {
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return proof.is_empty() && *old_root == empty_root();
    }
    // When the old tree is a complete subtree its root is not repeated in the proof.
    let (seed, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        match proof.split_first() {
            Some((first, rest)) => (first, rest),
            None => return false,
        }
    };
    roots(old_size, new_size, seed, rest) == Some((*old_root, *new_root))
}

/// The root that the tree of `new_size` leaves with `new_root` had when it had `old_size` leaves, if `nodes` proves
/// it: a consistency proof that always begins with the node at the old tree's right edge. Whoever holds such a proof
/// needs no other word on what the old tree was.
#[must_use]
pub fn root_before(old_size: u64, new_size: u64, new_root: &Hash, nodes: &[Hash]) -> Option<Hash> {
    if old_size == 0 {
        return nodes.is_empty().then(empty_root);
    }
    let (seed, rest) = nodes.split_first()?;
    if old_size >= new_size {
        return (old_size == new_size && rest.is_empty() && seed == new_root).then_some(*seed);
    }
    let (old_root, root) = roots(old_size, new_size, seed, rest)?;
    (root == *new_root).then_some(old_root)
}

/// The roots of both trees that a consistency proof leads to, for `0 < old_size < new_size`. `seed` is the node at
/// the right edge of the old tree from which the proof goes up.
fn roots(old_size: u64, new_size: u64, seed: &Hash, rest: &[Hash]) -> Option<(Hash, Hash)> {
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*seed, *seed);
    for sibling in rest {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some((old_hash, new_hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::reference::{path, subproof};

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    #[test]
    fn constants_of_rfc_6962_hold() {
        assert_eq!(empty_root().to_base64(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(leaf_hash(b"").to_base64(), "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=");
    }

    #[test]
    fn every_inclusion_proof_verifies_and_no_other_does() {
        for size in 1..=33 {
            let leaves = leaves(size);
            let root = tree_root(&leaves);
            for index in 0..size {
                let proof = path(index, &leaves);
                let check = |index: u64, size: u64, proof: &[Hash]| {
                    verify_inclusion(
                        &leaves[usize::try_from(index).unwrap() % leaves.len()],
                        index,
                        size,
                        &root,
                        proof,
                    )
                };
                let (index, size) = (index as u64, size as u64);
                assert!(check(index, size, &proof), "{index} of {size}");
                let longer: Vec<Hash> = proof.iter().copied().chain([Hash::of(b"x")]).collect();
                assert!(!check(index, size, &longer));
                if let Some((_, shorter)) = proof.split_last() {
                    assert!(!check(index, size, shorter));
                    let mut flipped = proof.clone();
                    flipped[0].0[0] ^= 1;
                    assert!(!check(index, size, &flipped));
                    assert!(!check((index + 1) % size, size, &proof));
                }
                assert!(!check(size, size, &proof), "an index past the end");
            }
        }
    }

    #[test]
    fn every_consistency_proof_verifies_and_no_other_does() {
        let all = leaves(33);
        for new in 1..=all.len() {
            let new_root = tree_root(&all[..new]);
            for old in 1..=new {
                let old_root = tree_root(&all[..old]);
                let proof = subproof(old, &all[..new], true);
                let (old, new) = (old as u64, new as u64);
                assert!(verify_consistency(old, &old_root, new, &new_root, &proof), "{old} to {new}");
                let other = Hash::of(b"another history");
                assert!(!verify_consistency(old, &other, new, &new_root, &proof));
                assert!(!verify_consistency(old, &old_root, new, &other, &proof));
                let longer: Vec<Hash> = proof.iter().copied().chain([other]).collect();
                assert!(!verify_consistency(old, &old_root, new, &new_root, &longer));
                if let Some((_, shorter)) = proof.split_last() {
                    assert!(!verify_consistency(old, &old_root, new, &new_root, shorter));
                }
            }
        }
        assert!(verify_consistency(0, &empty_root(), 5, &tree_root(&all[..5]), &[]));
        assert!(!verify_consistency(5, &tree_root(&all[..5]), 4, &tree_root(&all[..4]), &[]));
    }

    #[test]
    fn a_proof_tells_what_the_old_root_was() {
        let all = leaves(33);
        for new in 1..=all.len() {
            let new_root = tree_root(&all[..new]);
            for old in 0..=new {
                let old_root = tree_root(&all[..old]);
                // `whole: false` begins with the old tree's own node, also where that is its root.
                let nodes = if old == 0 { Vec::new() } else { subproof(old, &all[..new], false) };
                let (old, new) = (old as u64, new as u64);
                assert_eq!(root_before(old, new, &new_root, &nodes), Some(old_root), "{old} of {new}");
                assert_eq!(root_before(old, new, &new_root, &[&nodes[..], &[old_root]].concat()), None);
                if old > 0 {
                    assert_eq!(root_before(old, new, &old_root, &nodes).is_some(), old == new);
                    let mut flipped = nodes.clone();
                    flipped[0].0[0] ^= 1;
                    assert_eq!(root_before(old, new, &new_root, &flipped), None);
                }
            }
        }
        assert_eq!(root_before(5, 4, &tree_root(&all[..4]), &[Hash::of(b"x")]), None);
    }
}
