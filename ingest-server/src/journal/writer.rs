//! The single writer.

use super::record::Record;
use super::segment::{Damage, Form, HEADER, RawFile, SealedFile};
use super::{Journal, JournalError};
use crate::disk::{self, DiskFile, WriteError};
use std::io;
use std::sync::Arc;

/// How many bytes are read back at once: few enough to stay near the processor.
const READ_BACK: usize = 64 * 1024;
/// How many bytes of memory are kept for the next group at most.
const KEPT: usize = 4 * 1024 * 1024;

/// Appends records, durably.
#[derive(Debug)]
pub struct Writer {
    journal: Arc<Journal>,
    file: DiskFile,
    /// The index of the present segment's first record.
    first: u64,
    /// Bytes of the present segment that hold records.
    length: u64,
    /// Bytes of the present segment for which there is room.
    reserved: u64,
    /// The index of the next record.
    next: u64,
    segment_bytes: u64,
    /// The present segment is complete: the next record begins another.
    complete: bool,
    /// The bytes of a group. Kept, for memory that is new costs as much as what is done in it.
    group: Vec<u8>,
    /// What was read back.
    read: Vec<u8>,
}

impl Writer {
    /// Checks the last segment, cuts what lies past its last whole record, and goes on there. The first `signed`
    /// records must be there.
    pub(super) fn open(journal: Arc<Journal>, segment_bytes: u64, signed: u64) -> Result<Self, JournalError> {
        let Some(last) = journal.catalogue.last() else {
            return match signed {
                0 => Self::begin(journal, segment_bytes, 0),
                _ => Err(Damage { path: journal.catalogue.path(Form::Raw, 0), offset: 0, index: 0 }.into()),
            };
        };
        let damage = |offset, index| JournalError::from(Damage { path: last.path.clone(), offset, index });
        if last.form != Form::Raw {
            let end = match last.form {
                Form::Moved => Some(journal.catalogue.ticket(last.first)?.end),
                _ => SealedFile::new(DiskFile::open_to_read(&last.path)?, last.first)?
                    .map(|sealed| sealed.end()),
            };
            let end = end.unwrap_or(0);
            return if end < signed { Err(damage(0, end)) } else { Self::begin(journal, segment_bytes, end) };
        }
        let Some(mut raw) = RawFile::new(DiskFile::open(&last.path)?, last.first)? else {
            // A segment whose own header is torn never held anything.
            return if last.first < signed {
                Err(damage(0, last.first))
            } else {
                Self::begin(journal, segment_bytes, last.first)
            };
        };
        let mut next = last.first;
        loop {
            let offset = raw.offset();
            if !raw.advance()? {
                break;
            }
            if raw.frame().record().is_none() {
                // Whole, but of a kind that is not known here: never to be cut.
                return Err(damage(offset, next));
            }
            journal.catalogue.mark(next, offset);
            next += 1;
        }
        let length = raw.offset();
        if next < signed {
            return Err(damage(length, next));
        }
        let torn = !raw.ends_in_zeros()?;
        let file = raw.into_file();
        if torn {
            tracing::warn!(segment = %last.path.display(), length, "cut a torn record past what was signed");
            file.set_length(length)?;
            file.sync()?;
        }
        let reserved = file.length()?;
        Ok(Self {
            journal,
            file,
            first: last.first,
            length,
            reserved,
            next,
            segment_bytes,
            complete: false,
            group: Vec::new(),
            read: vec![0; READ_BACK],
        })
    }

    fn begin(journal: Arc<Journal>, segment_bytes: u64, first: u64) -> Result<Self, JournalError> {
        let file = RawFile::create(&journal.catalogue.path(Form::Raw, first), first, segment_bytes)?;
        journal.catalogue.begin(first);
        let reserved = file.length()?;
        Ok(Self {
            journal,
            file,
            first,
            length: HEADER,
            reserved,
            next: first,
            segment_bytes,
            complete: false,
            group: Vec::new(),
            read: vec![0; READ_BACK],
        })
    }

    /// The index of the next record.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The index of the present segment's first record: those before it are in complete segments.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Has the next record begin a new segment, so that the present one is complete.
    pub fn roll(&mut self) -> io::Result<()> {
        if self.next == self.first {
            return Ok(());
        }
        // Once decided, nothing is appended to this one any more, not even if the next cannot be made yet: what
        // there is of the next on the disk says where this one ends.
        self.complete = true;
        let path = self.journal.catalogue.path(Form::Raw, self.next);
        let file = match RawFile::create(&path, self.next, self.segment_bytes) {
            Ok(file) => file,
            Err(error) => {
                let _ = disk::remove(&path);
                return Err(error);
            }
        };
        // The room that was not used; if it stays, that harms nobody.
        let _ = self.file.set_length(self.length);
        self.journal.catalogue.begin(self.next);
        (self.first, self.length, self.reserved) = (self.next, HEADER, file.length().unwrap_or(HEADER));
        (self.file, self.complete) = (file, false);
        if let Some(keeper) = self.journal.keeper.get() {
            keeper.unpark();
        }
        Ok(())
    }

    /// Appends `records` with one write and one fdatasync, and compares what the file then holds with them.
    pub fn append(&mut self, records: &[Record]) -> Result<(), WriteError> {
        let mut group = std::mem::take(&mut self.group);
        for record in records {
            record.frame(&mut group);
        }
        let appended = self.append_frames(&group, records.len() as u64);
        group.clear();
        group.shrink_to(KEPT);
        self.group = group;
        appended
    }

    fn append_frames(&mut self, frames: &[u8], count: u64) -> Result<(), WriteError> {
        let bytes = frames.len() as u64;
        if self.complete || self.length + bytes > self.segment_bytes {
            self.roll().map_err(WriteError::Undone)?;
        }
        let end = self.length + bytes;
        if end > self.reserved {
            self.file.reserve(end).map_err(WriteError::Undone)?;
            self.reserved = end;
        }
        if let Err(error) = self.file.write_all_at(frames, self.length) {
            // Not yet synced, so nothing can have been promised: take it back.
            self.reserved = self.length;
            return Err(match self.file.set_length(self.length) {
                Ok(()) => WriteError::Undone(error),
                Err(_) => WriteError::InDoubt(error),
            });
        }
        // After a failed fsync the kernel may have dropped the pages: trying again would prove nothing.
        self.file.sync().map_err(WriteError::InDoubt)?;
        self.read_back(frames).map_err(WriteError::InDoubt)?;
        self.journal.catalogue.mark(self.next, self.length);
        self.length = end;
        self.next += count;
        Ok(())
    }

    /// Whether the file holds `frames` now.
    fn read_back(&mut self, frames: &[u8]) -> io::Result<()> {
        let mut offset = self.length;
        for written in frames.chunks(READ_BACK) {
            let read = &mut self.read[..written.len()];
            self.file.read_exact_at(read, offset)?;
            if read != written {
                return Err(io::Error::other("what was read back is not what was written"));
            }
            offset += written.len() as u64;
        }
        Ok(())
    }
}
