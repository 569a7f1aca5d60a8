//! MPEG audio layer III: frame headers, and what LAME and others write into the first frame.

use super::be;
use super::frames::{Frames, Header, Kind, Opened};
use crate::track::{CodecKind, Track};
use crate::window::{Halt, Step, Window};

pub(crate) fn new(at: u64) -> Frames<Mp3> {
    Frames::new(at)
}

pub(crate) struct Mp3;

/// A decoder of layer III gives its sound this many frames late; encoders count only their own delay.
const DECODER_DELAY: u64 = 529;

// In thousands of bits per second, by version (1; 2 and 2.5) and index.
const BIT_RATES: [[u32; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
const SAMPLE_RATES: [u32; 3] = [44_100, 48_000, 32_000];

impl Kind for Mp3 {
    const HEADER: usize = 4;
    // A frame may draw on 511 bytes of the ones before, of which the smallest hold some 60; then two settle the filters.
    const PREROLL: u64 = 12;

    fn header(bytes: &[u8]) -> Option<Header> {
        let word = be::u32(bytes, 0);
        let version = word >> 19 & 3;
        let layer = word >> 17 & 3;
        let bit_rate = BIT_RATES[usize::from(version != 3)].get((word >> 12 & 15) as usize).copied()?;
        let sample_rate = *SAMPLE_RATES.get((word >> 10 & 3) as usize)?;
        // Free format (rate 0) is in no file that one meets, and cannot be told from noise.
        if word >> 21 != 0x7ff || version == 1 || layer != 1 || bit_rate == 0 {
            return None;
        }
        let sample_rate = sample_rate >> [2, 0, 1, 0][version as usize];
        let samples = if version == 3 { 1152 } else { 576 };
        let mono = word >> 6 & 3 == 3;
        Some(Header {
            size: samples / 8 * bit_rate * 1000 / sample_rate + (word >> 9 & 1),
            samples,
            sample_rate,
            channels: if mono { 1 } else { 2 },
            bit_rate: bit_rate * 1000,
            stream: word & 0xfffe_0c00 | u32::from(mono),
        })
    }

    fn track(window: &Window, at: u64, first: Header) -> Step<Opened> {
        let track = Track::new(CodecKind::Mp3, first.sample_rate, first.channels);
        let mut opened =
            Opened { track, skip_first: false, constant: true, count: None, bytes: None, table: None };
        let frame = match window.get(at, first.size as usize) {
            Err(Halt::End) => return Ok(opened),
            frame => frame?,
        };
        // After the side information, which is of one of four sizes.
        let side = match (first.samples, first.channels) {
            (1152, 2) => 32,
            (1152, _) | (_, 2) => 17,
            _ => 9,
        };
        if let Some(tag) = frame.get(4 + side..) {
            if tag.starts_with(b"Xing") || tag.starts_with(b"Info") {
                xing(tag, first, &mut opened);
            } else if frame.get(36..40) == Some(b"VBRI") {
                opened.skip_first = true;
                opened.constant = false;
                opened.count = Some(u64::from(be::u32(frame, 50)));
                opened.bytes = Some(u64::from(be::u32(frame, 46)));
                opened.track.frames = opened.count.map(|count| count * u64::from(first.samples));
            }
        }
        Ok(opened)
    }
}

/// The tag of Xing, with what LAME appends to it.
fn xing(tag: &[u8], first: Header, opened: &mut Opened) {
    opened.skip_first = true;
    opened.constant = tag.starts_with(b"Info");
    let flags = be::u32(tag, 4);
    let mut at = 8;
    let mut field = |bit: u32, size: usize| {
        let here = at;
        let is_there = flags & bit != 0;
        if is_there {
            at += size;
        }
        is_there.then_some(here)
    };
    opened.count = field(1, 4).map(|at| u64::from(be::u32(tag, at)));
    // Counted from the tag's own frame on.
    opened.bytes = field(2, 4).map(|at| u64::from(be::u32(tag, at)).saturating_sub(u64::from(first.size)));
    opened.table = field(4, 100).and_then(|at| tag.get(at..)?.first_chunk().copied());
    field(8, 4);
    let samples = opened.count.map(|count| count * u64::from(first.samples));
    opened.track.frames = samples;
    // Encoder's name (9), method, lowpass, peak (4), two gains (4), flags, rate, then two times 12 bits.
    let Some(lame) = tag.get(at..at + 24) else { return };
    let delays = be::u32(lame, 20) & 0xff_ffff;
    let (delay, padding) = (u64::from(delays >> 12), u64::from(delays & 0xfff));
    if !lame[0].is_ascii_alphabetic() || (delay == 0 && padding == 0) {
        return;
    }
    opened.track.delay = delay + DECODER_DELAY;
    opened.track.frames = samples.map(|samples| samples.saturating_sub(delay + padding));
}

#[cfg(test)]
mod tests {
    use super::{Kind, Mp3};

    #[test]
    fn headers_are_told_from_noise() {
        let header = Mp3::header(&[0xff, 0xfb, 0x90, 0x64]).unwrap();
        assert_eq!(
            (header.size, header.samples, header.sample_rate, header.channels),
            (417, 1152, 44_100, 2)
        );
        let low = Mp3::header(&[0xff, 0xe3, 0x18, 0xc0]).unwrap();
        assert_eq!((low.size, low.samples, low.sample_rate, low.channels), (72, 576, 8_000, 1));
        for noise in [
            [0xff, 0xfb, 0xf0, 0],
            [0xff, 0xfb, 0x0c, 0],
            [0xff, 0xeb, 0x90, 0],
            [0xff, 0xfd, 0x90, 0],
            [0; 4],
        ] {
            assert_eq!(Mp3::header(&noise), None, "{noise:x?}");
        }
    }
}
