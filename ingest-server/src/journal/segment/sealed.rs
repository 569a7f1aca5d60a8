//! A complete segment, compressed: Zstandard frames of about a mebibyte of records each, and in a skippable frame
//! at the end the index of them. `zstd -d` gives the raw segment back.
//!
//! The index, integers little-endian: for each block the index of its first record and where it begins in the
//! file; then the index past the last record, the number of blocks, the CRC-32C of all that, and a magic number.

use super::super::record::{FRAME_BYTES, Frame};
use super::header;
use crate::disk::DiskFile;
use std::io;
use std::ops::Range;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

/// A block is closed when it has this many bytes.
const BLOCK: usize = 1024 * 1024;
/// No block is longer, decompressed.
const BLOCK_MOST: usize = BLOCK + FRAME_BYTES + 16;
/// Where compressing more takes much more time and gains little.
const LEVEL: i32 = 3;
/// The first of the magic numbers of skippable frames (RFC 8878), and the index's own.
const SKIPPABLE: u32 = 0x184d_2a50;
const MAGIC: &[u8; 8] = b"DLSEAL01";
/// Past the blocks' places: end, number, CRC, magic.
const TRAILER: usize = 8 + 4 + 4 + 8;
/// No segment has more blocks; a larger number is damage.
const BLOCKS_MOST: usize = 1 << 20;

/// Writes a sealed segment.
pub struct SealedWriter<'a> {
    file: &'a DiskFile,
    compressor: Compressor<'static>,
    block: Vec<u8>,
    /// The index of the block's first record.
    block_first: u64,
    next: u64,
    offset: u64,
    index: Vec<u8>,
}

impl<'a> SealedWriter<'a> {
    /// Begins the segment whose first record is `first`.
    pub fn new(file: &'a DiskFile, first: u64) -> io::Result<Self> {
        let mut compressor = Compressor::new(LEVEL)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        Ok(Self {
            file,
            compressor,
            block: header(first).to_vec(),
            block_first: first,
            next: first,
            offset: 0,
            index: Vec::new(),
        })
    }

    /// Adds the frame of the next record.
    pub fn push(&mut self, frame: &[u8]) -> io::Result<()> {
        self.block.extend_from_slice(frame);
        self.next += 1;
        if self.block.len() >= BLOCK { self.close_block() } else { Ok(()) }
    }

    fn close_block(&mut self) -> io::Result<()> {
        let bytes = self.compressor.compress(&self.block)?;
        self.file.write_all_at(&bytes, self.offset)?;
        // All at once at the end, acks would wait behind it.
        self.file.sync()?;
        self.index.extend_from_slice(&self.block_first.to_le_bytes());
        self.index.extend_from_slice(&self.offset.to_le_bytes());
        self.offset += bytes.len() as u64;
        self.block.clear();
        self.block_first = self.next;
        Ok(())
    }

    /// Writes what remains, and makes the file durable.
    pub fn finish(mut self) -> io::Result<()> {
        if !self.block.is_empty() {
            self.close_block()?;
        }
        let number = |length: usize| u32::try_from(length).map_err(io::Error::other);
        let blocks = number(self.index.len() / 16)?;
        self.index.extend_from_slice(&self.next.to_le_bytes());
        self.index.extend_from_slice(&blocks.to_le_bytes());
        self.index.extend_from_slice(&crc32c::crc32c(&self.index).to_le_bytes());
        self.index.extend_from_slice(MAGIC);
        let mut frame = SKIPPABLE.to_le_bytes().to_vec();
        frame.extend_from_slice(&number(self.index.len())?.to_le_bytes());
        frame.extend_from_slice(&self.index);
        self.file.write_all_at(&frame, self.offset)?;
        self.file.sync()
    }
}

/// Reads frames from a sealed segment.
#[derive(Debug)]
pub struct SealedFile {
    file: DiskFile,
    first: u64,
    /// The index of each block's first record, and where it is.
    blocks: Vec<(u64, u64)>,
    /// Where the blocks end.
    blocks_end: u64,
    end: u64,
    /// The block after the one that is decompressed.
    next_block: usize,
    block: Vec<u8>,
    used: usize,
    /// Where the present frame is in `block`.
    frame: Range<usize>,
}

impl SealedFile {
    /// Reads the index of `file`; `None` if it is not the undamaged index of the segment `first`.
    pub fn new(file: DiskFile, first: u64) -> io::Result<Option<Self>> {
        let length = file.length()?;
        let Some(trailer_at) = length.checked_sub(TRAILER as u64) else { return Ok(None) };
        let mut trailer = [0; TRAILER];
        file.read_exact_at(&mut trailer, trailer_at)?;
        let count = u32::from_le_bytes([trailer[8], trailer[9], trailer[10], trailer[11]]) as usize;
        if trailer[16..] != *MAGIC || count > BLOCKS_MOST {
            return Ok(None);
        }
        let Some(index_at) = trailer_at.checked_sub(16 * count as u64) else { return Ok(None) };
        let mut index = vec![0; 16 * count + 12];
        file.read_exact_at(&mut index, index_at)?;
        if crc32c::crc32c(&index).to_le_bytes() != trailer[12..16] {
            return Ok(None);
        }
        let numbers: Vec<u64> = index[..16 * count + 8]
            .as_chunks::<8>()
            .0
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes))
            .collect();
        let blocks: Vec<_> = numbers[..2 * count].as_chunks::<2>().0.iter().map(|[a, b]| (*a, *b)).collect();
        let ordered = blocks.is_sorted_by(|one, next| one.0 < next.0 && one.1 < next.1);
        if !ordered || blocks.first() != Some(&(first, 0)) {
            return Ok(None);
        }
        let sealed = Self {
            file,
            first,
            blocks,
            // The skippable frame's own header stands before the index.
            blocks_end: index_at.saturating_sub(8),
            end: numbers[2 * count],
            next_block: 0,
            block: Vec::new(),
            used: 0,
            frame: 0..0,
        };
        Ok(Some(sealed))
    }

    /// The index past the last record.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Goes to the begin of the block that holds record `index`, and gives the index of its first record.
    pub fn seek(&mut self, index: u64) -> u64 {
        self.next_block = self.blocks.partition_point(|(first, _)| *first <= index).saturating_sub(1);
        self.block.clear();
        self.used = 0;
        self.blocks[self.next_block].0
    }

    /// Where in the file the block is that the next record is in.
    pub fn offset(&self) -> u64 {
        let block = self.next_block - usize::from(self.used < self.block.len());
        self.blocks.get(block).map_or(self.blocks_end, |(_, offset)| *offset)
    }

    /// Goes to the next frame, and tells whether there is an undamaged one.
    pub fn advance(&mut self) -> io::Result<bool> {
        if self.used == self.block.len() && !self.decompress()? {
            return Ok(false);
        }
        let frame = Frame::at(&self.block[self.used..]).map(|frame| frame.bytes().len());
        self.frame = self.used..self.used + frame.unwrap_or(0);
        self.used = self.frame.end;
        Ok(frame.is_some())
    }

    /// The frame that [`SealedFile::advance`] went to.
    pub fn frame(&self) -> Frame<'_> {
        Frame::checked(&self.block[self.frame.clone()])
    }

    /// The file itself.
    pub fn into_file(self) -> DiskFile {
        self.file
    }

    /// Decompresses the next block; false where there is none, or it is damaged.
    fn decompress(&mut self) -> io::Result<bool> {
        let Some(&(_, offset)) = self.blocks.get(self.next_block) else { return Ok(false) };
        let end = self.blocks.get(self.next_block + 1).map_or(self.blocks_end, |(_, next)| *next);
        let length = usize::try_from(end.saturating_sub(offset)).map_err(io::Error::other)?;
        if length > zstd::zstd_safe::compress_bound(BLOCK_MOST) {
            return Ok(false);
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, offset)?;
        let Ok(block) = Decompressor::new()?.decompress(&bytes, BLOCK_MOST) else { return Ok(false) };
        let begin = if self.next_block == 0 { header(self.first).to_vec() } else { Vec::new() };
        if !block.starts_with(&begin) {
            return Ok(false);
        }
        (self.block, self.used) = (block, begin.len());
        self.next_block += 1;
        Ok(true)
    }
}
