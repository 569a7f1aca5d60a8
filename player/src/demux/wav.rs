//! WAV: RIFF chunks, little-endian. RF64 is the same with sizes beyond 4 GB.

use super::pcm::Chunks;
use crate::error::Error;
use crate::track::{CodecKind, SampleLayout, Track};
use crate::window::{Step, Window};

#[derive(Default)]
pub(crate) struct Wav {
    track: Option<Track>,
    /// The size of the samples where it does not fit into the chunk's own field.
    long_size: Option<u64>,
}

impl Chunks for Wav {
    const BIG_ENDIAN: bool = false;

    fn chunk(
        &mut self,
        kind: [u8; 4],
        size: u32,
        body: u64,
        window: &Window,
    ) -> Step<Option<(u64, Option<u64>)>> {
        match &kind {
            b"ds64" => {
                let sizes = window.get(body, 16)?;
                self.long_size = sizes[8..].first_chunk().map(|size| u64::from_le_bytes(*size));
            }
            b"fmt " => self.track = Some(format(window.get(body, (size as usize).clamp(16, 40))?)?),
            // What is being written, or too long for the field, says 0 or all ones.
            b"data" if size == 0 || size == u32::MAX => return Ok(Some((body, self.long_size))),
            b"data" => return Ok(Some((body, Some(u64::from(size))))),
            _ => {}
        }
        Ok(None)
    }

    fn track(&self) -> Option<Track> {
        self.track.clone()
    }
}

fn format(bytes: &[u8]) -> Result<Track, Error> {
    let number = |at: usize| {
        bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |two| u16::from_le_bytes(*two))
    };
    let rate = u32::from(number(4)) | u32::from(number(6)) << 16;
    let bits = number(14);
    // Extensible: the kind stands further on.
    let kind = if number(0) == 0xfffe { number(24) } else { number(0) };
    let float = match (kind, bits) {
        (1, 8 | 16 | 24 | 32) => false,
        (3, 32 | 64) => true,
        _ => return Err(Error::Unsupported("WAV that is neither PCM nor floating point")),
    };
    let layout = SampleLayout { bytes: (bits / 8) as u8, float, big_endian: false, signed: bits > 8 };
    Ok(Track::new(CodecKind::Pcm(layout), rate, number(2)))
}
