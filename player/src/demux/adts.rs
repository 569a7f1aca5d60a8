//! AAC as a bare stream of ADTS frames.

use super::frames::{Frames, Header, Kind, Opened};
use crate::error::Error;
use crate::track::{CodecKind, Track};
use crate::window::{Step, Window};

pub(crate) fn new(at: u64) -> Frames<Adts> {
    Frames::new(at)
}

pub(crate) fn is_sync(head: &[u8]) -> bool {
    Adts::header(head).is_some()
}

pub(crate) struct Adts;

pub(crate) const SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

impl Kind for Adts {
    const HEADER: usize = 7;
    const PREROLL: u64 = 2;

    fn header(bytes: &[u8]) -> Option<Header> {
        let b: [u8; 7] = *bytes.first_chunk()?;
        let sample_rate = *SAMPLE_RATES.get(usize::from(b[2] >> 2 & 15))?;
        let size = u32::from(b[3] & 3) << 11 | u32::from(b[4]) << 3 | u32::from(b[5] >> 5);
        // Sync and layer; more than one block in a frame is in no file that one meets.
        if b[0] != 0xff || b[1] & 0xf6 != 0xf0 || b[6] & 3 != 0 || size < 9 {
            return None;
        }
        let configuration = (b[2] & 1) << 2 | b[3] >> 6;
        Some(Header {
            size,
            samples: 1024,
            sample_rate,
            channels: if configuration == 7 { 8 } else { u16::from(configuration) },
            // Not said; frames are of no one size.
            bit_rate: 0,
            stream: u32::from(b[1]) << 16 | u32::from(b[2] & 0xfd) << 8 | u32::from(b[3] >> 6),
        })
    }

    fn track(window: &Window, at: u64, first: Header) -> Step<Opened> {
        let head = window.get(at, Self::HEADER)?;
        let profile = head[2] >> 6;
        if profile != 1 || !(1..=2).contains(&first.channels) {
            return Err(
                Error::Unsupported("a kind of AAC other than low complexity in one or two channels").into()
            );
        }
        let mut track = Track::new(CodecKind::Aac, first.sample_rate, first.channels);
        let rate = head[2] >> 2 & 15;
        track.extra = vec![(profile + 1) << 3 | rate >> 1, (rate & 1) << 7 | (first.channels as u8) << 3];
        Ok(Opened { track, skip_first: false, constant: false, count: None, bytes: None, table: None })
    }

    fn payload(frame: &[u8]) -> &[u8] {
        // A checksum may follow the header.
        let header = if frame.get(1).is_some_and(|byte| byte & 1 == 0) { 9 } else { Self::HEADER };
        frame.get(header..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Adts, Kind};

    #[test]
    fn headers_are_told_from_noise() {
        let header = Adts::header(&[0xff, 0xf1, 0x50, 0x80, 0x2e, 0x7f, 0xfc]).unwrap();
        assert_eq!((header.size, header.sample_rate, header.channels), (371, 44_100, 2));
        assert_eq!(Adts::header(&[0xff, 0xfb, 0x90, 0x64, 0, 0, 0]), None, "an MP3 frame");
    }
}
