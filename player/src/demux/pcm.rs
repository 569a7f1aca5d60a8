//! Uncompressed sound: a header, then samples. WAV and AIFF differ in the header alone.

use super::{Demuxer, Packet};
use crate::error::Error;
use crate::track::{CodecKind, Track};
use crate::window::{Halt, Step, Window};

/// Frames that are given at once.
const BLOCK: u64 = 4096;

/// The most chunks before the samples.
const MOST_CHUNKS: u32 = 1024;

/// A kind of file whose chunks begin with four letters and a size.
pub(crate) trait Chunks {
    const BIG_ENDIAN: bool;
    /// Reads a chunk; where it is the one with the samples, says where they begin and how many bytes they are, none for
    /// all up to the end.
    fn chunk(
        &mut self,
        kind: [u8; 4],
        size: u32,
        body: u64,
        window: &Window,
    ) -> Step<Option<(u64, Option<u64>)>>;
    /// What the chunks said.
    fn track(&self) -> Option<Track>;
}

pub(crate) struct Pcm<C> {
    chunks: C,
    /// Where the chunk begins that is to be read next; then, where the samples do.
    first_at: u64,
    count: u32,
    end: Option<u64>,
    /// Bytes of a frame.
    stride: u64,
    frame: u64,
}

impl<C: Chunks> Pcm<C> {
    pub fn new(chunks: C, start: u64) -> Self {
        Pcm { chunks, first_at: start, count: 0, end: None, stride: 1, frame: 0 }
    }

    /// Goes from chunk to chunk up to the samples.
    fn find(&mut self, window: &Window) -> Step<(u64, Option<u64>)> {
        loop {
            let head = window.get(self.first_at, 8)?;
            let [a, b, c, d, size @ ..] = *head.first_chunk::<8>().ok_or(Halt::End)?;
            let size = if C::BIG_ENDIAN { u32::from_be_bytes(size) } else { u32::from_le_bytes(size) };
            let body = self.first_at + 8;
            if let Some(found) = self.chunks.chunk([a, b, c, d], size, body, window)? {
                return Ok(found);
            }
            self.count += 1;
            if self.count > MOST_CHUNKS {
                return Err(Error::Damaged("it has no samples").into());
            }
            self.first_at = body + u64::from(size) + u64::from(size & 1);
        }
    }
}

impl<C: Chunks> Demuxer for Pcm<C> {
    fn open(&mut self, window: &Window) -> Step<Track> {
        let (first_at, size) = match self.find(window) {
            Err(Halt::End) => return Err(Error::Damaged("its header is cut off").into()),
            found => found?,
        };
        let mut track = self.chunks.track().ok_or(Error::Damaged("its format is missing"))?;
        let CodecKind::Pcm(layout) = track.codec else { return Err(Error::UnknownFormat.into()) };
        if !track.is_sane() {
            return Err(Error::Damaged("its sample rate or channels cannot be").into());
        }
        self.stride = u64::from(layout.bytes) * u64::from(track.channels);
        self.first_at = first_at;
        self.end = match (size.map(|size| first_at.saturating_add(size)), window.length()) {
            (Some(end), Some(length)) => Some(end.min(length)),
            (end, length) => end.or(length),
        };
        track.frames = self.end.map(|end| end.saturating_sub(first_at) / self.stride);
        Ok(track)
    }

    fn packet<'a>(&'a mut self, window: &'a Window) -> Step<Packet<'a>> {
        let at = self.position();
        let left = self.end.map_or(BLOCK, |end| end.saturating_sub(at) / self.stride);
        let wanted = left.min(BLOCK) * self.stride;
        if wanted == 0 {
            return Err(Halt::End);
        }
        let bytes = window.up_to(at, usize::try_from(wanted).unwrap_or(usize::MAX))?;
        let frames = bytes.len() as u64 / self.stride;
        if frames == 0 {
            return Err(Halt::End);
        }
        let frame = i64::try_from(self.frame).unwrap_or(i64::MAX);
        self.frame += frames;
        Ok(Packet { data: bytes, frame, frames: Some(frames) })
    }

    fn seek(&mut self, _window: &Window, frame: u64) -> Step<()> {
        self.frame = frame;
        Ok(())
    }

    fn position(&self) -> u64 {
        self.first_at.saturating_add(self.frame.saturating_mul(self.stride))
    }
}
