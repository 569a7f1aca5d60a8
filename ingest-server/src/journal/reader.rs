//! Reads records from an index on, segment by segment, up to where the caller says that they are signed.

use super::JournalError;
use super::record::{BatchRecord, Record};
use super::segment::{Damage, HEADER, Segment};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// How much is read ahead: a few records of the largest size.
const CHUNK: usize = 2 * 1024 * 1024;

/// Reads a journal that a writer may be appending to.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    next: u64,
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    segment: Segment,
    file: File,
    /// Where `buffer` begins in the file.
    offset: u64,
    buffer: Vec<u8>,
    used: usize,
}

impl Reader {
    /// A reader whose first record is the one with index `next`.
    pub fn new(folder: &Path, next: u64) -> Self {
        Self { folder: folder.to_owned(), next, place: None }
    }

    /// The next record with its index, if that is below `end`: the size of the signed log.
    pub fn next_below(&mut self, end: u64) -> Result<Option<(u64, Record)>, JournalError> {
        if self.next >= end {
            return Ok(None);
        }
        let mut place = match self.place.take() {
            Some(place) => place,
            None => self.find()?,
        };
        let record = if let Some(record) = place.record()? {
            record
        } else {
            // The segment is used up: the record is the first of the next one.
            place = self.find()?;
            let damage = Damage { path: place.segment.path.clone(), offset: place.offset, index: self.next };
            place.record()?.ok_or(damage)?
        };
        self.place = Some(place);
        self.next += 1;
        Ok(Some((self.next - 1, record)))
    }

    /// Goes to the record `next`.
    fn find(&self) -> Result<Place, JournalError> {
        let segments = Segment::list(&self.folder)?;
        let Some(segment) = segments.into_iter().rfind(|segment| segment.first <= self.next) else {
            return Err(Damage { path: self.folder.clone(), offset: 0, index: self.next }.into());
        };
        let file = File::open(&segment.path)?;
        let first = segment.first;
        let mut place = Place { segment, file, offset: HEADER, buffer: Vec::new(), used: 0 };
        for index in first..self.next {
            if place.record()?.is_none() {
                return Err(Damage { path: place.segment.path, offset: place.offset, index }.into());
            }
        }
        Ok(place)
    }
}

impl Place {
    /// The record at this place; `None` where the file has no more whole ones.
    fn record(&mut self) -> io::Result<Option<Record>> {
        if let Some(record) = self.buffered() {
            return Ok(Some(record));
        }
        self.offset += self.used as u64;
        self.used = 0;
        self.buffer.resize(CHUNK, 0);
        let mut filled = 0;
        while filled < CHUNK {
            match self.file.read_at(&mut self.buffer[filled..], self.offset + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        self.buffer.truncate(filled);
        Ok(self.buffered())
    }

    fn buffered(&mut self) -> Option<Record> {
        let (record, length) = Record::unframe(&self.buffer[self.used..])?;
        self.used += length;
        Some(record)
    }
}

impl Record {
    /// The batch, if it is one.
    pub fn into_batch(self) -> Option<BatchRecord> {
        match self {
            Self::Batch(batch) => Some(batch),
            _ => None,
        }
    }
}
