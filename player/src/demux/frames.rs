//! Streams that are nothing but frames, each with a header that says how long it is: MP3, and AAC in ADTS.
//!
//! Nothing in such a file says where a frame lies. It is known for frames that were passed (a sparse index), computed
//! where all frames are of one size, and else found by walking from header to header. Only where that would be too far
//! is it guessed, by the encoder's table or by proportion.

use super::{Demuxer, Packet};
use crate::error::Error;
use crate::track::Track;
use crate::window::{Halt, Step, Window};

/// What is particular to a kind of frames.
pub(crate) trait Kind {
    /// Bytes that a header takes.
    const HEADER: usize;
    /// Frames of this kind that have to be decoded before one comes out exactly.
    const PREROLL: u64;
    /// Reads a header; none where the bytes are none.
    fn header(bytes: &[u8]) -> Option<Header>;
    /// What a stream with this first frame is.
    fn track(window: &Window, at: u64, first: Header) -> Step<Opened>;
    /// What of a frame the decoder takes.
    fn payload(frame: &[u8]) -> &[u8] {
        frame
    }
}

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Bytes of the frame, its header counted in.
    pub size: u32,
    /// Samples of each channel in it.
    pub samples: u32,
    pub sample_rate: u32,
    pub channels: u16,
    /// Bits per second.
    pub bit_rate: u32,
    /// What may not change within a stream.
    pub stream: u32,
}

pub(crate) struct Opened {
    pub track: Track,
    pub skip_first: bool,
    /// Whether frames are said to be of one bit rate.
    pub constant: bool,
    /// Frames that the stream is said to hold.
    pub count: Option<u64>,
    /// Bytes that the stream is said to hold.
    pub bytes: Option<u64>,
    /// In 256ths of `bytes`: where each hundredth of the time begins.
    pub table: Option<[u8; 100]>,
}

/// Bytes in which no frame is found until the file counts as damaged.
const SEARCH: u64 = 1 << 20;
/// Bytes that are walked through for the sake of an exact seek.
const WALK: u64 = 8 << 20;
/// Entries of the index; with more, every other is dropped.
const MOST_ENTRIES: usize = 2048;

pub(crate) struct Frames<K> {
    kind: std::marker::PhantomData<K>,
    /// The next byte to look at.
    at: u64,
    /// The number of the frame there.
    number: u64,
    /// Where a search for a header began, while one is going on.
    lost_at: Option<u64>,
    /// Where the first frame of sound lies.
    first_at: u64,
    first: Option<Header>,
    constant: bool,
    count: Option<u64>,
    bytes: Option<u64>,
    table: Option<[u8; 100]>,
    /// Frame numbers that are multiples of `stride`, and where they lie.
    index: Vec<u64>,
    stride: u64,
    seeking: Option<Seeking>,
}

struct Seeking {
    target: u64,
    state: SeekState,
}

#[derive(Clone, Copy)]
enum SeekState {
    /// Looks for a frame from `at` on, near where one was computed to be.
    Land { at: u64 },
    /// Goes from header to header.
    Walk,
}

impl<K: Kind> Frames<K> {
    pub fn new(at: u64) -> Self {
        Frames {
            kind: std::marker::PhantomData,
            at,
            number: 0,
            lost_at: None,
            first_at: at,
            first: None,
            constant: true,
            count: None,
            bytes: None,
            table: None,
            index: Vec::new(),
            stride: 16,
            seeking: None,
        }
    }

    /// The header at `at`, if it is of this stream.
    fn header(&self, window: &Window, at: u64) -> Step<Option<Header>> {
        let header = K::header(window.get(at, K::HEADER)?);
        Ok(header.filter(|header| self.first.is_none_or(|first| first.stream == header.stream)))
    }

    /// A header at `at` that is followed by another, or by the end of the file.
    fn confirmed(&self, window: &Window, at: u64) -> Step<Option<Header>> {
        let Some(header) = self.header(window, at)? else { return Ok(None) };
        match window.get(at + u64::from(header.size), K::HEADER) {
            // The last frame: what follows may be a tag, or nothing.
            Err(Halt::End) => Ok(Some(header)),
            next => Ok(K::header(next?).filter(|next| next.stream == header.stream).map(|_| header)),
        }
    }

    /// The next frame from `at` on.
    fn search(&self, window: &Window, from: u64, at: &mut u64) -> Step<Header> {
        loop {
            if *at - from > SEARCH {
                return Err(Error::Damaged("no sound is found in a long stretch of it").into());
            }
            if let Some(header) = self.confirmed(window, *at)? {
                return Ok(header);
            }
            // Both kinds begin with eight bits set.
            let rest = window.here(*at + 1);
            let skip = rest.iter().position(|byte| *byte == 0xff).unwrap_or(rest.len());
            *at += 1 + skip as u64;
        }
    }

    /// The header of the frame at `self.at`, searched for where it is not there.
    fn next_header(&mut self, window: &Window) -> Step<Header> {
        if self.lost_at.is_none()
            && let Some(header) = self.header(window, self.at)?
        {
            return Ok(header);
        }
        let from = *self.lost_at.get_or_insert(self.at);
        let mut at = self.at;
        let found = self.search(window, from, &mut at);
        self.at = at;
        if found.is_ok() {
            self.lost_at = None;
        }
        found
    }

    fn pass(&mut self, header: Header) {
        if self.number == self.index.len() as u64 * self.stride {
            if self.index.len() == MOST_ENTRIES {
                let mut keep = false;
                self.index.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.stride *= 2;
            }
            if self.number == self.index.len() as u64 * self.stride {
                self.index.push(self.at);
            }
        }
        self.at += u64::from(header.size);
        self.number += 1;
    }

    /// Where a frame should lie that is far from any that is known: the place, and whether it is exact.
    fn guess(&self, window: &Window, number: u64) -> Option<u64> {
        let first = self.first?;
        if self.constant {
            return Some(self.first_at.saturating_add(mul_div(number, constant_size(first), 1 << 16)));
        }
        let bytes = self.bytes.or_else(|| window.length()?.checked_sub(self.first_at))?;
        let count = self.count.filter(|count| *count > 0)?;
        let hundredth = number.min(count) as f64 * 100.0 / count as f64;
        let share = match self.table {
            Some(table) => {
                let place = (hundredth as usize).min(99);
                let low = f64::from(table[place]);
                let high = table.get(place + 1).map_or(256.0, |high| f64::from(*high)).max(low);
                (low + (high - low) * (hundredth - place as f64)) / 256.0
            }
            None => hundredth / 100.0,
        };
        Some(self.first_at + (share * bytes as f64) as u64)
    }

    /// Goes to the frame that stands in the index at or before `number`.
    fn go_back(&mut self, number: u64) {
        let entry = (number / self.stride).min(self.index.len().saturating_sub(1) as u64);
        (self.at, self.number) = match self.index.get(usize::try_from(entry).unwrap_or(0)) {
            Some(at) => (*at, entry * self.stride),
            None => (self.first_at, 0),
        };
        self.lost_at = None;
    }

    fn begin_seek(&mut self, window: &Window, target: u64) -> SeekState {
        let (was_at, was_number) = (self.at, self.number);
        self.go_back(target);
        if was_number <= target && was_number > self.number {
            (self.at, self.number) = (was_at, was_number);
        }
        match self.guess(window, target) {
            Some(place) if place > self.at + if self.constant { 1 << 16 } else { WALK } => {
                // A few frames earlier, so that what is found there is not too late.
                let back = self.first.map_or(0, |first| u64::from(first.size) * 2);
                SeekState::Land { at: place.saturating_sub(back).max(self.first_at) }
            }
            _ => SeekState::Walk,
        }
    }

    fn land(&mut self, window: &Window, from: u64, target: u64) -> Step<SeekState> {
        let mut at = from;
        let found = match self.search(window, from, &mut at) {
            Err(Halt::End) => None,
            found => Some(found?),
        };
        let Some(first) = self.first else { return Ok(SeekState::Walk) };
        let Some(header) = found else {
            // There is less of the file than it says.
            self.go_back(target);
            return Ok(SeekState::Walk);
        };
        let into = at - self.first_at;
        self.number = if self.constant {
            let number = mul_div(into, 1 << 16, constant_size(first).max(1));
            let rounded = [number, number + 1]
                .into_iter()
                .min_by_key(|number| mul_div(*number, constant_size(first), 1 << 16).abs_diff(into))
                .unwrap_or(number);
            // Not of one rate after all, or something stands between the frames: only walking is exact.
            if header.bit_rate != first.bit_rate
                || mul_div(rounded, constant_size(first), 1 << 16).abs_diff(into) > 4
            {
                self.constant = false;
                self.go_back(target);
                return Ok(SeekState::Walk);
            }
            rounded
        } else {
            target
        };
        self.at = at;
        self.lost_at = None;
        Ok(SeekState::Walk)
    }
}

impl<K: Kind> Demuxer for Frames<K> {
    fn open(&mut self, window: &Window) -> Step<Track> {
        if self.first.is_none() {
            let first = match self.next_header(window) {
                Err(Halt::End | Halt::Failed(_)) => return Err(Error::UnknownFormat.into()),
                found => found?,
            };
            self.first = Some(first);
        }
        let Some(first) = self.first else { return Err(Error::UnknownFormat.into()) };
        let opened = K::track(window, self.at, first)?;
        if !opened.track.is_sane() {
            return Err(Error::Damaged("its sample rate or channels cannot be").into());
        }
        let Opened { mut track, skip_first, constant, count, bytes, table } = opened;
        if skip_first {
            self.at += u64::from(first.size);
        }
        (self.first_at, self.constant, self.count, self.table) = (self.at, constant, count, table);
        self.bytes = bytes;
        if let (None, true, Some(length)) = (track.frames, first.bit_rate > 0, window.length()) {
            let frames = mul_div(length.saturating_sub(self.at), 1 << 16, constant_size(first));
            track.frames = Some(frames * u64::from(first.samples));
            track.estimated = true;
        }
        Ok(track)
    }

    fn packet<'a>(&'a mut self, window: &'a Window) -> Step<Packet<'a>> {
        let header = self.next_header(window)?;
        // A last frame that is cut off is the end.
        let data = K::payload(window.get(self.at, header.size as usize)?);
        let samples = u64::from(header.samples);
        let frame = i64::try_from(self.number * samples).unwrap_or(i64::MAX);
        self.constant &= self.first.is_none_or(|first| first.bit_rate == header.bit_rate);
        self.pass(header);
        Ok(Packet { data, frame, frames: None })
    }

    fn seek(&mut self, window: &Window, frame: u64) -> Step<()> {
        let samples = self.first.map_or(1, |first| u64::from(first.samples).max(1));
        let mut seeking =
            self.seeking.take().filter(|seeking| seeking.target == frame).unwrap_or_else(|| {
                let state = self.begin_seek(window, (frame / samples).saturating_sub(K::PREROLL));
                Seeking { target: frame, state }
            });
        let wanted = (frame / samples).saturating_sub(K::PREROLL);
        loop {
            let step = match seeking.state {
                SeekState::Land { at } => self.land(window, at, wanted).map(|state| seeking.state = state),
                SeekState::Walk if self.number >= wanted => return Ok(()),
                SeekState::Walk => self.next_header(window).map(|header| self.pass(header)),
            };
            match step {
                Ok(()) => {}
                // Beyond the last frame: there the next packet says so.
                Err(Halt::End) => return Ok(()),
                Err(halt) => {
                    self.seeking = Some(seeking);
                    return Err(halt);
                }
            }
        }
    }

    fn position(&self) -> u64 {
        match self.seeking {
            Some(Seeking { state: SeekState::Land { at }, .. }) => at,
            _ => self.at,
        }
    }
}

/// The size of a frame of constant bit rate in 65536ths of a byte: their sizes differ by a slot to keep the rate.
fn constant_size(first: Header) -> u64 {
    mul_div(u64::from(first.samples) * u64::from(first.bit_rate), 1 << 13, u64::from(first.sample_rate))
}

/// `a * b / c` without overflow.
fn mul_div(a: u64, b: u64, c: u64) -> u64 {
    u64::try_from(u128::from(a) * u128::from(b) / u128::from(c.max(1))).unwrap_or(u64::MAX)
}
