//! C2SP tlog-tiles v0.1.0 as a reader needs them: which tiles prove that a log only grew, and what they prove.

use super::merkle::{self, node_hash, root_before};
use crate::bytes::Hash;
use crate::prelude::*;
use core::fmt;

/// Heights of the tree in one tile.
const HEIGHT: u32 = 8;
/// Hashes in a full tile.
const WIDTH: u64 = 1 << HEIGHT;

/// A tile of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    level: u32,
    index: u64,
    /// How many hashes it holds, from 1 to 256.
    width: u64,
}

/// Tiles and what they hold. They are few: a list is as good as a map, and a device carries less code.
pub type Tiles = Vec<(Tile, Vec<Hash>)>;

impl Tile {
    /// The hashes in the bytes of the tile; a fuller tile serves as well. `None` if they are too few or no hashes.
    pub fn read(&self, bytes: &[u8]) -> Option<Vec<Hash>> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let width = usize::try_from(self.width).ok()?;
        let fits = rest.is_empty() && hashes.len() <= 1 << HEIGHT;
        fits.then(|| hashes.get(..width).map(|hashes| hashes.iter().copied().map(Hash).collect()))?
    }

    /// The full tile, which a log may serve alone once it exists; `None` if this is it.
    pub fn full(self) -> Option<Self> {
        (self.width < WIDTH).then_some(Self { width: WIDTH, ..self })
    }
}

/// The path below the log's own, such as `tile/0/x001/234.p/56`.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        let mut digits = format!("{:03}", self.index % 1000);
        let mut above = self.index / 1000;
        while above > 0 {
            digits = format!("x{:03}/{digits}", above % 1000);
            above /= 1000;
        }
        f.write_str(&digits)?;
        if self.width < WIDTH { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// The tiles of a log of `new` entries that show what it was at `old` entries, which must be fewer. Not many, however
/// large the log is.
pub fn needed(old: u64, new: u64) -> Vec<Tile> {
    let mut tiles = Vec::new();
    // No hash is looked at: any will do.
    nodes(old, new, &mut |tile, _, _| {
        if !tiles.contains(&tile) {
            tiles.push(tile);
        }
        Some(Hash([0; 32]))
    });
    tiles
}

/// What `tiles` prove the root to have been at `old` entries, with the proof: see [`root_before`]. `None` if tiles are
/// missing, or are not those of the log of `new` entries with this root.
pub fn prove(old: u64, new: u64, new_root: &Hash, tiles: &[(Tile, Vec<Hash>)]) -> Option<(Hash, Vec<Hash>)> {
    let proof = nodes(old, new, &mut |tile, place, height| {
        let from = usize::try_from(place).ok()?;
        let (_, hashes) = tiles.iter().find(|(fetched, _)| *fetched == tile)?;
        hashes.get(from..from + (1 << height)).map(merkle::tree_root)
    })?;
    Some((root_before(old, new, new_root, &proof)?, proof))
}

/// Gives the hash of the subtree of a height over the hashes from a place in a tile on.
type Look<'a> = &'a mut dyn FnMut(Tile, u64, u32) -> Option<Hash>;

/// The consistency proof from `old` to `new`, beginning with the node at the old tree's right edge.
fn nodes(old: u64, new: u64, look: Look<'_>) -> Option<Vec<Hash>> {
    let mut proof = Vec::new();
    if old == 0 || old >= new {
        return Some(proof);
    }
    let (mut begin, mut end) = (0, new);
    while end != old {
        let split = begin + split(end - begin);
        if old <= split {
            proof.push(subtree(new, split, end, look)?);
            end = split;
        } else {
            proof.push(subtree(new, begin, split, look)?);
            begin = split;
        }
    }
    proof.push(subtree(new, begin, end, look)?);
    proof.reverse();
    Some(proof)
}

/// The hash of the leaves `begin..end` of a log of `size` entries.
fn subtree(size: u64, begin: u64, end: u64, look: Look<'_>) -> Option<Hash> {
    let count = end - begin;
    if !count.is_power_of_two() {
        let split = begin + split(count);
        return Some(node_hash(&subtree(size, begin, split, look)?, &subtree(size, split, end, look)?));
    }
    let (level, height) = (count.trailing_zeros() / HEIGHT, count.trailing_zeros() % HEIGHT);
    let first = begin >> (level * HEIGHT);
    let index = first / WIDTH;
    let width = ((size >> (level * HEIGHT)) - index * WIDTH).min(WIDTH);
    look(Tile { level, index, width }, first % WIDTH, height)
}

/// The largest power of two below `count`, which must be two or more.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::merkle::{leaf_hash, tree_root};

    /// A log that serves its tiles.
    struct Log {
        /// The hashes of each level.
        levels: Vec<Vec<Hash>>,
    }

    impl Log {
        fn new(leaves: &[Hash]) -> Self {
            let mut levels = vec![leaves.to_vec()];
            while let Some(full) = levels.last().filter(|level| level.len() >= 1 << HEIGHT) {
                levels.push(full.as_chunks::<256>().0.iter().map(|hashes| tree_root(hashes)).collect());
            }
            Self { levels }
        }

        fn serve(&self, tile: Tile) -> Vec<u8> {
            let from = usize::try_from(tile.index * WIDTH).unwrap();
            let hashes = &self.levels[tile.level as usize][from..];
            hashes[..usize::try_from(tile.width).unwrap()].iter().flat_map(|hash| hash.0).collect()
        }
    }

    #[test]
    fn few_tiles_prove_every_size_that_a_log_had() {
        let all: Vec<Hash> = (0..66_000_u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let sizes = [1, 2, 3, 7, 255, 256, 257, 300, 511, 512, 1_000, 65_535, 65_536, 65_537, 66_000];
        let roots = sizes.map(|size| tree_root(&all[..size]));
        for (new, root) in sizes.into_iter().zip(roots) {
            let log = Log::new(&all[..new]);
            for (old, expected) in sizes.into_iter().zip(roots).filter(|&(old, _)| old < new) {
                let (old, new) = (old as u64, new as u64);
                let needed = needed(old, new);
                assert!(needed.len() <= 5, "{} tiles for {old} of {new}", needed.len());
                let mut tiles: Tiles =
                    needed.into_iter().map(|tile| (tile, tile.read(&log.serve(tile)).unwrap())).collect();
                let (before, proof) = prove(old, new, &root, &tiles).unwrap();
                assert_eq!(before, expected, "{old} of {new}");
                assert!(proof.len() <= 64);
                // Of another log they prove nothing.
                assert_eq!(prove(old, new, &Hash::of(b"another"), &tiles), None);
                tiles.pop();
                assert_eq!(prove(old, new, &root, &tiles), None);
            }
        }
        assert!(needed(0, 5).is_empty() && needed(5, 5).is_empty());
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        for (level, index, width, path) in [
            (0, 0, 256, "tile/0/000"),
            (0, 1_234_067, 256, "tile/0/x001/x234/067"),
            (2, 999, 3, "tile/2/999.p/3"),
            (1, 1_000, 1, "tile/1/x001/000.p/1"),
        ] {
            assert_eq!(Tile { level, index, width }.to_string(), path);
        }
        let partial = Tile { level: 0, index: 0, width: 2 };
        assert_eq!(partial.full().unwrap().to_string(), "tile/0/000");
        assert_eq!(partial.read(&[7; 96]), Some(vec![Hash([7; 32]); 2]), "of a fuller tile");
        assert_eq!(partial.read(&[7; 32]), None);
        assert_eq!(partial.read(&[7; 65]), None);
        assert_eq!(partial.read(&vec![7; 32 * 257]), None);
    }
}
