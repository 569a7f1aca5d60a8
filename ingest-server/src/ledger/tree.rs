//! The Merkle tree (RFC 6962): grows leaf by leaf, and gives its root and proofs at any size it ever had.

use super::files::Files;
use delistening_schema::Hash;
use delistening_schema::ledger::merkle::{empty_root, node_hash};
use std::collections::VecDeque;
use std::io;

/// Where the hashes of complete subtrees are found: the node at `height` (0 for leaves) and `index`.
pub trait Nodes {
    /// The hash of that complete subtree.
    fn node(&self, height: u32, index: u64) -> io::Result<Hash>;
}

/// How many of the newest nodes of each height stay in memory: fresh proofs and roots need no others.
const RECENT: usize = 1024;

/// The growing tree.
#[derive(Debug, Default)]
pub struct Tree {
    size: u64,
    levels: Vec<Level>,
}

#[derive(Debug, Default)]
struct Level {
    /// How many complete subtrees of this height there are.
    count: u64,
    recent: VecDeque<Hash>,
}

impl Tree {
    /// The tree over the first `size` leaves, whose nodes are in `files`.
    pub fn restore(size: u64, files: &Files) -> io::Result<Self> {
        let mut levels = Vec::new();
        for height in 0.. {
            let count = size.checked_shr(height).unwrap_or(0);
            // The last one may be a left sibling of what comes.
            let Some(last) = count.checked_sub(1) else { break };
            levels.push(Level { count, recent: VecDeque::from([files.node(height, last)?]) });
        }
        Ok(Self { size, levels })
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf. `keep` is told of every node that a tile holds: tile level, and hash.
    pub fn push(&mut self, leaf: Hash, mut keep: impl FnMut(usize, Hash)) {
        self.size += 1;
        let mut hash = leaf;
        for height in 0.. {
            if height % 8 == 0 {
                keep(height / 8, hash);
            }
            if self.levels.len() == height {
                self.levels.push(Level::default());
            }
            let level = &mut self.levels[height];
            let left = level.recent.back().copied();
            level.count += 1;
            level.recent.push_back(hash);
            if level.recent.len() > RECENT {
                level.recent.pop_front();
            }
            match left {
                Some(left) if level.count.is_multiple_of(2) => hash = node_hash(&left, &hash),
                _ => return,
            }
        }
    }

    fn recent(&self, height: u32, index: u64) -> Option<Hash> {
        let level = self.levels.get(height as usize)?;
        let from_end = level.count.checked_sub(index + 1)?;
        let position = level.recent.len().checked_sub(usize::try_from(from_end).ok()? + 1)?;
        level.recent.get(position).copied()
    }

    /// The root of all leaves, for which no file is needed.
    pub fn present_root(&self) -> Hash {
        let edge = self.levels.iter().filter(|level| !level.count.is_multiple_of(2));
        let root = edge
            .filter_map(|level| level.recent.back().copied())
            .reduce(|right, left| node_hash(&left, &right));
        root.unwrap_or_else(empty_root)
    }

    /// The root at `size`.
    pub fn root(&self, size: u64, files: &Files) -> io::Result<Hash> {
        if size == 0 { Ok(empty_root()) } else { subtree(&self.nodes(files), 0, size) }
    }

    /// The inclusion proof of leaf `index` at `size`, from the leaf's sibling to the root's child.
    pub fn inclusion(&self, index: u64, size: u64, files: &Files) -> io::Result<Vec<Hash>> {
        let nodes = self.nodes(files);
        let (mut begin, mut end) = (0, size);
        let mut proof = Vec::new();
        while end - begin > 1 {
            let split = begin + split(end - begin);
            if index < split {
                proof.push(subtree(&nodes, split, end)?);
                end = split;
            } else {
                proof.push(subtree(&nodes, begin, split)?);
                begin = split;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// The proof that the tree at `old` leaves begins the tree at `new` leaves.
    pub fn consistency(&self, old: u64, new: u64, files: &Files) -> io::Result<Vec<Hash>> {
        let mut proof = Vec::new();
        if old == 0 || old >= new {
            return Ok(proof);
        }
        let nodes = self.nodes(files);
        let (mut begin, mut end) = (0, new);
        // Down to the subtree that ends where the old tree ended.
        while end != old {
            let split = begin + split(end - begin);
            if old <= split {
                proof.push(subtree(&nodes, split, end)?);
                end = split;
            } else {
                proof.push(subtree(&nodes, begin, split)?);
                begin = split;
            }
        }
        // If that subtree is the old tree itself, its root is known already.
        if begin != 0 {
            proof.push(subtree(&nodes, begin, end)?);
        }
        proof.reverse();
        Ok(proof)
    }

    fn nodes<'a>(&'a self, files: &'a Files) -> Both<'a> {
        Both { tree: self, files }
    }
}

/// Nodes in memory first, then in the tiles.
struct Both<'a> {
    tree: &'a Tree,
    files: &'a Files,
}

impl Nodes for Both<'_> {
    fn node(&self, height: u32, index: u64) -> io::Result<Hash> {
        match self.tree.recent(height, index) {
            Some(hash) => Ok(hash),
            None => self.files.node(height, index),
        }
    }
}

/// The largest power of two below `count`, which must be two or more.
fn split(count: u64) -> u64 {
    count.next_power_of_two() / 2
}

/// The hash of the leaves `begin..end`, where `begin` is a place at which RFC 6962 may split.
fn subtree(nodes: &impl Nodes, begin: u64, end: u64) -> io::Result<Hash> {
    let count = end - begin;
    if count.is_power_of_two() {
        let height = count.trailing_zeros();
        return nodes.node(height, begin >> height);
    }
    let split = begin + split(count);
    Ok(node_hash(&subtree(nodes, begin, split)?, &subtree(nodes, split, end)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use delistening_schema::ledger::merkle::leaf_hash;
    use tlog_tiles::tlog;

    /// Hashes as another implementation stores them.
    struct Theirs(Vec<tlog::Hash>);

    impl tlog::HashReader for Theirs {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog_tiles::Error> {
            Ok(indexes.iter().map(|&index| self.0[usize::try_from(index).unwrap()]).collect())
        }
    }

    fn same(ours: &[Hash], theirs: &[tlog::Hash]) -> bool {
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.0 == b.0)
    }

    #[test]
    fn roots_and_proofs_are_those_of_another_implementation() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::create(folder.path()).unwrap();
        let (mut tree, mut theirs) = (Tree::default(), Theirs(Vec::new()));
        let sizes = [1_u64, 2, 3, 7, 8, 255, 256, 257, 511, 1500, 2100, 3000];
        for number in 0..3000_u64 {
            let entry = number.to_be_bytes();
            tree.push(leaf_hash(&entry), |level, hash| files.push(level, hash));
            let stored = tlog::stored_hashes(number, &entry, &theirs).unwrap();
            theirs.0.extend(stored);
            if sizes.contains(&(number + 1)) {
                assert_eq!(
                    tree.present_root().0,
                    tlog::tree_hash(number + 1, &theirs).unwrap().0,
                    "{number}"
                );
            }
        }
        files.flush().unwrap();
        for &size in &sizes {
            let root = tlog::tree_hash(size, &theirs).unwrap();
            assert_eq!(tree.root(size, &files).unwrap().0, root.0, "root at {size}");
            for index in [0, size / 3, size / 2, size - 1] {
                let proof = tlog::prove_record(size, index, &theirs).unwrap();
                assert!(same(&tree.inclusion(index, size, &files).unwrap(), &proof), "{index} of {size}");
            }
            for &old in sizes.iter().filter(|&&old| old < size) {
                let proof = tlog::prove_tree(size, old, &theirs).unwrap();
                assert!(same(&tree.consistency(old, size, &files).unwrap(), &proof), "{old} to {size}");
            }
        }
    }
}
