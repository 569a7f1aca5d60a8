//! A segment as it is written: its header, frames one after the other, and zeros where room was set aside.

use super::super::record::{FRAME_BYTES, Frame};
use super::{HEADER, header};
use crate::disk::{self, DiskFile};
use std::io;
use std::ops::Range;
use std::path::Path;

/// How much is read at first; more when much is read.
const LEAST: usize = 64 * 1024;
const MOST: usize = 1024 * 1024;

/// Reads frames from a file that a writer may be appending to.
#[derive(Debug)]
pub struct RawFile {
    file: DiskFile,
    /// Where `buffer` begins in the file.
    begin: u64,
    buffer: Vec<u8>,
    used: usize,
    /// Where the present frame is in `buffer`.
    frame: Range<usize>,
    chunk: usize,
}

impl RawFile {
    /// Makes a new, durable segment with room for `bytes` bytes.
    pub fn create(path: &Path, first: u64, bytes: u64) -> io::Result<DiskFile> {
        let file = DiskFile::create(path)?;
        file.reserve(bytes)?;
        file.write_all_at(&header(first), 0)?;
        file.sync()?;
        // The file's name is durable only when its folder is.
        path.parent().map_or(Ok(()), disk::sync_folder)?;
        Ok(file)
    }

    /// Reads `file` from the first record on; `None` if it does not begin as the segment `first` does.
    pub fn new(file: DiskFile, first: u64) -> io::Result<Option<Self>> {
        let mut begin = [0; 16];
        let read = file.read_at(&mut begin, 0)?;
        let raw = Self { file, begin: HEADER, buffer: Vec::new(), used: 0, frame: 0..0, chunk: LEAST };
        Ok((begin[..read] == header(first)).then_some(raw))
    }

    /// Goes to the record at `offset`.
    pub fn seek(&mut self, offset: u64) {
        (self.begin, self.used) = (offset, 0);
        self.buffer.clear();
    }

    /// Where the next record is.
    pub fn offset(&self) -> u64 {
        self.begin + self.used as u64
    }

    /// Goes to the next frame, and tells whether there is a whole one. If not, it is looked for again at the next
    /// call.
    pub fn advance(&mut self) -> io::Result<bool> {
        let mut frame = whole(&self.buffer[self.used..]);
        if frame.is_none() {
            self.fill(self.chunk)?;
            self.chunk = (2 * self.chunk).min(MOST);
            frame = whole(&self.buffer);
        }
        if frame.is_none() && self.buffer.len() < FRAME_BYTES {
            self.fill(FRAME_BYTES)?;
            frame = whole(&self.buffer);
        }
        self.frame = self.used..self.used + frame.unwrap_or(0);
        self.used = self.frame.end;
        Ok(frame.is_some())
    }

    /// The frame that [`RawFile::advance`] went to.
    pub fn frame(&self) -> Frame<'_> {
        Frame::checked(&self.buffer[self.frame.clone()])
    }

    /// Passes by the next record without checking it; false where there is none.
    pub fn skip(&mut self) -> io::Result<bool> {
        // Zeros are no record: each has a kind that is not zero.
        let length = |rest: &[u8]| rest.get(8).filter(|kind| **kind != 0).and_then(|_| Frame::length(rest));
        if length(&self.buffer[self.used..]).is_none() {
            self.fill(MOST)?;
        }
        let Some(length) = length(&self.buffer[self.used..]) else { return Ok(false) };
        if self.used + length <= self.buffer.len() {
            self.used += length;
        } else {
            self.seek(self.offset() + length as u64);
        }
        Ok(true)
    }

    /// Whether there is nothing but zeros from the next record on.
    pub fn ends_in_zeros(&self) -> io::Result<bool> {
        let (mut offset, mut bytes) = (self.offset(), vec![0; MOST]);
        loop {
            let filled = self.file.read_at(&mut bytes, offset)?;
            if filled == 0 {
                return Ok(true);
            }
            if bytes[..filled].iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            offset += filled as u64;
        }
    }

    /// The file itself.
    pub fn into_file(self) -> DiskFile {
        self.file
    }

    fn fill(&mut self, bytes: usize) -> io::Result<()> {
        self.begin = self.offset();
        self.used = 0;
        self.buffer.resize(bytes, 0);
        let filled = self.file.read_at(&mut self.buffer, self.begin)?;
        self.buffer.truncate(filled);
        Ok(())
    }
}

fn whole(bytes: &[u8]) -> Option<usize> {
    Frame::at(bytes).map(|frame| frame.bytes().len())
}
