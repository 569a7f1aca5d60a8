//! The newest signed checkpoint, on disk before anybody sees it.
//!
//! Two slots are written in turn, so that a torn write leaves the one before. What it says must be in the
//! journal: after a crash the log never signs a smaller or a different tree than it may have shown.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const SLOT: usize = 2048;
/// CRC-32C, length, generation.
const HEADER: usize = 4 + 4 + 8;

/// The two slots.
#[derive(Debug)]
pub struct SignedSlots {
    file: File,
    generation: u64,
    newest: Option<String>,
}

impl SignedSlots {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let existed = path.exists();
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        if !existed {
            file.set_len(2 * SLOT as u64)?;
            file.sync_all()?;
            if let Some(folder) = path.parent() {
                File::open(folder)?.sync_all()?;
            }
        }
        let newest = [0, 1].into_iter().filter_map(|slot| read(&file, slot)).max();
        let (generation, newest) = newest.map_or((0, None), |(generation, note)| (generation, Some(note)));
        Ok(Self { file, generation, newest })
    }

    /// The newest checkpoint that was signed: a signed note.
    pub fn newest(&self) -> Option<&str> {
        self.newest.as_deref()
    }

    /// Makes `note` the newest, durably.
    pub fn persist(&mut self, note: &str) -> io::Result<()> {
        let generation = self.generation + 1;
        let length = u32::try_from(note.len()).map_err(io::Error::other)?;
        if note.len() > SLOT - HEADER {
            return Err(io::Error::other("a checkpoint does not fit its slot"));
        }
        let mut slot = vec![0; 4];
        slot.extend_from_slice(&length.to_le_bytes());
        slot.extend_from_slice(&generation.to_le_bytes());
        slot.extend_from_slice(note.as_bytes());
        let crc = crc32c::crc32c(&slot[4..]);
        slot[..4].copy_from_slice(&crc.to_le_bytes());
        self.file.write_all_at(&slot, offset(generation))?;
        self.file.sync_data()?;
        self.generation = generation;
        self.newest = Some(note.to_owned());
        Ok(())
    }
}

fn offset(generation: u64) -> u64 {
    (generation % 2) * SLOT as u64
}

fn read(file: &File, slot: u64) -> Option<(u64, String)> {
    let mut bytes = vec![0; SLOT];
    file.read_exact_at(&mut bytes, slot * SLOT as u64).ok()?;
    let number = |at: usize| bytes[at..at + 4].try_into().map(u32::from_le_bytes).ok();
    let end = HEADER.checked_add(number(4)? as usize).filter(|&end| end <= SLOT)?;
    if crc32c::crc32c(&bytes[4..end]) != number(0)? {
        return None;
    }
    let generation = u64::from_le_bytes(bytes[8..16].try_into().ok()?);
    let note = String::from_utf8(bytes[HEADER..end].to_vec()).ok()?;
    (generation > 0).then_some((generation, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_write_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signed");
        let mut slots = SignedSlots::open(&path).unwrap();
        assert_eq!(slots.newest(), None);
        for note in ["one", "two", "three"] {
            slots.persist(note).unwrap();
        }
        assert_eq!(SignedSlots::open(&path).unwrap().newest(), Some("three"));
        // "three" is in the slot of odd generations; tear it at each byte.
        for at in 0..HEADER + 5 {
            let file = File::options().write(true).open(&path).unwrap();
            let mut intact = SignedSlots::open(&path).unwrap();
            file.write_all_at(&[0xee], SLOT as u64 + at as u64).unwrap();
            assert_eq!(SignedSlots::open(&path).unwrap().newest(), Some("two"), "torn at {at}");
            intact.generation = 2;
            intact.persist("three").unwrap();
        }
    }
}
