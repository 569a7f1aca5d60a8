//! Tiles and entry bundles as flat files, one per level: a tile is a slice of its level's file.
//!
//! They are written without fsync, because the journal can make them again at any time. Now and then they are synced,
//! and `kept` says how far: a start takes over what is kept, and makes the rest anew.

mod appended;
mod kept;

pub use kept::Unsynced;

use super::slots::Slots;
use super::tree::Nodes;
use appended::Appended;
use delistening_schema::Hash;
use delistening_schema::ledger::merkle::{leaf_hash, node_hash};
use kept::Kept;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;
const HASH_BYTES: u64 = 32;
/// Where one bundle begins in the entries.
const PLACE_BYTES: u64 = 8;

/// The files of a ledger.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    levels: Vec<Appended>,
    /// Entries with their lengths, one after the other: exactly the encoding of bundles.
    entries: Appended,
    /// Where each entry bundle begins in `entries`.
    bundles: Appended,
    count: u64,
    /// The indexes of the entries that announce keys.
    announcements: Vec<u64>,
}

impl Files {
    /// The files in `folder`, with as many entries as are kept there, `most` at most; none if what is kept does not
    /// hang together.
    pub fn open(folder: &Path, most: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let slots = Slots::open(&folder.join("kept"))?;
        let kept = slots.newest().and_then(Kept::parse).filter(|kept| kept.count <= most).unwrap_or_default();
        let files = Self::take_over(folder, &kept)?;
        if files.hang_together().unwrap_or(false) {
            return Ok(files);
        }
        tracing::warn!("the kept tiles are damaged and made anew");
        Self::create(folder)
    }

    /// Empty files in `folder`.
    pub fn create(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Self::take_over(folder, &Kept::default())
    }

    fn take_over(folder: &Path, kept: &Kept) -> io::Result<Self> {
        let Kept { count, entries, announcements } = kept;
        let mut levels = Vec::new();
        for level in 0_u32.. {
            let hashes = count.checked_shr(8 * level).unwrap_or(0);
            if hashes == 0 {
                break;
            }
            levels.push(Appended::open(&tiles(folder, levels.len()), hashes * HASH_BYTES)?);
        }
        let bundles = count.div_ceil(TILE_WIDTH) * PLACE_BYTES;
        Ok(Self {
            folder: folder.to_owned(),
            levels,
            entries: Appended::open(&folder.join("entries"), *entries)?,
            bundles: Appended::open(&folder.join("bundles"), bundles)?,
            count: *count,
            announcements: announcements.clone(),
        })
    }

    /// Whether each hash above the lowest level is the root of the tile below it, and nothing is missing.
    fn hang_together(&self) -> io::Result<bool> {
        for pair in self.levels.windows(2) {
            let [below, above] = pair else { continue };
            for index in 0..above.end() / HASH_BYTES {
                let tile = below.read(index * TILE_WIDTH * HASH_BYTES, TILE_WIDTH * HASH_BYTES)?;
                if root(&tile) != root(&above.read(index * HASH_BYTES, HASH_BYTES)?) {
                    return Ok(false);
                }
            }
        }
        // The newest entry is reached through the bundles; the root is compared with what was signed.
        Ok(self.count == 0 || self.entry(self.count - 1)?.is_some())
    }

    /// How many entries there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The indexes of the entries that were said to announce keys.
    pub fn announcements(&self) -> &[u64] {
        &self.announcements
    }

    /// Remembers that the newest entry announces a key.
    pub fn announces(&mut self) {
        self.announcements.extend(self.count.checked_sub(1));
    }

    /// Adds a hash to the tiles of `level`.
    pub fn push(&mut self, level: usize, hash: Hash) {
        while self.levels.len() <= level {
            self.levels.push(Appended::new(&tiles(&self.folder, self.levels.len())));
        }
        self.levels[level].push(&hash.0);
    }

    /// Adds an entry.
    ///
    /// # Panics
    /// When the entry is longer than 65,535 bytes; entries are made small.
    pub fn push_entry(&mut self, entry: &[u8]) {
        if self.count.is_multiple_of(TILE_WIDTH) {
            self.bundles.push(&self.entries.end().to_le_bytes());
        }
        self.count += 1;
        let length = u16::try_from(entry.len()).expect("an entry is at most 65,535 bytes");
        self.entries.push(&length.to_be_bytes());
        self.entries.push(entry);
    }

    /// Writes what was added; until then it is in memory.
    pub fn flush(&mut self) -> io::Result<()> {
        for file in self.levels.iter_mut().chain([&mut self.entries, &mut self.bundles]) {
            file.flush()?;
        }
        Ok(())
    }

    /// What a sync makes durable; `None` if something is not written yet.
    pub fn unsynced(&self) -> Option<Unsynced> {
        let files = self.levels.iter().chain([&self.entries, &self.bundles]);
        let files = files.map(Appended::written).collect::<Option<_>>()?;
        let Self { count, announcements, .. } = self;
        let kept = Kept { count: *count, entries: self.entries.end(), announcements: announcements.clone() };
        Some(Unsynced::new(&self.folder, files, kept))
    }

    /// The first `width` hashes of tile `index` of `level`; `None` if there are not that many.
    pub fn tile(&self, level: usize, index: u64, width: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.levels.get(level) else { return Ok(None) };
        let Some(offset) = index.checked_mul(TILE_WIDTH * HASH_BYTES) else { return Ok(None) };
        let length = width * HASH_BYTES;
        if offset.checked_add(length).is_none_or(|end| end > file.end()) {
            return Ok(None);
        }
        file.read(offset, length).map(Some)
    }

    /// The first `width` entries of bundle `index`; `None` if there are not that many.
    pub fn bundle(&self, index: u64, width: u64) -> io::Result<Option<Vec<u8>>> {
        let first = index.saturating_mul(TILE_WIDTH);
        if first.saturating_add(width) > self.count {
            return Ok(None);
        }
        let begin = self.bundle_begin(index)?.ok_or_else(damaged)?;
        let end = self.bundle_begin(index + 1)?.unwrap_or(self.entries.end());
        let mut bytes = self.entries.read(begin, end.checked_sub(begin).ok_or_else(damaged)?)?;
        let mut length = 0;
        for _ in 0..width {
            length += 2 + entry_length(&bytes[length.min(bytes.len())..])?;
        }
        bytes.truncate(length);
        Ok(Some(bytes))
    }

    fn bundle_begin(&self, index: u64) -> io::Result<Option<u64>> {
        if (index + 1) * PLACE_BYTES > self.bundles.end() {
            return Ok(None);
        }
        let bytes = self.bundles.read(index * PLACE_BYTES, PLACE_BYTES)?;
        Ok(bytes.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)))
    }

    /// The entry at `index`.
    pub fn entry(&self, index: u64) -> io::Result<Option<Vec<u8>>> {
        let within = index % TILE_WIDTH;
        let Some(bundle) = self.bundle(index / TILE_WIDTH, within + 1)? else { return Ok(None) };
        let mut rest = bundle.as_slice();
        for _ in 0..within {
            rest = &rest[2 + entry_length(rest)?..];
        }
        let entry = rest[2..].to_vec();
        if leaf_hash(&entry) != self.node(0, index)? {
            return Err(damaged());
        }
        Ok(Some(entry))
    }
}

impl Nodes for Files {
    fn node(&self, height: u32, index: u64) -> io::Result<Hash> {
        let (level, above) = (height as usize / 8, height % 8);
        let Some(file) = self.levels.get(level) else {
            return Err(io::Error::other("a node above the tree was asked for"));
        };
        let count = 1_u64 << above;
        let bytes = file.read(index * count * HASH_BYTES, count * HASH_BYTES)?;
        root(&bytes).ok_or_else(damaged)
    }
}

fn tiles(folder: &Path, level: usize) -> PathBuf {
    folder.join(format!("tiles-{level}"))
}

/// The root over a power of two of hashes.
fn root(hashes: &[u8]) -> Option<Hash> {
    let mut hashes: Vec<Hash> = hashes.as_chunks::<32>().0.iter().map(|&hash| Hash(hash)).collect();
    while hashes.len() > 1 {
        hashes = hashes.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    hashes.first().copied()
}

fn entry_length(bytes: &[u8]) -> io::Result<usize> {
    let length = usize::from(u16::from_be_bytes(*bytes.first_chunk().ok_or_else(damaged)?));
    if bytes.len() < 2 + length { Err(damaged()) } else { Ok(length) }
}

fn damaged() -> io::Error {
    io::Error::other("the ledger's files are damaged; end the server, remove ledger/kept, and start it again")
}
