//! What stays of a segment that was moved.

use crate::disk::DiskFile;
use delistening_schema::Hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io;

/// Where a segment is now, and how it is known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The object, below the archive's place.
    pub object: String,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Hash,
    /// The index past the segment's last record.
    pub end: u64,
    /// Whether other objects of the segment may be left in the archive, which have to go.
    pub untidy: bool,
}

impl Ticket {
    /// The ticket for a sealed segment.
    pub fn of(file: &DiskFile, first: u64, end: u64) -> io::Result<Self> {
        let (sha256, bytes) = hash(file)?;
        let short = u64::from_be_bytes(*sha256.0.first_chunk().unwrap_or(&[0; 8]));
        let object = format!("{}/{short:016x}.seg.zst", folder(first));
        Ok(Self { object, bytes, sha256, end, untidy: true })
    }

    /// Whether `file` is what the ticket is for.
    pub fn is_for(&self, file: &DiskFile) -> io::Result<bool> {
        Ok(hash(file)? == (self.sha256, self.bytes))
    }

    /// The object's name as that of a file.
    pub fn file_name(&self) -> String {
        self.object.replace('/', "-")
    }
}

/// The folder of a segment in the archive.
pub fn folder(first: u64) -> String {
    format!("{first:020}")
}

/// Whether the file is one of that segment.
pub fn is_of(file_name: &str, first: u64) -> bool {
    file_name.strip_prefix(&folder(first)).is_some_and(|rest| rest.starts_with('-'))
}

fn hash(file: &DiskFile) -> io::Result<(Hash, u64)> {
    let (mut sha256, mut offset, mut chunk) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = file.read_at(&mut chunk, offset)?;
        if read == 0 {
            return Ok((Hash(sha256.finalize().into()), offset));
        }
        sha256.update(&chunk[..read]);
        offset += read as u64;
    }
}
