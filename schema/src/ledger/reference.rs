//! Merkle trees straight from the definitions of RFC 6962, slow and obvious: what tests and golden vectors
//! are made with.

use super::merkle::{empty_root, node_hash};
use crate::bytes::Hash;

/// The tree hash straight from RFC 6962's definition, as the reference.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves.len() {
        0 => empty_root(),
        1 => leaves[0],
        n => {
            let split = n.next_power_of_two() / 2;
            node_hash(&root(&leaves[..split]), &root(&leaves[split..]))
        }
    }
}

/// The inclusion proof of RFC 6962 section 2.1.1.
pub fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (mut proof, other) = if index < split {
        (path(index, &leaves[..split]), root(&leaves[split..]))
    } else {
        (path(index - split, &leaves[split..]), root(&leaves[..split]))
    };
    proof.push(other);
    proof
}

/// The consistency proof of RFC 6962 section 2.1.2; `whole` says that the old tree's root is known.
pub fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let split = leaves.len().next_power_of_two() / 2;
    let (mut proof, other) = if old <= split {
        (subproof(old, &leaves[..split], whole), root(&leaves[split..]))
    } else {
        (subproof(old - split, &leaves[split..], false), root(&leaves[..split]))
    };
    proof.push(other);
    proof
}
