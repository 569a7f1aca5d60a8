//! Tiles and entry bundles as flat files, one per level: a tile is a slice of its level's file.
//!
//! They are written without fsync, because the journal can make them again at any time, and are made anew
//! from it at every start.

use super::tree::Nodes;
use delistening_schema::Hash;
use delistening_schema::ledger::merkle::node_hash;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;
const HASH_BYTES: u64 = 32;

/// The files of a ledger.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    levels: Vec<Level>,
    /// Entries with their lengths, one after the other: exactly the encoding of bundles.
    entries: Appended,
    /// Where each entry bundle begins in `entries`.
    bundles: Vec<u64>,
    count: u64,
}

#[derive(Debug)]
struct Level {
    file: Appended,
}

/// A file that only grows, with what was not written yet.
#[derive(Debug)]
struct Appended {
    file: File,
    written: u64,
    pending: Vec<u8>,
}

impl Appended {
    fn create(path: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Self { file, written: 0, pending: Vec::new() })
    }

    fn end(&self) -> u64 {
        self.written + self.pending.len() as u64
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.pending, self.written)?;
        self.written = self.end();
        self.pending.clear();
        Ok(())
    }

    fn read(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }
}

impl Files {
    /// Empty files in `folder`.
    pub fn create(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let entries = Appended::create(&folder.join("entries"))?;
        Ok(Self { folder: folder.to_owned(), levels: Vec::new(), entries, bundles: Vec::new(), count: 0 })
    }

    /// Adds a hash to the tiles of `level`. Seen by readers after [`Files::flush`].
    pub fn push(&mut self, level: usize, hash: Hash) {
        while self.levels.len() <= level {
            let path = self.folder.join(format!("tiles-{}", self.levels.len()));
            match Appended::create(&path) {
                Ok(file) => self.levels.push(Level { file }),
                // The write that follows fails in the same way and is reported there.
                Err(error) => {
                    return tracing::error!(path = %path.display(), %error, "cannot make a level of tiles");
                }
            }
        }
        self.levels[level].file.pending.extend_from_slice(&hash.0);
    }

    /// Adds an entry. Seen by readers after [`Files::flush`].
    ///
    /// # Panics
    /// When the entry is longer than 65,535 bytes; entries are made small.
    pub fn push_entry(&mut self, entry: &[u8]) {
        if self.count.is_multiple_of(TILE_WIDTH) {
            self.bundles.push(self.entries.end());
        }
        self.count += 1;
        let length = u16::try_from(entry.len()).expect("an entry is at most 65,535 bytes");
        self.entries.pending.extend_from_slice(&length.to_be_bytes());
        self.entries.pending.extend_from_slice(entry);
    }

    /// Writes what was added.
    pub fn flush(&mut self) -> io::Result<()> {
        for level in &mut self.levels {
            level.file.flush()?;
        }
        self.entries.flush()
    }

    /// The first `width` hashes of tile `index` of `level`; `None` if there are not that many.
    pub fn tile(&self, level: usize, index: u64, width: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(Level { file }) = self.levels.get(level) else { return Ok(None) };
        let Some(offset) = index.checked_mul(TILE_WIDTH * HASH_BYTES) else { return Ok(None) };
        let length = width * HASH_BYTES;
        if offset.checked_add(length).is_none_or(|end| end > file.written) {
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
        let place = usize::try_from(index).map_err(io::Error::other)?;
        let begin = self.bundles[place];
        let end = self.bundles.get(place + 1).copied().unwrap_or(self.entries.written);
        let mut bytes = self.entries.read(begin, end - begin)?;
        let mut length = 0;
        for _ in 0..width {
            length += 2 + usize::from(u16::from_be_bytes([bytes[length], bytes[length + 1]]));
        }
        bytes.truncate(length);
        Ok(Some(bytes))
    }

    /// The entry at `index`.
    pub fn entry(&self, index: u64) -> io::Result<Option<Vec<u8>>> {
        let within = index % TILE_WIDTH;
        let Some(bundle) = self.bundle(index / TILE_WIDTH, within + 1)? else { return Ok(None) };
        let mut rest = bundle.as_slice();
        for _ in 0..within {
            let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
            rest = &rest[2 + length..];
        }
        Ok(Some(rest[2..].to_vec()))
    }
}

impl Nodes for Files {
    fn node(&self, height: u32, index: u64) -> io::Result<Hash> {
        let (level, above) = (height as usize / 8, height % 8);
        let Some(Level { file }) = self.levels.get(level) else {
            return Err(io::Error::other("a node above the tree was asked for"));
        };
        let count = 1_u64 << above;
        let bytes = file.read(index * count * HASH_BYTES, count * HASH_BYTES)?;
        let mut hashes: Vec<Hash> = bytes.as_chunks::<32>().0.iter().map(|&hash| Hash(hash)).collect();
        while hashes.len() > 1 {
            hashes = hashes.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
        }
        Ok(hashes[0])
    }
}
