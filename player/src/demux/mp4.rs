//! MP4 and M4A: AAC and ALAC, with the silence at both ends that edit lists and iTunes speak of.

use super::{Demuxer, Packet, be};
use crate::error::Error;
use crate::gain::Gain;
use crate::track::{CodecKind, Track};
use crate::window::{Halt, Step, Window};

mod boxes;
mod config;
mod samples;

use samples::Samples;

/// The largest table of contents: weeks of sound.
const LARGEST_MOOV: u64 = 48 << 20;
const DAMAGED: Error = Error::Damaged("its table of contents");
/// Boxes at the top of a file.
const MOST_BOXES: u32 = 4096;

pub(crate) struct Mp4 {
    at: u64,
    boxes: u32,
    samples: Samples,
    /// Ticks per second of the samples' times, where it is not the sample rate.
    timescale: u32,
    track: Option<Track>,
    next: u32,
}

impl Mp4 {
    pub fn new(at: u64) -> Self {
        Mp4 { at, boxes: 0, samples: Samples::default(), timescale: 0, track: None, next: 0 }
    }

    fn read_moov(&mut self, moov: &[u8]) -> Result<Track, Error> {
        let audio = |media: &&[u8]| {
            boxes::at(media, &[b"mdia", b"hdlr"]).and_then(|handler| handler.get(8..12)) == Some(b"soun")
        };
        let tracks = boxes::children(moov).filter(|(kind, _)| kind == b"trak").map(|(_, content)| content);
        let media = tracks.into_iter().find(audio).ok_or(Error::Unsupported("no sound"))?;
        if boxes::at(moov, &[b"mvex"]).is_some() {
            return Err(Error::Unsupported("fragments"));
        }
        let stbl = boxes::at(media, &[b"mdia", b"minf", b"stbl"]).ok_or(DAMAGED)?;
        let mut track = config::track(boxes::at(stbl, &[b"stsd"]).ok_or(DAMAGED)?)?;
        let samples = Samples::read(stbl)?;
        self.timescale = timescale(boxes::at(media, &[b"mdia", b"mdhd"]).ok_or(DAMAGED)?);
        if self.timescale == 0 || samples.len() == 0 {
            return Err(DAMAGED);
        }
        let end = scale(samples.end(), track.sample_rate, self.timescale);
        let movie = boxes::at(moov, &[b"mvhd"]).map_or(0, timescale);
        let edit = boxes::at(media, &[b"edts", b"elst"]).and_then(edit);
        let (mut gain, mut smooth) = (Gain::default(), None);
        if let Some(list) =
            boxes::at(moov, &[b"udta", b"meta"]).and_then(|meta| boxes::at(meta.get(4..)?, &[b"ilst"]))
        {
            tags(list, |name, value| match name {
                "iTunSMPB" => smooth = gapless(value),
                _ => gain.tag(name, value),
            });
        }
        track.gain = gain;
        (track.delay, track.frames) = match (smooth, edit) {
            (Some((delay, frames)), _) if delay.saturating_add(frames) <= end + 4096 => (delay, Some(frames)),
            (_, Some((duration, time))) => {
                let delay = scale(time, track.sample_rate, self.timescale).min(end);
                let whole = end - delay;
                // In ticks of the movie, which may be too coarse to tell a sample: then it means the whole.
                let said = scale(duration, track.sample_rate, movie.max(1));
                let tick = u64::from(track.sample_rate / movie.max(1)) + 1;
                (delay, Some(if duration == 0 || said + tick >= whole { whole } else { said }))
            }
            _ => (0, Some(end)),
        };
        self.samples = samples;
        Ok(track)
    }
}

impl Demuxer for Mp4 {
    fn open(&mut self, window: &Window) -> Step<Track> {
        while self.track.is_none() {
            let head = match window.up_to(self.at, 16) {
                Err(Halt::End) => return Err(Error::Damaged("its table of contents is missing").into()),
                head => head?,
            };
            let header = boxes::header(head).ok_or(Error::Damaged("its boxes"))?;
            self.boxes += 1;
            match (&header.kind, header.size) {
                (b"moov", Some(size @ 0..=LARGEST_MOOV)) => {
                    self.boxes -= 1;
                    let moov = window.up_to(self.at, usize::try_from(size).unwrap_or(usize::MAX))?;
                    let track = self.read_moov(&moov[header.bytes.min(moov.len())..])?;
                    self.track = Some(track);
                }
                (b"moof", _) => return Err(Error::Unsupported("fragments").into()),
                (_, Some(size)) if self.boxes < MOST_BOXES => self.at = self.at.saturating_add(size),
                _ => return Err(Error::Damaged("its table of contents is missing").into()),
            }
        }
        self.track.clone().ok_or(Error::UnknownFormat.into())
    }

    fn packet<'a>(&'a mut self, window: &'a Window) -> Step<Packet<'a>> {
        let sample = self.samples.get(self.next).ok_or(Halt::End)?;
        self.at = sample.at;
        let data = window.get(sample.at, sample.size as usize)?;
        self.next += 1;
        let Some(track) = &self.track else { return Err(Halt::End) };
        let frame = scale(sample.time, track.sample_rate, self.timescale);
        Ok(Packet { data, frame: i64::try_from(frame).unwrap_or(i64::MAX), frames: None })
    }

    fn seek(&mut self, _window: &Window, frame: u64) -> Step<()> {
        let Some(track) = &self.track else { return Ok(()) };
        // Half of what AAC gives overlaps with the packet before.
        let preroll = if track.codec == CodecKind::Aac { 2 } else { 0 };
        let time = scale(frame, self.timescale, track.sample_rate);
        self.next = self.samples.at_time(time).saturating_sub(preroll);
        if let Some(sample) = self.samples.get(self.next) {
            self.at = sample.at;
        }
        Ok(())
    }

    fn position(&self) -> u64 {
        match (&self.track, self.samples.get(self.next)) {
            (Some(_), Some(sample)) => sample.at,
            _ => self.at,
        }
    }
}

/// `ticks` of `from` per second, in ticks of `to` per second.
fn scale(ticks: u64, to: u32, from: u32) -> u64 {
    if to == from {
        return ticks;
    }
    u64::try_from((u128::from(ticks) * u128::from(to) + u128::from(from) / 2) / u128::from(from.max(1)))
        .unwrap_or(u64::MAX)
}

/// Ticks per second, of a movie or of a track's media: the same place in both headers.
fn timescale(header: &[u8]) -> u32 {
    be::u32(header, if header.first() == Some(&1) { 20 } else { 12 })
}

/// The duration and the begin of the first edit that is not empty.
fn edit(list: &[u8]) -> Option<(u64, u64)> {
    let long = list.first() == Some(&1);
    let entries = list.get(8..)?.chunks_exact(if long { 20 } else { 12 });
    entries
        .map(|entry| {
            if long {
                (be::u64(entry, 0), be::u64(entry, 8))
            } else {
                // -1, an empty edit, in 32 bits.
                let time = be::u32(entry, 4);
                (u64::from(be::u32(entry, 0)), if time == u32::MAX { u64::MAX } else { u64::from(time) })
            }
        })
        .find(|(_, time)| *time != u64::MAX)
}

/// Delay and frames, out of hexadecimal numbers: zero, delay, padding, frames, and what is of no interest.
fn gapless(value: &str) -> Option<(u64, u64)> {
    let mut numbers = value.split_ascii_whitespace().map(|number| u64::from_str_radix(number, 16));
    let delay = numbers.nth(1)?.ok()?;
    let frames = numbers.nth(1)?.ok()?;
    (frames > 0 && delay < 1 << 20).then_some((delay, frames))
}

/// Calls `tag` with the name and the value of each tag that iTunes lets anyone name.
fn tags(list: &[u8], mut tag: impl FnMut(&str, &str)) {
    for (_, content) in boxes::children(list).filter(|(kind, _)| kind == b"----") {
        let text = |kind: &[u8; 4], skip: usize| {
            boxes::at(content, &[kind]).and_then(|bytes| std::str::from_utf8(bytes.get(skip..)?).ok())
        };
        if let (Some(name), Some(value)) = (text(b"name", 4), text(b"data", 8)) {
            tag(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{edit, gapless, scale};

    #[test]
    fn itunes_and_edit_lists_tell_the_silence() {
        let value = " 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000";
        assert_eq!(gapless(value), Some((0x840, 0x3f_31f6)));
        assert_eq!(gapless(" 00000000 00000840"), None);
        let empty_then_1024 = [
            &[0, 0, 0, 0, 0, 0, 0, 2][..],
            &[0, 0, 0, 9, 255, 255, 255, 255, 0, 1, 0, 0],
            &[0, 0, 0, 5, 0, 0, 4, 0, 0, 1, 0, 0],
        ];
        assert_eq!(edit(&empty_then_1024.concat()), Some((5, 1024)));
    }

    #[test]
    fn times_are_scaled_without_overflow() {
        assert_eq!(scale(1000, 44_100, 1000), 44_100);
        assert_eq!(scale(u64::MAX, u32::MAX, 1), u64::MAX);
    }
}
