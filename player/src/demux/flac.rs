//! FLAC: its metadata, and where its frames begin and end, which only their checksums tell.

use super::{Demuxer, Packet, be};
use crate::error::Error;
use crate::track::{CodecKind, Track};
use crate::window::{Halt, Step, Window};

mod frame;

use frame::{Header, crc16};

/// The longest frame header.
const HEADER: usize = 16;
/// Bytes in which no frame is found until the file counts as damaged.
const SEARCH: u64 = 4 << 20;
/// What is read of comments: loudness stands there, and perhaps a picture after it.
const COMMENTS: usize = 64 << 10;
/// The most entries of a seek table that are kept.
const MOST_SEEK_POINTS: usize = 4096;
/// A stretch of the file that a seek walks through rather than halves.
const NEAR: u64 = 16 << 10;

pub(crate) struct Flac {
    /// The next byte to look at: a metadata block, then a frame.
    at: u64,
    magic: bool,
    stream: Option<Stream>,
    track: Option<Track>,
    first_at: u64,
    /// First frames, and where they lie after `first_at`.
    points: Vec<(u64, u64)>,
    /// The header at `at`, once it was looked for.
    current: Option<Header>,
    /// Where the frame is known not to end before.
    scanned: u64,
    seeking: Option<Seeking>,
}

/// What STREAMINFO says.
#[derive(Clone, Copy)]
struct Stream {
    largest_block: u16,
    largest_frame: u32,
    frames: u64,
}

struct Seeking {
    target: u64,
    /// Begins a frame at or before the target.
    low: u64,
    /// Begins one after it, or is the end.
    high: u64,
    /// Where the search in the middle has come to, and where it began.
    middle: Option<(u64, u64)>,
}

impl Flac {
    pub fn new(at: u64) -> Self {
        Flac {
            at,
            magic: false,
            stream: None,
            track: None,
            first_at: 0,
            points: Vec::new(),
            current: None,
            scanned: 0,
            seeking: None,
        }
    }

    /// Reads one metadata block; says whether it was the last.
    fn block(&mut self, window: &Window) -> Step<bool> {
        let head = window.get(self.at, 4)?;
        let (last, kind) = (head[0] & 0x80 != 0, head[0] & 0x7f);
        let size = (be::u32(head, 0) & 0xff_ffff) as usize;
        let body = self.at + 4;
        match kind {
            0 => self.stream_info(window.get(body, 34)?)?,
            3 => {
                let table = window.get(body, size)?;
                let points = table.chunks_exact(18).map(|point| (be::u64(point, 0), be::u64(point, 8)));
                self.points = points.filter(|(frame, _)| *frame != u64::MAX).take(MOST_SEEK_POINTS).collect();
                self.points.sort_unstable();
            }
            4 => {
                let comments = window.get(body, size.min(COMMENTS))?;
                if let Some(track) = &mut self.track {
                    track.gain.vorbis_comments(comments);
                }
            }
            127 => return Err(Error::Damaged("its metadata").into()),
            _ => {}
        }
        self.at = body + size as u64;
        Ok(last)
    }

    fn stream_info(&mut self, info: &[u8]) -> Result<(), Error> {
        let packed = be::u64(info, 10);
        let channels = (packed >> 41 & 7) as u16 + 1;
        let mut track = Track::new(CodecKind::Flac, (packed >> 44) as u32, channels);
        let frames = packed & ((1 << 36) - 1);
        track.frames = (frames > 0).then_some(frames);
        track.extra = info.to_vec();
        let largest_block = be::u16(info, 2);
        if !track.is_sane() || largest_block < 16 {
            return Err(Error::Damaged("its stream information"));
        }
        self.stream = Some(Stream { largest_block, largest_frame: be::u32(info, 6) & 0xff_ffff, frames });
        self.track = Some(track);
        Ok(())
    }

    fn header(&self, window: &Window, at: u64) -> Step<Option<Header>> {
        Ok(frame::header(window.up_to(at, HEADER)?, self.stream.map_or(0, |stream| stream.largest_block)))
    }

    /// The next place from `at` on where a header stands that `fits`.
    fn search(
        &self,
        window: &Window,
        from: u64,
        at: &mut u64,
        fits: impl Fn(&Header) -> bool,
    ) -> Step<Header> {
        loop {
            if *at - from > SEARCH {
                return Err(Error::Damaged("no sound is found in a long stretch of it").into());
            }
            if let Some(header) = self.header(window, *at)?.filter(&fits) {
                return Ok(header);
            }
            let rest = window.here(*at + 1);
            *at += 1 + rest.iter().position(|byte| *byte == 0xff).unwrap_or(rest.len()) as u64;
        }
    }

    /// The header of the frame at `self.at`, searched for where the file is damaged.
    fn find_current(&mut self, window: &Window) -> Step<Header> {
        if let Some(current) = self.current {
            return Ok(current);
        }
        let mut at = self.at.max(self.scanned);
        let found = self.search(window, self.at, &mut at, |_| true);
        self.scanned = at;
        let header = found?;
        self.at = at;
        self.scanned = 0;
        self.current = Some(header);
        Ok(header)
    }

    /// Where the frame at `self.at` ends: where another begins that follows on it, and the checksum holds.
    fn find_end(&mut self, window: &Window, header: Header) -> Step<u64> {
        let most = self.largest_frame(header);
        let mut at = self.scanned.max(self.at + header.size as u64 + 2);
        let mut fallback = None;
        loop {
            let found = self.search(window, self.at, &mut at, |next| next.follows(&header));
            let whole =
                |end: u64| crc16(&window.here(self.at)[..usize::try_from(end - self.at).unwrap_or(0)]) == 0;
            match found {
                Ok(_) if whole(at) => return Ok(at),
                Ok(_) => {
                    // No frame begins there, or this one is damaged: go on looking, but not for ever.
                    let _ = fallback.get_or_insert(at);
                    at += 1;
                }
                Err(Halt::End) => {
                    // The last frame; or a damaged one.
                    let end = fallback.or(window.length()).unwrap_or(at);
                    return if end > self.at + header.size as u64 { Ok(end) } else { Err(Halt::End) };
                }
                Err(halt) => {
                    self.scanned = fallback.unwrap_or(at);
                    return Err(halt);
                }
            }
            if at - self.at > most {
                return Ok(fallback.unwrap_or(at));
            }
        }
    }

    fn largest_frame(&self, header: Header) -> u64 {
        match self.stream {
            Some(Stream { largest_frame, .. }) if largest_frame > 0 => {
                u64::from(largest_frame) + HEADER as u64
            }
            // As much as the samples take uncompressed, and something for headers.
            _ => u64::from(header.block) * u64::from(header.channels) * 5 + 1024,
        }
    }

    /// Whether a header that stands by itself is of this stream: all frames but the last are alike.
    fn is_likely(&self, header: Header) -> bool {
        let block = self.stream.map_or(0, |stream| u32::from(stream.largest_block));
        let channels = self.track.as_ref().map_or(0, |track| track.channels);
        u16::from(header.channels) == channels && (header.variable || header.block == block)
    }

    fn begin_seek(&self, window: &Window, target: u64) -> Seeking {
        let after = self.points.partition_point(|(frame, _)| *frame <= target);
        let place =
            |index: usize| self.points.get(index).map(|(_, offset)| self.first_at.saturating_add(*offset));
        let low = after.checked_sub(1).and_then(place).unwrap_or(self.first_at);
        if target == 0 {
            return Seeking { target, low: self.first_at, high: self.first_at, middle: None };
        }
        let high = place(after).or(window.length()).unwrap_or(u64::MAX);
        Seeking { target, low, high, middle: None }
    }

    /// Halves the stretch that the target lies in; says whether it is found.
    fn narrow(&mut self, window: &Window, seeking: &mut Seeking) -> Step<bool> {
        let Seeking { target, low, high, .. } = *seeking;
        if high == u64::MAX || high.saturating_sub(low) <= NEAR {
            return Ok(true);
        }
        let (mut at, from) = seeking.middle.unwrap_or_else(|| {
            let middle = low + (high - low) / 2;
            (middle, middle)
        });
        let likely = |header: &Header| self.is_likely(*header);
        let found = self.search(window, from, &mut at, likely);
        seeking.middle = Some((at, from));
        match found {
            Ok(header) if at < high && header.first_frame() <= target && at > low => seeking.low = at,
            Ok(_) | Err(Halt::End | Halt::Failed(_)) => seeking.high = from,
            Err(halt) => return Err(halt),
        }
        seeking.middle = None;
        Ok(false)
    }
}

impl Demuxer for Flac {
    fn open(&mut self, window: &Window) -> Step<Track> {
        if !self.magic {
            window.get(self.at, 4)?;
            self.at += 4;
            self.magic = true;
        }
        let mut blocks = 0;
        while self.current.is_none() {
            match self.block(window) {
                Ok(false) if blocks < 1024 => blocks += 1,
                Ok(false) | Err(Halt::End) => return Err(Error::Damaged("its metadata").into()),
                Ok(true) => {
                    self.first_at = self.at;
                    break;
                }
                Err(halt) => return Err(halt),
            }
        }
        self.track.clone().ok_or(Error::Damaged("its stream information is missing").into())
    }

    fn packet<'a>(&'a mut self, window: &'a Window) -> Step<Packet<'a>> {
        let header = self.find_current(window)?;
        let end = self.find_end(window, header)?;
        let data = window.get(self.at, usize::try_from(end - self.at).unwrap_or(usize::MAX))?;
        self.at = end;
        self.scanned = 0;
        self.current = None;
        let frame = header.first_frame();
        // Beyond the end that the file states is no music.
        if self.stream.is_some_and(|stream| stream.frames > 0 && frame >= stream.frames) {
            return Err(Halt::End);
        }
        Ok(Packet {
            data,
            frame: i64::try_from(frame).unwrap_or(i64::MAX),
            frames: Some(u64::from(header.block)),
        })
    }

    fn seek(&mut self, window: &Window, frame: u64) -> Step<()> {
        let mut seeking = match self.seeking.take() {
            Some(seeking) if seeking.target == frame => seeking,
            _ => self.begin_seek(window, frame),
        };
        loop {
            match self.narrow(window, &mut seeking) {
                Ok(false) => {}
                Ok(true) => break,
                Err(halt) => {
                    self.seeking = Some(seeking);
                    return Err(halt);
                }
            }
        }
        self.at = seeking.low;
        self.scanned = 0;
        self.current = None;
        Ok(())
    }

    fn position(&self) -> u64 {
        match &self.seeking {
            Some(Seeking { middle: Some((at, _)), .. }) => *at,
            _ => self.at,
        }
    }
}
