//! Ogg: packets cut into pages, and how far the sound has come by each page's end.

use super::{Demuxer, Packet};
use crate::error::Error;
use crate::track::Track;
use crate::window::{Halt, Step, Window};

#[cfg(feature = "opus")]
mod opus;
mod page;
#[cfg(feature = "vorbis")]
mod vorbis;

use page::Page;

/// Bytes in which no page is found until the file counts as damaged.
const SEARCH: u64 = 1 << 20;
/// The largest packet; headers may hold a picture, and sound is far smaller.
const LARGEST_PACKET: usize = 16 << 20;
/// A stretch of the file that a seek walks through rather than halves.
const NEAR: u64 = 16 << 10;
/// Pages of other streams in a row until this one counts as ended.
const MOST_FOREIGN: u32 = 4096;

/// How a codec's packets count time.
trait Timing {
    /// Frames that decoding `packet` adds; none for what is no sound.
    fn frames(&mut self, packet: &[u8]) -> Option<u64>;
    /// The next packet follows on nothing.
    fn reset(&mut self);
    /// Frames that are decoded before a place for it to come out exactly.
    fn preroll(&self) -> u64;
}

pub(crate) struct Ogg {
    /// The next byte of the file to look at for a page.
    at: u64,
    /// Where a search for a page began, while one is going on.
    lost_at: Option<u64>,
    serial: Option<u32>,
    /// The page whose packets are being given, the next of them and where it lies on the page.
    page: Option<Page>,
    next: usize,
    offset: usize,
    /// What earlier pages hold of a packet that goes on.
    part: Vec<u8>,
    /// Whether `part` is the whole beginning of a packet.
    has_part: bool,
    /// A packet that was put together from parts.
    whole: Vec<u8>,
    headers: Vec<Vec<u8>>,
    timing: Option<Box<dyn Timing>>,
    track: Option<Track>,
    /// Where the first page of sound lies.
    first_at: u64,
    /// The codec's count where the sound begins; none before the first page of sound.
    origin: Option<i64>,
    /// The frame that the next packet begins with.
    frame: i64,
    /// The frame after the last one, once it is known.
    end: Option<i64>,
    seeking: Option<Seeking>,
}

struct Seeking {
    target: u64,
    /// The page here is early enough; from `high` on they are not.
    low: u64,
    high: u64,
    state: SeekState,
}

#[derive(Clone, Copy)]
enum SeekState {
    Halve,
    /// Looks for a page from `from` on, and has come to `at`.
    Look {
        from: u64,
        at: u64,
    },
    /// Goes from page to page; `best` is the last that is early enough.
    Walk {
        at: u64,
        best: u64,
    },
    /// Begins with the page that was found.
    Begin {
        at: u64,
    },
}

impl Ogg {
    pub fn new(at: u64) -> Self {
        Ogg {
            at,
            lost_at: None,
            serial: None,
            page: None,
            next: 0,
            offset: 0,
            part: Vec::new(),
            has_part: false,
            whole: Vec::new(),
            headers: Vec::new(),
            timing: None,
            track: None,
            first_at: 0,
            origin: None,
            frame: 0,
            end: None,
            seeking: None,
        }
    }

    /// The next page of this stream from `at` on; `at` comes after what was looked at.
    fn next_page(&self, window: &Window, from: u64, at: &mut u64) -> Step<Page> {
        let mut foreign = 0;
        loop {
            if *at - from > SEARCH || foreign > MOST_FOREIGN {
                return Err(Error::Damaged("no sound is found in a long stretch of it").into());
            }
            match page::read(window, *at)? {
                Some(page) if self.serial.is_none_or(|serial| serial == page.serial) => return Ok(page),
                Some(page) => {
                    foreign += 1;
                    *at += page.size as u64;
                }
                None => {
                    let rest = window.here(*at + 1);
                    *at += 1 + rest.iter().position(|byte| *byte == b'O').unwrap_or(rest.len()) as u64;
                }
            }
        }
    }

    /// Makes the next page the one whose packets are given.
    fn turn(&mut self, window: &Window) -> Step<()> {
        let from = *self.lost_at.get_or_insert(self.at);
        let mut at = self.at;
        let found = self.next_page(window, from, &mut at);
        self.at = at;
        let page = found?;
        if at != from || !page.continued {
            self.drop_part();
        }
        self.lost_at = None;
        self.at = page.at + page.size as u64;
        self.next = 0;
        self.offset = page.header;
        // The rest of a packet whose begin is not here.
        if page.continued
            && !self.has_part
            && let Some((len, _)) = page.packets.first()
        {
            self.offset += len;
            self.next = 1;
        }
        self.page = Some(page);
        Ok(())
    }

    fn drop_part(&mut self) {
        self.part.clear();
        self.has_part = false;
    }

    /// The next packet: on its page, or put together. It is given again until `self.take()`.
    fn peek(&mut self, window: &Window) -> Step<Whole> {
        loop {
            let Some(page) = &self.page else {
                self.turn(window)?;
                continue;
            };
            let Some(&(len, ends)) = page.packets.get(self.next) else {
                self.page = None;
                continue;
            };
            let place = page.at + self.offset as u64;
            if ends && !self.has_part {
                return Ok(Whole::OnPage { at: place, len });
            }
            let bytes = window.get(place, len)?;
            if self.part.len() + len > LARGEST_PACKET {
                return Err(Error::Damaged("a packet is larger than can be").into());
            }
            self.part.extend_from_slice(bytes);
            self.has_part = true;
            if ends {
                self.whole = std::mem::take(&mut self.part);
                // Given from `whole` from here on, as a packet of no length on the page.
                self.has_part = false;
                return Ok(Whole::Joined);
            }
            self.next += 1;
            self.offset += len;
        }
    }

    /// Goes past the packet that was peeked.
    fn take(&mut self) {
        if let Some((len, _)) = self.page.as_ref().and_then(|page| page.packets.get(self.next)) {
            self.offset += len;
            self.next += 1;
        }
    }

    fn bytes<'a>(&'a self, window: &'a Window, whole: &Whole) -> Step<&'a [u8]> {
        match *whole {
            Whole::OnPage { at, len } => window.get(at, len),
            Whole::Joined => Ok(&self.whole),
        }
    }

    /// Reads the codec's headers.
    fn read_headers(&mut self, window: &Window) -> Step<()> {
        while self.timing.is_none() {
            let whole = self.peek(window)?;
            let packet = self.bytes(window, &whole)?.to_vec();
            self.take();
            self.header(packet)?;
            if self.headers.is_empty() {
                // A stream of another kind: the next may be ours.
                self.page = None;
                self.serial = None;
            } else if self.serial.is_none() {
                self.serial = self.page.as_ref().map(|page| page.serial);
            }
        }
        Ok(())
    }

    fn header(&mut self, packet: Vec<u8>) -> Result<(), Error> {
        match self.headers.len() {
            0 => {
                let track = match &packet[..] {
                    #[cfg(feature = "vorbis")]
                    [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => vorbis::track(&packet)?,
                    #[cfg(feature = "opus")]
                    packet if packet.starts_with(b"OpusHead") => opus::track(packet)?,
                    _ if self.page.as_ref().is_some_and(|page| page.is_first) => return Ok(()),
                    _ => return Err(Error::Unsupported("a stream other than Vorbis or Opus")),
                };
                self.track = Some(track);
            }
            1 => {
                let (marker, wanted): (usize, &[u8]) =
                    if self.headers[0].starts_with(b"Opus") { (8, b"OpusTags") } else { (7, b"\x03vorbis") };
                if !packet.starts_with(wanted) {
                    return Err(Error::Damaged("its comments are missing"));
                }
                if let Some(track) = &mut self.track {
                    track.gain.vorbis_comments(&packet[marker..]);
                }
                #[cfg(feature = "opus")]
                if marker == 8 {
                    self.timing = Some(Box::new(opus::Opus));
                }
            }
            _ => {
                #[cfg(feature = "vorbis")]
                {
                    if !packet.starts_with(b"\x05vorbis") {
                        return Err(Error::Damaged("its Vorbis headers"));
                    }
                    self.timing = Some(Box::new(vorbis::timing(&self.headers[0], &packet)?));
                    if let Some(track) = &mut self.track {
                        track.extra.extend_from_slice(&packet);
                    }
                }
            }
        }
        // Comments may hold a picture, and are not needed further.
        self.headers.push(if self.headers.len() == 1 { Vec::new() } else { packet });
        Ok(())
    }

    /// The time at which the sound begins: what the first page counts up to, less what is on it.
    fn find_origin(&mut self, window: &Window) -> Step<()> {
        // Sound begins on a page of its own.
        if self.page.as_ref().is_none_or(|page| self.next >= page.packets.len()) {
            self.first_at = self.at;
            self.turn(window)?;
        }
        let Some((page, timing)) = self.page.clone().zip(self.timing.as_mut()) else { return Ok(()) };
        let mut frames = 0;
        let mut at = page.at + self.offset as u64;
        timing.reset();
        for (len, ends) in page.packets.iter().skip(self.next) {
            let packet = window.get(at, *len)?;
            at += *len as u64;
            if *ends {
                frames += timing.frames(packet).unwrap_or(0);
            }
        }
        timing.reset();
        let frames = i64::try_from(frames).unwrap_or(i64::MAX);
        let (origin, frame) = match page.granule {
            // Sound from before the begin, to be left out.
            Some(granule) if granule < frames && !page.is_last => (0, granule - frames),
            // Cut out of a longer stream.
            Some(granule) if granule > frames => (granule.saturating_sub(frames), 0),
            _ => (0, 0),
        };
        self.origin = Some(origin);
        self.frame = frame;
        Ok(())
    }

    /// Where sound ends by the end of `page`, counted from the begin.
    fn page_end(&self, page: &Page) -> Option<i64> {
        Some(page.granule?.saturating_sub(self.origin.unwrap_or(0)))
    }

    /// Whether decoding may begin with the last packet that ends on `page`, for the sound after the page's end.
    fn is_start(page: &Page) -> bool {
        let ending = page.packets.iter().filter(|(_, ends)| *ends).count();
        ending > usize::from(page.continued)
    }

    /// One step of a seek; gives the page to begin with once it is found.
    fn narrow(&self, window: &Window, seeking: &mut Seeking) -> Step<Option<u64>> {
        let target = i64::try_from(seeking.target).unwrap_or(i64::MAX);
        let early =
            |page: &Page| self.page_end(page).is_some_and(|end| end <= target) && Self::is_start(page);
        match seeking.state {
            SeekState::Halve if seeking.high == u64::MAX || seeking.high - seeking.low <= NEAR => {
                seeking.state = SeekState::Walk { at: seeking.low, best: seeking.low };
            }
            SeekState::Halve => {
                let middle = seeking.low + (seeking.high - seeking.low) / 2;
                seeking.state = SeekState::Look { from: middle, at: middle };
            }
            SeekState::Look { from, mut at } => {
                let found = self.next_page(window, from, &mut at);
                seeking.state = SeekState::Look { from, at };
                match found {
                    Ok(page) if page.at < seeking.high && early(&page) => seeking.low = page.at,
                    Ok(page)
                        if page.at < seeking.high && page.granule.is_none_or(|_| !Self::is_start(&page)) =>
                    {
                        // Says nothing of the time: the one after it may.
                        seeking.state = SeekState::Look { from, at: page.at + page.size as u64 };
                        return Ok(None);
                    }
                    Ok(_) | Err(Halt::End | Halt::Failed(_)) => seeking.high = from,
                    Err(halt) => return Err(halt),
                }
                seeking.state = SeekState::Halve;
            }
            SeekState::Walk { mut at, best } => {
                let found = self.next_page(window, at, &mut at);
                match found {
                    Ok(page) => {
                        let late = self.page_end(&page).is_some_and(|end| end > target);
                        if late {
                            seeking.state = SeekState::Begin { at: best };
                            return Ok(None);
                        }
                        let best = if early(&page) { page.at } else { best };
                        seeking.state = SeekState::Walk { at: page.at + page.size as u64, best };
                    }
                    Err(Halt::End | Halt::Failed(_)) => seeking.state = SeekState::Begin { at: best },
                    Err(halt) => return Err(halt),
                }
            }
            SeekState::Begin { at } => return Ok(Some(at)),
        }
        Ok(None)
    }

    /// Begins with the last packet that ends on the page at `at`.
    fn start_on(&mut self, window: &Window, at: u64) -> Step<()> {
        let Some(page) = page::read(window, at)? else { return Err(Error::Damaged("a page changed").into()) };
        let last = page.packets.iter().rposition(|(_, ends)| *ends).unwrap_or(0);
        let offset = page.header + page.packets.iter().take(last).map(|(len, _)| len).sum::<usize>();
        let (len, _) = page.packets.get(last).copied().unwrap_or_default();
        let packet = window.get(at + offset as u64, len)?;
        let end = self.page_end(&page).unwrap_or(0);
        self.rewind(at + page.size as u64);
        let frames = self.timing.as_mut().and_then(|timing| {
            let frames = timing.frames(packet);
            timing.reset();
            frames
        });
        // What a packet gives without the one before it is left out: it counts as before the page's end.
        self.frame = end.saturating_sub(frames.and_then(|frames| i64::try_from(frames).ok()).unwrap_or(0));
        (self.next, self.offset) = (last, offset);
        self.page = Some(page);
        Ok(())
    }

    fn rewind(&mut self, at: u64) {
        self.at = at;
        self.lost_at = None;
        self.page = None;
        (self.next, self.offset) = (0, 0);
        self.drop_part();
        if let Some(timing) = &mut self.timing {
            timing.reset();
        }
    }
}

enum Whole {
    OnPage { at: u64, len: usize },
    Joined,
}

impl Demuxer for Ogg {
    fn open(&mut self, window: &Window) -> Step<Track> {
        let opened = self.read_headers(window).and_then(|()| match self.origin {
            None => self.find_origin(window),
            Some(_) => Ok(()),
        });
        match opened {
            Err(Halt::End) => Err(Error::Damaged("it ends before there is sound").into()),
            opened => {
                opened?;
                self.track.clone().ok_or(Error::UnknownFormat.into())
            }
        }
    }

    fn packet<'a>(&'a mut self, window: &'a Window) -> Step<Packet<'a>> {
        loop {
            let whole = self.peek(window)?;
            if let Some(page) = self.page.as_ref().filter(|page| page.is_last) {
                self.end = self.page_end(page).or(self.end);
            }
            let Some(timing) = &mut self.timing else { return Err(Halt::End) };
            let packet = match whole {
                Whole::OnPage { at, len } => window.get(at, len)?,
                Whole::Joined => &self.whole,
            };
            let frames = timing.frames(packet);
            self.take();
            let Some(frames) = frames else { continue };
            let frame = self.frame;
            self.frame = frame.saturating_add(i64::try_from(frames).unwrap_or(i64::MAX));
            // A page that says otherwise than its packets, before the end, follows on a hole.
            let page = self.page.as_ref();
            let last_here =
                page.is_some_and(|page| page.packets.iter().skip(self.next).all(|(_, ends)| !ends));
            if let Some(end) =
                page.filter(|page| last_here && !page.is_last).and_then(|page| self.page_end(page))
            {
                self.frame = end;
            }
            let frames = match self.end {
                Some(end) if end < frame => return Err(Halt::End),
                Some(end) => frames.min(end.abs_diff(frame)),
                None => frames,
            };
            let data = match whole {
                Whole::OnPage { at, len } => window.get(at, len)?,
                Whole::Joined => &self.whole,
            };
            return Ok(Packet { data, frame, frames: Some(frames) });
        }
    }

    fn seek(&mut self, window: &Window, frame: u64) -> Step<()> {
        let preroll = self.timing.as_ref().map_or(0, |timing| timing.preroll());
        let target = frame.saturating_sub(preroll);
        let mut seeking = self.seeking.take().filter(|seeking| seeking.target == target).unwrap_or(Seeking {
            target,
            low: self.first_at,
            high: window.length().unwrap_or(u64::MAX),
            state: if target == 0 { SeekState::Begin { at: self.first_at } } else { SeekState::Halve },
        });
        let found = loop {
            match self.narrow(window, &mut seeking) {
                Ok(None) => {}
                Ok(Some(at)) => break at,
                Err(halt) => {
                    self.seeking = Some(seeking);
                    return Err(halt);
                }
            }
        };
        let begun = if found == self.first_at {
            self.rewind(found);
            self.find_origin(window)
        } else {
            self.start_on(window, found)
        };
        if let Err(halt) = begun {
            self.seeking = Some(seeking);
            return Err(halt);
        }
        Ok(())
    }

    fn position(&self) -> u64 {
        match &self.seeking {
            Some(Seeking {
                state: SeekState::Look { at, .. } | SeekState::Walk { at, .. } | SeekState::Begin { at },
                ..
            }) => *at,
            _ => self.page.as_ref().map_or(self.at, |page| page.at),
        }
    }

    fn tail(&mut self, bytes: &[u8]) -> Option<u64> {
        let mut window = Window::default();
        window.feed(0, bytes);
        window.feed(bytes.len() as u64, &[]);
        let mut at = 0;
        let mut end = None;
        while let Ok(page) = self.next_page(&window, at, &mut at) {
            end = self.page_end(&page).or(end);
            at = page.at + page.size as u64;
        }
        let delay = self.track.as_ref().map_or(0, |track| track.delay);
        u64::try_from(end?).ok().map(|end| end.saturating_sub(delay))
    }
}
