//! Segments: files named by the index of their first record.

mod raw;
mod sealed;

pub use raw::RawFile;
pub use sealed::{SealedFile, SealedWriter};

use std::path::{Path, PathBuf};

/// What a segment begins with: this, and the index of its first record.
const MAGIC: &[u8; 8] = b"DLJRNL01";
/// Bytes before the first record.
pub const HEADER: u64 = 16;

/// Bytes that should be a record are not.
#[derive(Debug, thiserror::Error)]
#[error("{}: no undamaged record at byte {offset} (record {index})", path.display())]
pub struct Damage {
    /// The segment.
    pub path: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// The index of the record that should be there.
    pub index: u64,
}

/// The forms of a segment, by the ends of their files' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// As it was written.
    Raw,
    /// Complete and compressed.
    Sealed,
    /// In the archive; a ticket stays here.
    Moved,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Raw, Self::Sealed, Self::Moved];

    fn ending(self) -> &'static str {
        match self {
            Self::Raw => "seg",
            Self::Sealed => "seg.zst",
            Self::Moved => "moved",
        }
    }

    /// Where the segment that begins with record `first` is in this form.
    pub fn path(self, folder: &Path, first: u64) -> PathBuf {
        folder.join(format!("{first:020}.{}", self.ending()))
    }

    /// Which segment the file is, and in which form; `None` for other files.
    pub fn of(path: &Path) -> Option<(u64, Self)> {
        let (first, ending) = path.file_name()?.to_str()?.split_once('.')?;
        let form = Self::ALL.into_iter().find(|form| form.ending() == ending)?;
        Some((first.parse().ok()?, form))
    }
}

fn header(first: u64) -> [u8; 16] {
    let mut header = [0; 16];
    header[..8].copy_from_slice(MAGIC);
    header[8..].copy_from_slice(&first.to_le_bytes());
    header
}
