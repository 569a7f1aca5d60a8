//! Segments: files named by the index of their first record.

use super::record::Record;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"DLJRNL01";
/// Bytes before the first record: the magic, and the index of the first record.
pub const HEADER: u64 = 16;
const EXTENSION: &str = "seg";

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

/// One segment file.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The index of its first record.
    pub first: u64,
    /// Where it is.
    pub path: PathBuf,
}

/// What a segment holds.
#[derive(Debug)]
pub struct Scan {
    /// Its undamaged records, in order.
    pub records: Vec<Record>,
    /// Where they end.
    pub end: u64,
    /// Whether nothing else follows.
    pub whole: bool,
}

impl Segment {
    fn at(folder: &Path, first: u64) -> Self {
        Self { first, path: folder.join(format!("{first:020}.{EXTENSION}")) }
    }

    /// The segments of `folder`, in order.
    pub fn list(folder: &Path) -> io::Result<Vec<Self>> {
        let mut segments = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let first = path
                .extension()
                .filter(|extension| *extension == EXTENSION)
                .and_then(|_| path.file_stem()?.to_str()?.parse().ok());
            if let Some(first) = first {
                segments.push(Self { first, path });
            }
        }
        segments.sort_by_key(|segment| segment.first);
        Ok(segments)
    }

    /// Makes a new, durable segment.
    pub fn create(folder: &Path, first: u64) -> io::Result<(Self, File)> {
        use std::os::unix::fs::FileExt as _;
        let segment = Self::at(folder, first);
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&segment.path)?;
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&first.to_le_bytes());
        file.write_all_at(&header, 0)?;
        file.sync_all()?;
        // The file's name is durable only when its folder is.
        File::open(folder)?.sync_all()?;
        Ok((segment, file))
    }

    /// Reads the whole segment up to the first damage.
    pub fn scan(&self) -> io::Result<Scan> {
        let bytes = fs::read(&self.path)?;
        let mut expected = MAGIC.to_vec();
        expected.extend_from_slice(&self.first.to_le_bytes());
        if !bytes.starts_with(&expected) {
            return Ok(Scan { records: Vec::new(), end: 0, whole: false });
        }
        let mut offset = usize::try_from(HEADER).map_err(io::Error::other)?;
        let mut records = Vec::new();
        while let Some((record, length)) = Record::unframe(&bytes[offset..]) {
            records.push(record);
            offset += length;
        }
        Ok(Scan { records, end: offset as u64, whole: offset == bytes.len() })
    }
}
