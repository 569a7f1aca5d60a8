//! One short text on disk that is replaced at once or not at all.
//!
//! Two slots are written in turn, so that a torn write leaves the one before. The newest signed checkpoint is kept so,
//! on disk before anybody sees it: after a crash the log never signs a smaller or a different tree than it may have
//! shown.

use crate::disk::{self, DiskFile, WriteError};
use std::io;
use std::path::Path;

const SLOT: usize = 2048;
/// CRC-32C, length, generation.
const HEADER: usize = 4 + 4 + 8;

/// The two slots.
#[derive(Debug)]
pub struct Slots {
    file: DiskFile,
    generation: u64,
    newest: Option<String>,
}

impl Slots {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = DiskFile::open_or_create(path)?;
        if file.length()? < 2 * SLOT as u64 {
            // Written for real, so that a full disk has room for what replaces it.
            file.write_all_at(&[0; 2 * SLOT], 0)?;
            file.sync()?;
            path.parent().map_or(Ok(()), disk::sync_folder)?;
        }
        let newest = [0, 1].into_iter().filter_map(|slot| read(&file, slot)).max();
        let (generation, newest) = newest.map_or((0, None), |(generation, text)| (generation, Some(text)));
        Ok(Self { file, generation, newest })
    }

    /// The newest text of the file, which is only looked at; `None` if nothing whole is in it.
    pub fn look(path: &Path) -> io::Result<Option<String>> {
        let file = DiskFile::open_to_read(path)?;
        let newest = [0, 1].into_iter().filter_map(|slot| read(&file, slot)).max();
        Ok(newest.map(|(_, text)| text))
    }

    /// The newest text.
    pub fn newest(&self) -> Option<&str> {
        self.newest.as_deref()
    }

    /// Makes `text` the newest, durably. If that is undone, the one before stays and it may be tried again.
    pub fn persist(&mut self, text: &str) -> Result<(), WriteError> {
        // Only a file that was tampered with comes to the end of the generations.
        let last = || WriteError::InDoubt(io::Error::other("there is no generation after the last"));
        let generation = self.generation.checked_add(1).ok_or_else(last)?;
        let length = u32::try_from(text.len()).ok().filter(|_| text.len() <= SLOT - HEADER);
        let too_long = || WriteError::Undone(io::Error::other("a text does not fit its slot"));
        let length = length.ok_or_else(too_long)?;
        let mut slot = vec![0; 4];
        slot.extend_from_slice(&length.to_le_bytes());
        slot.extend_from_slice(&generation.to_le_bytes());
        slot.extend_from_slice(text.as_bytes());
        let crc = crc32c::crc32c(&slot[4..]);
        slot[..4].copy_from_slice(&crc.to_le_bytes());
        // The slot of the newest text is not touched.
        self.file.write_all_at(&slot, offset(generation)).map_err(WriteError::Undone)?;
        self.file.sync().map_err(WriteError::InDoubt)?;
        self.generation = generation;
        self.newest = Some(text.to_owned());
        Ok(())
    }
}

fn offset(generation: u64) -> u64 {
    (generation % 2) * SLOT as u64
}

fn read(file: &DiskFile, slot: u64) -> Option<(u64, String)> {
    let mut bytes = vec![0; SLOT];
    file.read_exact_at(&mut bytes, slot * SLOT as u64).ok()?;
    let number = |at: usize| bytes[at..at + 4].try_into().map(u32::from_le_bytes).ok();
    let end = HEADER.checked_add(number(4)? as usize).filter(|&end| end <= SLOT)?;
    if crc32c::crc32c(&bytes[4..end]) != number(0)? {
        return None;
    }
    let generation = u64::from_le_bytes(bytes[8..16].try_into().ok()?);
    let text = String::from_utf8(bytes[HEADER..end].to_vec()).ok()?;
    (generation > 0).then_some((generation, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_write_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signed");
        let mut slots = Slots::open(&path).unwrap();
        assert_eq!(slots.newest(), None);
        for text in ["one", "two", "three"] {
            slots.persist(text).unwrap();
        }
        assert_eq!(Slots::open(&path).unwrap().newest(), Some("three"));
        // "three" is in the slot of odd generations; tear it at each byte.
        for at in 0..HEADER + 5 {
            let file = DiskFile::open(&path).unwrap();
            let mut intact = Slots::open(&path).unwrap();
            file.write_all_at(&[0xee], SLOT as u64 + at as u64).unwrap();
            assert_eq!(Slots::open(&path).unwrap().newest(), Some("two"), "torn at {at}");
            intact.generation = 2;
            intact.persist("three").unwrap();
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut slots = Slots::open(&folder.path().join("signed")).unwrap();
        slots.persist(&"x".repeat(SLOT - HEADER)).unwrap();
        assert!(matches!(slots.persist(&"x".repeat(SLOT - HEADER + 1)), Err(WriteError::Undone(_))));
    }
}
