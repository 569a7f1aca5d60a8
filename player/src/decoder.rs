//! Bytes in, samples out: the demuxer and the decoder of one file, its silence taken off, exact to the sample.

use crate::codec::{self, Codec, Planes};
use crate::demux::{Demuxer, Sniffer};
use crate::error::Error;
use crate::gain::Gain;
use crate::track::Track;
use crate::window::{Halt, Window};
use std::ops::Range;

/// What a [`Decoder`] has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It needs bytes: at least `len` from byte `at` of the file on, given by [`Decoder::feed`] in order, in pieces of
    /// any size. More may be given.
    Read {
        /// The first byte that is needed.
        at: u64,
        /// How many are needed to go on.
        len: usize,
    },
    /// [`Decoder::track`] is known from here on.
    Opened,
    /// Samples are ready in [`Decoder::channel`], up to the next call of [`Decoder::advance`].
    Audio {
        /// The frame of music that they begin with.
        frame: u64,
        /// How many frames there are of each channel.
        frames: usize,
    },
    /// There is no more music.
    End,
}

/// Packets in a row that cannot be decoded until the file counts as damaged.
const MOST_FAILURES: u32 = 256;
/// Bytes that go through a decoder without a sample until the file counts as damaged: a host should not wait for ever.
const MOST_SILENT: u64 = 16 << 20;

/// The decoder of one file. See the crate's documentation for how it is driven.
#[derive(Default)]
pub struct Decoder {
    window: Window,
    sniffer: Sniffer,
    demuxer: Option<Box<dyn Demuxer>>,
    codec: Option<Box<dyn Codec>>,
    track: Option<Track>,
    planes: Planes,
    /// What of `planes` is given.
    given: Range<usize>,
    /// The place that is to be gone to.
    seek: Option<u64>,
    /// Nothing before this frame of music is given.
    from: u64,
    /// The frame of music that comes next by itself.
    next: u64,
    failures: u32,
    /// How long a packet's sound is that cannot be decoded: as long as the last.
    usual: usize,
    /// Bytes of packets since there was sound.
    silent: u64,
}

impl Decoder {
    /// A decoder that has seen nothing of its file.
    pub fn new() -> Self {
        Decoder::default()
    }

    /// Gives bytes of the file from byte `at` on. No bytes: the file ends there.
    pub fn feed(&mut self, at: u64, bytes: &[u8]) {
        self.window.feed(at, bytes);
    }

    /// Tells the length of the file, where it is known: seeking and lengths need it in some formats.
    pub fn set_length(&mut self, bytes: u64) {
        self.window.set_length(bytes);
    }

    /// Takes the end of the file, for formats that say only there how long they are. Gives the frames of music, once
    /// they are known. May be called at any time after the track is known.
    pub fn tail(&mut self, bytes: &[u8]) -> Option<u64> {
        let track = self.track.as_mut()?;
        if let Some(frames) = self.demuxer.as_mut().and_then(|demuxer| demuxer.tail(bytes)) {
            track.frames = Some(frames);
        }
        track.frames
    }

    /// What is known of the file's sound.
    pub fn track(&self) -> Option<&Track> {
        self.track.as_ref()
    }

    /// The samples of a channel that [`Progress::Audio`] speaks of.
    pub fn channel(&self, channel: usize) -> &[f32] {
        self.planes.get(channel).and_then(|plane| plane.get(self.given.clone())).unwrap_or_default()
    }

    /// Goes to a frame of music: the next samples begin exactly with it.
    pub fn seek(&mut self, frame: u64) {
        // Where it is already, nothing is read anew.
        if self.seek.is_some() || self.next != frame {
            self.seek = Some(frame);
        }
    }

    /// Goes on until there are samples, or bytes are needed.
    pub fn advance(&mut self) -> Result<Progress, Error> {
        self.given = 0..0;
        loop {
            match self.step() {
                Ok(Some(progress)) => return Ok(progress),
                Ok(None) => {}
                Err(Halt::Read { at, len }) => return Ok(self.read(at, len)),
                Err(Halt::End) => return Ok(Progress::End),
                Err(Halt::Failed(error)) => return Err(error),
            }
        }
    }

    /// What is missing of all from the demuxer's position up to what it asks for: it asks for that again.
    fn read(&mut self, at: u64, len: usize) -> Progress {
        let position = self.demuxer.as_ref().map_or(self.sniffer.position(), |demuxer| demuxer.position());
        let keep = position.min(at);
        self.window.release(keep);
        let from = if self.window.reaches(keep) { self.window.end() } else { keep };
        let missing = at.saturating_add(len as u64).saturating_sub(from);
        Progress::Read { at: from, len: usize::try_from(missing).unwrap_or(usize::MAX).max(1) }
    }

    fn step(&mut self) -> Result<Option<Progress>, Halt> {
        let demuxer = match &mut self.demuxer {
            Some(demuxer) => demuxer,
            none => none.insert(self.sniffer.sniff(&self.window)?),
        };
        let (Some(track), Some(codec)) = (&self.track, &mut self.codec) else {
            let mut track = demuxer.open(&self.window)?;
            if track.gain == Gain::default() {
                track.gain = self.sniffer.gain();
            }
            self.codec = Some(codec::open(&track)?);
            self.track = Some(track);
            return Ok(Some(Progress::Opened));
        };
        if let Some(frame) = self.seek {
            demuxer.seek(&self.window, frame.saturating_add(track.delay))?;
            codec.reset();
            self.seek = None;
            (self.from, self.next) = (frame, frame);
            self.silent = 0;
        }
        // In the decoder's count, which the encoder's delay is a part of.
        let first = i64::try_from(track.delay.saturating_add(self.from)).unwrap_or(i64::MAX);
        let last = match track.frames {
            Some(frames) if !track.estimated => {
                i64::try_from(track.delay.saturating_add(frames)).unwrap_or(i64::MAX)
            }
            _ => i64::MAX,
        };
        let packet = demuxer.packet(&self.window)?;
        let (begin, said) = (packet.frame, packet.frames.and_then(|frames| usize::try_from(frames).ok()));
        if begin >= last {
            return Err(Halt::End);
        }
        self.silent += packet.data.len() as u64;
        if self.silent > MOST_SILENT {
            return Err(Error::Damaged("much of it holds no sound").into());
        }
        if codec.is_stateless()
            && said.is_some_and(|frames| begin.saturating_add_unsigned(frames as u64) <= first)
        {
            self.silent = 0;
        } else {
            let channels = usize::from(track.channels);
            if let Err(codec::Undecodable) = codec.decode(packet.data, &mut self.planes) {
                // Time goes on: there is silence where there would be sound.
                self.failures += 1;
                if self.failures > MOST_FAILURES {
                    return Err(Error::Damaged("its sound cannot be decoded").into());
                }
                let silence = said.unwrap_or(self.usual).min(1 << 16);
                self.planes.clear();
                self.planes.resize_with(channels, || vec![0.0; silence]);
            } else {
                self.failures = 0;
                self.planes.resize_with(channels, Vec::new);
            }
            let decoded = self.planes.iter().map(Vec::len).min().unwrap_or(0);
            self.usual = decoded;
            let frames = said.map_or(decoded, |said| decoded.min(said));
            self.given = within(begin, first, frames)..within(begin, last, frames);
        }
        let position = demuxer.position();
        self.window.release(position);
        if self.given.is_empty() {
            self.given = 0..0;
            return Ok(None);
        }
        self.silent = 0;
        let frame =
            begin.saturating_add_unsigned(self.given.start as u64) - i64::try_from(track.delay).unwrap_or(0);
        let frame = u64::try_from(frame).unwrap_or(0);
        self.next = frame.saturating_add(self.given.len() as u64);
        Ok(Some(Progress::Audio { frame, frames: self.given.len() }))
    }
}

/// How many of `frames`, the first being number `begin`, come before number `bound`.
fn within(begin: i64, bound: i64, frames: usize) -> usize {
    usize::try_from(bound.saturating_sub(begin)).unwrap_or(if bound < begin { 0 } else { frames }).min(frames)
}
