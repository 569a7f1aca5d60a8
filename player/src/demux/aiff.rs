//! AIFF and AIFF-C: IFF chunks, big-endian.

use super::be;
use super::pcm::Chunks;
use crate::error::Error;
use crate::track::{CodecKind, SampleLayout, Track};
use crate::window::{Step, Window};

pub(crate) struct Aiff {
    compressed: bool,
    track: Option<Track>,
}

impl Aiff {
    /// `compressed` for AIFF-C, whose format has more fields; the samples need not be compressed for that.
    pub fn new(compressed: bool) -> Self {
        Aiff { compressed, track: None }
    }
}

impl Chunks for Aiff {
    const BIG_ENDIAN: bool = true;

    fn chunk(
        &mut self,
        kind: [u8; 4],
        size: u32,
        body: u64,
        window: &Window,
    ) -> Step<Option<(u64, Option<u64>)>> {
        match &kind {
            b"COMM" => self.track = Some(common(window.get(body, if self.compressed { 22 } else { 18 })?)?),
            b"SSND" => {
                let offset = u64::from(be::u32(window.get(body, 8)?, 0));
                return Ok(Some((body + 8 + offset, Some(u64::from(size).saturating_sub(8 + offset)))));
            }
            _ => {}
        }
        Ok(None)
    }

    fn track(&self) -> Option<Track> {
        self.track.clone()
    }
}

fn common(bytes: &[u8]) -> Result<Track, Error> {
    let bits = be::u16(bytes, 6);
    let (float, big_endian) = match bytes.get(18..22) {
        None | Some(b"NONE" | b"twos") => (false, true),
        Some(b"sowt") => (false, false),
        Some(b"fl32" | b"FL32" | b"fl64" | b"FL64") => (true, true),
        Some(_) => return Err(Error::Unsupported("compressed AIFF")),
    };
    if !matches!((float, bits), (false, 8 | 16 | 24 | 32) | (true, 32 | 64)) {
        return Err(Error::Unsupported("AIFF with samples of an odd size"));
    }
    let layout = SampleLayout { bytes: (bits / 8) as u8, float, big_endian, signed: true };
    Ok(Track::new(CodecKind::Pcm(layout), extended(&bytes[8..18]), be::u16(bytes, 0)))
}

/// A whole number out of 80 bits of floating point.
fn extended(bytes: &[u8]) -> u32 {
    let exponent = u32::from(be::u16(bytes, 0) & 0x7fff);
    let mantissa = be::u64(bytes, 2);
    let shift = (16_383_u32 + 63).checked_sub(exponent).filter(|shift| *shift < 64);
    shift.and_then(|shift| u32::try_from(mantissa >> shift).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::extended;

    #[test]
    fn sample_rates_are_read_from_extended_precision() {
        assert_eq!(extended(&[0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0]), 44_100);
        assert_eq!(extended(&[0x40, 0x0e, 0xbb, 0x80, 0, 0, 0, 0, 0, 0]), 48_000);
        assert_eq!(extended(&[0xff; 10]), 0);
    }
}
