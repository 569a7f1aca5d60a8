//! A file that only grows, with what was not written yet.

use crate::disk::DiskFile;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug)]
pub struct Appended {
    path: PathBuf,
    /// Made when there is something to write.
    file: Option<Arc<DiskFile>>,
    written: u64,
    pending: Vec<u8>,
}

impl Appended {
    /// A file to be made anew.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, written: 0, pending: Vec::new() }
    }

    /// The file with its first `length` bytes, and none after them.
    pub fn open(path: &Path, length: u64) -> io::Result<Self> {
        if length == 0 {
            return Ok(Self::new(path));
        }
        let file = DiskFile::open_or_create(path)?;
        // What was longer is cut; what was shorter has zeros, and they do not hang together.
        file.set_length(length)?;
        Ok(Self { path: path.to_owned(), file: Some(Arc::new(file)), written: length, pending: Vec::new() })
    }

    /// Adds bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    /// How many bytes there are.
    pub fn end(&self) -> u64 {
        self.written + self.pending.len() as u64
    }

    /// Writes what was added.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(Arc::new(DiskFile::create(&self.path)?)),
        };
        file.write_all_at(&self.pending, self.written)?;
        self.written = self.end();
        self.pending.clear();
        Ok(())
    }

    /// The file, if everything is written.
    pub fn written(&self) -> Option<Arc<DiskFile>> {
        self.file.as_ref().filter(|_| self.pending.is_empty()).map(Arc::clone)
    }

    /// Reads bytes, also those that are not written yet.
    pub fn read(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        let from_file = usize::try_from(self.written.saturating_sub(offset)).unwrap_or(length).min(length);
        if let Some(file) = &self.file {
            file.read_exact_at(&mut bytes[..from_file], offset)?;
        }
        if from_file < length {
            let begin = offset + from_file as u64 - self.written;
            let begin = usize::try_from(begin).map_err(io::Error::other)?;
            let pending = self.pending.get(begin..begin + length - from_file);
            bytes[from_file..].copy_from_slice(pending.ok_or(io::ErrorKind::UnexpectedEof)?);
        }
        Ok(bytes)
    }
}
