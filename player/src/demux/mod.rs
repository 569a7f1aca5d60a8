//! Containers: where the packets of sound lie in a file.
//!
//! A demuxer reads from the [`Window`] and stops with a [`Halt`] when something is not there; it is then asked the
//! same thing again once it is. So each of its steps either happens whole or leaves it as it was.

use crate::error::Error;
use crate::gain::Gain;
use crate::track::Track;
use crate::window::{Halt, Step, Window};

#[cfg(feature = "mp4")]
mod adts;
#[cfg(feature = "pcm")]
mod aiff;
#[cfg(feature = "flac")]
mod flac;
#[cfg(any(feature = "mp3", feature = "mp4"))]
mod frames;
#[cfg(any(feature = "mp3", feature = "mp4", feature = "flac"))]
mod id3;
#[cfg(feature = "mp3")]
mod mp3;
#[cfg(feature = "mp4")]
mod mp4;
#[cfg(any(feature = "vorbis", feature = "opus"))]
mod ogg;
#[cfg(feature = "pcm")]
mod pcm;
#[cfg(feature = "pcm")]
mod wav;

/// A packet, as a decoder takes it.
#[derive(Debug)]
pub(crate) struct Packet<'a> {
    pub data: &'a [u8],
    /// The frame that its sound begins with, the encoder's delay counted in; below 0 is left out.
    pub frame: i64,
    /// How many frames it holds, where the container says so: what is decoded beyond is left out.
    pub frames: Option<u64>,
}

/// A container.
pub(crate) trait Demuxer {
    /// Reads up to the first packet.
    fn open(&mut self, window: &Window) -> Step<Track>;
    /// The next packet; [`Halt::End`] after the last.
    fn packet<'a>(&'a mut self, window: &'a Window) -> Step<Packet<'a>>;
    /// Goes to where decoding has to begin for `frame` (the delay counted in) to come out exactly.
    fn seek(&mut self, window: &Window, frame: u64) -> Step<()>;
    /// Nothing before this place is asked for before the next seek.
    fn position(&self) -> u64;
    /// The frames of music, from bytes up to the end of the file; where the container tells it only there.
    fn tail(&mut self, _bytes: &[u8]) -> Option<u64> {
        None
    }
}

/// As much of a file's begin as telling its kind takes.
const SNIFF: usize = 16;

/// Tells what a file is: by its first bytes, which may follow ID3 tags.
#[derive(Default)]
pub(crate) struct Sniffer {
    #[cfg(any(feature = "mp3", feature = "mp4", feature = "flac"))]
    tags: id3::Tags,
}

impl Sniffer {
    /// What the tags that were passed say of loudness.
    pub fn gain(&self) -> Gain {
        #[cfg(any(feature = "mp3", feature = "mp4", feature = "flac"))]
        return self.tags.gain;
        #[cfg(not(any(feature = "mp3", feature = "mp4", feature = "flac")))]
        Gain::default()
    }

    /// Nothing before this place is asked for.
    pub fn position(&self) -> u64 {
        #[cfg(any(feature = "mp3", feature = "mp4", feature = "flac"))]
        return self.tags.end;
        #[cfg(not(any(feature = "mp3", feature = "mp4", feature = "flac")))]
        0
    }

    /// The demuxer of the container that the file begins with.
    pub fn sniff(&mut self, window: &Window) -> Step<Box<dyn Demuxer>> {
        #[cfg(any(feature = "mp3", feature = "mp4", feature = "flac"))]
        self.tags.pass(window)?;
        let start = self.position();
        let head = match window.up_to(start, SNIFF) {
            Err(Halt::End) => return Err(Error::UnknownFormat.into()),
            head => head?,
        };
        container(head, start).ok_or(Error::UnknownFormat.into())
    }
}

#[allow(clippy::unnecessary_wraps, reason = "without MP3, not every file is of a kind that is known")]
fn container(head: &[u8], start: u64) -> Option<Box<dyn Demuxer>> {
    #[cfg(feature = "flac")]
    if head.starts_with(b"fLaC") {
        return Some(Box::new(flac::Flac::new(start)));
    }
    #[cfg(any(feature = "vorbis", feature = "opus"))]
    if head.starts_with(b"OggS") {
        return Some(Box::new(ogg::Ogg::new(start)));
    }
    #[cfg(feature = "mp4")]
    if head
        .get(4..8)
        .is_some_and(|kind| matches!(kind, b"ftyp" | b"moov" | b"mdat" | b"free" | b"wide" | b"skip"))
    {
        return Some(Box::new(mp4::Mp4::new(start)));
    }
    #[cfg(feature = "pcm")]
    if matches!(head.get(..4), Some(b"RIFF" | b"RF64")) && head.get(8..12) == Some(b"WAVE") {
        return Some(Box::new(pcm::Pcm::new(wav::Wav::default(), start + 12)));
    }
    #[cfg(feature = "pcm")]
    if head.starts_with(b"FORM") && matches!(head.get(8..12), Some(b"AIFF" | b"AIFC")) {
        return Some(Box::new(pcm::Pcm::new(aiff::Aiff::new(head[11] == b'C'), start + 12)));
    }
    #[cfg(feature = "mp4")]
    if adts::is_sync(head) {
        return Some(Box::new(adts::new(start)));
    }
    let _ = head;
    // Last: it is found by searching, as such files may begin with anything.
    #[cfg(feature = "mp3")]
    return Some(Box::new(mp3::new(start)));
    #[cfg(not(feature = "mp3"))]
    None
}

/// Big-endian numbers out of a slice; 0 beyond its end.
#[cfg(any(feature = "mp3", feature = "mp4", feature = "flac", feature = "pcm"))]
pub(crate) mod be {
    pub fn u16(bytes: &[u8], at: usize) -> u16 {
        take(bytes, at).map_or(0, u16::from_be_bytes)
    }

    pub fn u32(bytes: &[u8], at: usize) -> u32 {
        take(bytes, at).map_or(0, u32::from_be_bytes)
    }

    #[cfg(any(feature = "mp4", feature = "flac", feature = "pcm"))]
    pub fn u64(bytes: &[u8], at: usize) -> u64 {
        take(bytes, at).map_or(0, u64::from_be_bytes)
    }

    fn take<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
        bytes.get(at..)?.first_chunk().copied()
    }
}
