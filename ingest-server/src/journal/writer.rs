//! The single writer.

use super::JournalError;
use super::record::Record;
use super::segment::{Damage, HEADER, Scan, Segment};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Appends records, durably.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    file: File,
    /// Bytes of the present segment.
    length: u64,
    /// The index of the next record.
    next: u64,
    segment_bytes: u64,
}

/// What came of an append that did not succeed.
#[derive(Debug)]
pub enum AppendError {
    /// Nothing was kept, and the file is as it was before: others may be tried later.
    Undone(io::Error),
    /// What is on the disk is in doubt: nothing more may be appended before a restart.
    InDoubt(io::Error),
}

impl Writer {
    /// Opens the journal in `folder`, hands every record in order to `replay` (with its index), and cuts what
    /// lies past the last whole record. The first `signed` records must all be there and undamaged.
    pub fn open(
        folder: &Path,
        segment_bytes: u64,
        signed: u64,
        mut replay: impl FnMut(u64, Record) -> Result<(), JournalError>,
    ) -> Result<Self, JournalError> {
        fs::create_dir_all(folder)?;
        let segments = Segment::list(folder)?;
        let mut next = 0;
        let mut last: Option<(Segment, u64)> = None;
        for (position, segment) in segments.iter().enumerate() {
            let Scan { records, end, whole } = segment.scan()?;
            let damage = |index| Damage { path: segment.path.clone(), offset: end, index };
            if segment.first != next {
                return Err(Damage { path: segment.path.clone(), offset: 0, index: next }.into());
            }
            for record in records {
                replay(next, record)?;
                next += 1;
            }
            let is_last = position + 1 == segments.len();
            if !whole && (!is_last || next < signed) {
                return Err(damage(next).into());
            }
            last = Some((segment.clone(), end));
        }
        if next < signed {
            let path = last.map_or_else(|| folder.to_owned(), |(segment, _)| segment.path);
            return Err(Damage { path, offset: 0, index: next }.into());
        }
        let (file, length) = match last {
            Some((segment, end)) if end >= HEADER => {
                let file = File::options().read(true).write(true).open(&segment.path)?;
                if file.metadata()?.len() > end {
                    tracing::warn!(segment = %segment.path.display(), end, "cut a torn record past what was signed");
                    file.set_len(end)?;
                    file.sync_all()?;
                }
                (file, end)
            }
            // The last segment's own header was torn: it held nothing.
            _ => (Segment::create(folder, next)?.1, HEADER),
        };
        Ok(Self { folder: folder.to_owned(), file, length, next, segment_bytes })
    }

    /// The index of the next record.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Appends `records` with one write and one fdatasync, then reads them back from the file.
    pub fn append(&mut self, records: &[Record]) -> Result<Vec<Record>, AppendError> {
        if self.length >= self.segment_bytes {
            let (_, file) = Segment::create(&self.folder, self.next).map_err(AppendError::Undone)?;
            (self.file, self.length) = (file, HEADER);
        }
        let mut buffer = Vec::with_capacity(records.len() * 4096);
        for record in records {
            record.frame(&mut buffer);
        }
        if let Err(error) = self.file.write_all_at(&buffer, self.length) {
            // Not yet synced, so nothing can have been promised: take it back.
            return Err(match self.file.set_len(self.length) {
                Ok(()) => AppendError::Undone(error),
                Err(_) => AppendError::InDoubt(error),
            });
        }
        // After a failed fsync the kernel may have dropped the pages: trying again would prove nothing.
        self.file.sync_data().map_err(AppendError::InDoubt)?;
        let read = self.read_back(buffer.len(), records.len()).map_err(AppendError::InDoubt)?;
        self.length += buffer.len() as u64;
        self.next += records.len() as u64;
        Ok(read)
    }

    fn read_back(&self, bytes: usize, count: usize) -> io::Result<Vec<Record>> {
        let mut buffer = vec![0; bytes];
        self.file.read_exact_at(&mut buffer, self.length)?;
        let mut records = Vec::with_capacity(count);
        let mut rest = buffer.as_slice();
        while let Some((record, length)) = Record::unframe(rest) {
            records.push(record);
            rest = &rest[length..];
        }
        if records.len() != count || !rest.is_empty() {
            return Err(io::Error::other("what was read back is not what was written"));
        }
        Ok(records)
    }
}
