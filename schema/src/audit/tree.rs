//! The Merkle tree of what was read, with its root at every size it had.

use crate::bytes::Hash;
use crate::ledger::merkle::{empty_root, node_hash};

/// A growing tree. Keeps every node: 64 bytes for each entry.
#[derive(Debug, Default)]
pub struct Tree {
    /// The complete subtrees of each height.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for height in 0.. {
            if self.levels.len() == height {
                self.levels.push(Vec::new());
            }
            let level = &mut self.levels[height];
            level.push(node);
            if !level.len().is_multiple_of(2) {
                return;
            }
            node = node_hash(&level[level.len() - 2], &level[level.len() - 1]);
        }
    }

    /// The root at `size`; `None` if the tree never had that many leaves.
    pub fn root(&self, size: u64) -> Option<Hash> {
        if size > self.size() {
            return None;
        }
        let mut rest = usize::try_from(size).ok()?;
        let mut root = None;
        // From the smallest complete subtree at the right edge to the largest at the left.
        while rest > 0 {
            let height = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            let node = *self.levels.get(height)?.get(rest >> height)?;
            root = Some(root.map_or(node, |right| node_hash(&node, &right)));
        }
        Some(root.unwrap_or_else(empty_root))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::merkle::tree_root;

    #[test]
    fn every_size_has_its_root() {
        let leaves: Vec<Hash> = (0..70_u8).map(|n| Hash::of(&[n])).collect();
        let mut tree = Tree::default();
        for &leaf in &leaves {
            tree.push(leaf);
        }
        for size in 0..=leaves.len() {
            assert_eq!(tree.root(size as u64), Some(tree_root(&leaves[..size])), "{size}");
        }
        assert_eq!(tree.root(71), None);
    }
}
