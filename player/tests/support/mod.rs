//! A host in memory: answers what a decoder asks for.

#![allow(dead_code, reason = "each test uses a part of it")]

use delistening_player::{Decoder, Error, Progress};
use std::path::PathBuf;

/// One plane per channel.
pub type Sound = Vec<Vec<f32>>;

pub fn file(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).expect("a file of tests/audio")
}

pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/audio").join(name)
}

pub const FILES: [&str; 10] = [
    "short.flac",
    "short-alac.m4a",
    "short-cbr.mp3",
    "short-bare.mp3",
    "long-vbr.mp3",
    "short.ogg",
    "long.ogg",
    "short.opus",
    "short.m4a",
    "short.aac",
];

/// Answers as a server would, in pieces of `piece` bytes, and counts what it was asked.
pub struct Host<'a> {
    pub decoder: Decoder,
    file: &'a [u8],
    piece: usize,
    /// Bytes that were given.
    pub given: u64,
    /// Times that the place asked for was not the one after the last given.
    pub jumps: u32,
    next: u64,
    /// Whether there may be holes in the sound.
    pub damaged: bool,
}

impl<'a> Host<'a> {
    pub fn new(file: &'a [u8], piece: usize, knows_length: bool) -> Self {
        let mut decoder = Decoder::new();
        if knows_length {
            decoder.set_length(file.len() as u64);
        }
        Host { decoder, file, piece, given: 0, jumps: 0, next: 0, damaged: false }
    }

    /// Up to the next samples, or the end.
    pub fn advance(&mut self) -> Result<Progress, Error> {
        loop {
            match self.decoder.advance()? {
                Progress::Read { at, len } => self.answer(at, len),
                progress => return Ok(progress),
            }
        }
    }

    fn answer(&mut self, at: u64, len: usize) {
        assert!(len > 0, "nothing is asked for");
        self.jumps += u32::from(at != self.next);
        let mut at = usize::try_from(at).unwrap_or(usize::MAX);
        let end = at.saturating_add(len.max(self.piece)).min(self.file.len());
        if at >= end {
            self.decoder.feed(at as u64, &[]);
        }
        while at < end {
            let piece = &self.file[at..end.min(at + self.piece)];
            self.decoder.feed(at as u64, piece);
            self.given += piece.len() as u64;
            at += piece.len();
        }
        self.next = at as u64;
    }

    /// All that is left, and the frame that it begins with.
    pub fn rest(&mut self) -> Result<(Option<u64>, Sound), Error> {
        self.take(usize::MAX)
    }

    /// At least `wanted` frames, if there are.
    pub fn take(&mut self, wanted: usize) -> Result<(Option<u64>, Sound), Error> {
        let mut first = None;
        let mut sound = Sound::new();
        loop {
            match self.advance()? {
                Progress::Audio { frame, frames } => {
                    let channels = usize::from(self.decoder.track().map_or(0, |track| track.channels));
                    sound.resize_with(channels, Vec::new);
                    let held = sound.first().map_or(0, Vec::len) as u64;
                    let expected = *first.get_or_insert(frame) + held;
                    assert!(
                        frame == expected || self.damaged,
                        "samples follow on each other: {frame}, {expected}"
                    );
                    for (channel, plane) in sound.iter_mut().enumerate() {
                        assert_eq!(self.decoder.channel(channel).len(), frames);
                        plane.extend_from_slice(self.decoder.channel(channel));
                    }
                    if sound.first().map_or(0, Vec::len) >= wanted {
                        return Ok((first, sound));
                    }
                }
                Progress::End => return Ok((first, sound)),
                _ => {}
            }
        }
    }
}

pub fn decode(file: &[u8]) -> Sound {
    let (first, sound) = Host::new(file, 4096, true).rest().expect("a sound file");
    assert_eq!(first, Some(0), "sound begins at its begin");
    sound
}

/// WAV of 16 bits, or AIFF, of a sound that is exact in 16 bits.
pub fn uncompressed(sound: &Sound, rate: u32, aiff: bool) -> Vec<u8> {
    let (channels, frames) = (sound.len() as u32, sound[0].len() as u32);
    let samples = (0..sound[0].len()).flat_map(|frame| sound.iter().map(move |plane| plane[frame]));
    #[allow(clippy::cast_possible_truncation, reason = "exact in 16 bits")]
    let words = samples.map(|sample| (sample * 32_768.0) as i16);
    let size = channels * frames * 2;
    if aiff {
        let mut bytes = [&b"FORM"[..], &(size + 46).to_be_bytes(), b"AIFFCOMM\0\0\0\x12"].concat();
        bytes.extend((channels as u16).to_be_bytes());
        bytes.extend(frames.to_be_bytes());
        bytes.extend(16_u16.to_be_bytes());
        let shift = rate.leading_zeros();
        bytes.extend((16_383 + 31 - shift as u16).to_be_bytes());
        bytes.extend((u64::from(rate) << (32 + shift)).to_be_bytes());
        bytes.extend([&b"SSND"[..], &(size + 8).to_be_bytes(), &[0; 8]].concat());
        bytes.extend(words.flat_map(i16::to_be_bytes));
        return bytes;
    }
    let mut bytes = [&b"RIFF"[..], &(size + 36).to_le_bytes(), b"WAVEfmt \x10\0\0\0\x01\0"].concat();
    bytes.extend((channels as u16).to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * channels * 2).to_le_bytes());
    bytes.extend((channels as u16 * 2).to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend([&b"data"[..], &size.to_le_bytes()].concat());
    bytes.extend(words.flat_map(i16::to_le_bytes));
    bytes
}

/// The largest difference between two sounds of one length.
pub fn difference(a: &Sound, b: &Sound) -> f32 {
    assert_eq!(a.len(), b.len(), "as many channels");
    a.iter()
        .zip(b)
        .flat_map(|(a, b)| {
            assert_eq!(a.len(), b.len(), "as many frames");
            a.iter().zip(b).map(|(a, b)| (a - b).abs())
        })
        .fold(0.0, f32::max)
}
