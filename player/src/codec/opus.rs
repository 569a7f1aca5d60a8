//! Opus, by `ropus`, a port of the reference decoder.

use super::{Codec, Planes, Undecodable};
use crate::error::Error;
use crate::track::Track;
use ropus::{Channels, DecodeMode};

/// The longest packet: 120 ms at 48 kHz.
const LONGEST: usize = 5_760;

pub(super) fn open(track: &Track) -> Result<Box<dyn Codec>, Error> {
    let channels = usize::from(track.channels);
    let decoder = decoder(channels).ok_or(Error::Unsupported("a variant of Opus that is not known"))?;
    // The header's gain is a part of the format: in 256ths of a decibel.
    let gain =
        track.extra.get(16..).and_then(|rest| rest.first_chunk()).map_or(0, |gain| i16::from_le_bytes(*gain));
    let gain = 10_f32.powf(f32::from(gain) / (20.0 * 256.0));
    Ok(Box::new(Opus { decoder, channels, gain, interleaved: vec![0.0; LONGEST * channels] }))
}

fn decoder(channels: usize) -> Option<ropus::Decoder> {
    ropus::Decoder::new(48_000, if channels == 1 { Channels::Mono } else { Channels::Stereo }).ok()
}

struct Opus {
    decoder: ropus::Decoder,
    channels: usize,
    gain: f32,
    interleaved: Vec<f32>,
}

impl Codec for Opus {
    fn decode(&mut self, packet: &[u8], planes: &mut Planes) -> Result<(), Undecodable> {
        if packet.is_empty() {
            return Err(Undecodable);
        }
        let frames = self
            .decoder
            .decode_float(packet, &mut self.interleaved, DecodeMode::Normal)
            .map_err(|_| Undecodable)?;
        let samples = &self.interleaved[..(frames * self.channels).min(self.interleaved.len())];
        planes.resize_with(self.channels, Vec::new);
        for (channel, plane) in planes.iter_mut().enumerate() {
            plane.clear();
            plane
                .extend(samples.iter().skip(channel).step_by(self.channels).map(|sample| sample * self.gain));
        }
        Ok(())
    }

    fn reset(&mut self) {
        if let Some(fresh) = decoder(self.channels) {
            self.decoder = fresh;
        }
    }
}
