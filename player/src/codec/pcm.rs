//! Samples as they lie in a file, as floating point.

use super::{Codec, Planes, Undecodable};
use crate::track::SampleLayout;

pub(super) struct Pcm {
    layout: SampleLayout,
    channels: usize,
}

impl Pcm {
    pub fn new(layout: SampleLayout, channels: u16) -> Self {
        Pcm { layout, channels: usize::from(channels) }
    }

    fn sample(&self, bytes: &[u8]) -> f32 {
        // Most significant byte first, at the left.
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(bytes) {
            *to = *from;
        }
        if !self.layout.big_endian {
            word[..bytes.len().min(8)].reverse();
        }
        let high = u32::from_be_bytes([word[0], word[1], word[2], word[3]]);
        match (self.layout.float, bytes.len()) {
            (true, 8) => f64::from_be_bytes(word) as f32,
            (true, _) => f32::from_bits(high),
            (false, 1) if !self.layout.signed => (high ^ 0x8000_0000).cast_signed() as f32 / 2_147_483_648.0,
            (false, _) => high.cast_signed() as f32 / 2_147_483_648.0,
        }
    }
}

impl Codec for Pcm {
    fn decode(&mut self, packet: &[u8], planes: &mut Planes) -> Result<(), Undecodable> {
        let bytes = usize::from(self.layout.bytes);
        planes.resize_with(self.channels, Vec::new);
        for (channel, plane) in planes.iter_mut().enumerate() {
            plane.clear();
            let frames = packet.chunks_exact(bytes * self.channels);
            plane.extend(frames.map(|frame| self.sample(&frame[channel * bytes..(channel + 1) * bytes])));
        }
        Ok(())
    }

    fn reset(&mut self) {}

    fn is_stateless(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Pcm;
    use crate::track::SampleLayout;

    #[test]
    fn every_layout_gives_the_same_sample() {
        let sample = |bytes: &[u8], float, big_endian, signed| {
            let layout =
                SampleLayout { bytes: u8::try_from(bytes.len()).unwrap(), float, big_endian, signed };
            Pcm::new(layout, 1).sample(bytes)
        };
        for (bytes, float, big, signed) in [
            (&[0x20][..], false, false, false),
            (&[0xa0], false, true, true),
            (&[0x00, 0xa0], false, false, true),
            (&[0xa0, 0x00], false, true, true),
            (&[0, 0, 0xa0], false, false, true),
            (&[0, 0, 0, 0xa0], false, false, true),
            (&(-0.75_f32).to_le_bytes(), true, false, true),
            (&(-0.75_f64).to_be_bytes(), true, true, true),
        ] {
            assert_eq!(sample(bytes, float, big, signed).to_bits(), (-0.75_f32).to_bits(), "{bytes:?}");
        }
    }
}
