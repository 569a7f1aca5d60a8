//! How long an Opus packet is, which its first bytes say. All times are at 48 kHz.

use super::Timing;
use crate::error::Error;
use crate::track::{CodecKind, Track};

pub(super) struct Opus;

/// What RFC 7845 wants decoded before a place that is gone to: 80 ms.
const PREROLL: u64 = 3_840;

pub(super) fn track(head: &[u8]) -> Result<Track, Error> {
    const DAMAGED: Error = Error::Damaged("its Opus header");
    let [version, channels, low, high] =
        *head.get(8..).and_then(|bytes| bytes.first_chunk()).ok_or(DAMAGED)?;
    let family = *head.get(18).ok_or(DAMAGED)?;
    if version >> 4 != 0 {
        return Err(Error::Unsupported("a later version of Opus"));
    }
    let mut track = Track::new(CodecKind::Opus, 48_000, u16::from(channels));
    track.delay = u64::from(u16::from_le_bytes([low, high]));
    track.extra = head.to_vec();
    if !track.is_sane() {
        return Err(DAMAGED);
    }
    if family != 0 || channels > 2 {
        return Err(Error::Unsupported("Opus in more than two channels"));
    }
    Ok(track)
}

impl Timing for Opus {
    fn frames(&mut self, packet: &[u8]) -> Option<u64> {
        let first = *packet.first()?;
        let one = match first >> 3 {
            silk @ 0..=11 => [480, 960, 1_920, 2_880][usize::from(silk & 3)],
            hybrid @ 12..=15 => [480, 960][usize::from(hybrid & 1)],
            celt => [120, 240, 480, 960][usize::from(celt & 3)],
        };
        let count = match first & 3 {
            0 => 1,
            1 | 2 => 2,
            _ => u64::from(*packet.get(1)? & 63),
        };
        // At most 120 ms.
        Some(one * count).filter(|frames| (1..=5_760).contains(frames))
    }

    fn reset(&mut self) {}

    fn preroll(&self) -> u64 {
        PREROLL
    }
}

#[cfg(test)]
mod tests {
    use super::{Opus, Timing};

    #[test]
    fn lengths_are_those_of_the_table_of_contents() {
        let frames = |packet: &[u8]| Opus.frames(packet);
        assert_eq!(frames(&[31 << 3]), Some(960), "fullband, 20 ms");
        assert_eq!(frames(&[3 << 3 | 1]), Some(5_760), "two of 60 ms");
        assert_eq!(frames(&[16 << 3 | 3, 3]), Some(360));
        assert_eq!(frames(&[31 << 3 | 3, 7]), None, "longer than 120 ms");
        assert_eq!(frames(&[]), None);
    }
}
