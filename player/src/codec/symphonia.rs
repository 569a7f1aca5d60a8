//! Symphonia's decoders. They are fed whole packets; its readers and its probe are not used.

use super::{Codec, Planes, Undecodable};
use crate::error::Error;
use crate::track::{CodecKind, Track};
use symphonia_core::audio::{Audio, AudioBuffer, GenericAudioBufferRef};
use symphonia_core::codecs::audio::well_known as ids;
use symphonia_core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia_core::packet::PacketRef;
use symphonia_core::units::{Duration, Timestamp};

pub(super) fn open(track: &Track) -> Result<Box<dyn Codec>, Error> {
    const REFUSED: Error = Error::Unsupported("a variant of its codec that is not known");
    let options = AudioDecoderOptions::default().gapless(false);
    let parameters = |id: AudioCodecId| {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(id).with_sample_rate(track.sample_rate);
        if !track.extra.is_empty() {
            parameters.with_extra_data(track.extra.clone().into_boxed_slice());
        }
        parameters
    };
    let stateless = matches!(track.codec, CodecKind::Flac | CodecKind::Alac);
    match track.codec {
        #[cfg(feature = "mp3")]
        CodecKind::Mp3 => symphonia_bundle_mp3::MpaDecoder::try_new(&parameters(ids::CODEC_ID_MP3), &options)
            .map(|decoder| boxed(decoder, stateless)),
        #[cfg(feature = "flac")]
        CodecKind::Flac => {
            symphonia_bundle_flac::FlacDecoder::try_new(&parameters(ids::CODEC_ID_FLAC), &options)
                .map(|decoder| boxed(decoder, stateless))
        }
        #[cfg(feature = "mp4")]
        CodecKind::Aac => symphonia_codec_aac::AacDecoder::try_new(&parameters(ids::CODEC_ID_AAC), &options)
            .map(|decoder| boxed(decoder, stateless)),
        #[cfg(feature = "mp4")]
        CodecKind::Alac => {
            symphonia_codec_alac::AlacDecoder::try_new(&parameters(ids::CODEC_ID_ALAC), &options)
                .map(|decoder| boxed(decoder, stateless))
        }
        #[cfg(feature = "vorbis")]
        CodecKind::Vorbis => {
            symphonia_codec_vorbis::VorbisDecoder::try_new(&parameters(ids::CODEC_ID_VORBIS), &options)
                .map(|decoder| boxed(decoder, stateless))
        }
        _ => return Err(Error::Unsupported("a kind of sound that this module was not built for")),
    }
    .map_err(|_| REFUSED)
}

fn boxed<D: AudioDecoder + 'static>(decoder: D, stateless: bool) -> Box<dyn Codec> {
    Box::new(Decoder { decoder, stateless })
}

struct Decoder<D> {
    decoder: D,
    stateless: bool,
}

impl<D: AudioDecoder> Codec for Decoder<D> {
    fn decode(&mut self, packet: &[u8], planes: &mut Planes) -> Result<(), Undecodable> {
        // The time of a packet is the demuxer's affair.
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, packet);
        match self.decoder.decode_ref(&packet).map_err(|_| Undecodable)? {
            GenericAudioBufferRef::F32(buffer) => copy(buffer, planes, |sample| sample),
            // Whole numbers come left-aligned in 32 bits; up to 24 bits of them are exact.
            GenericAudioBufferRef::S32(buffer) => {
                copy(buffer, planes, |sample| sample as f32 / 2_147_483_648.0);
            }
            _ => return Err(Undecodable),
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.decoder.reset();
    }

    fn is_stateless(&self) -> bool {
        self.stateless
    }
}

fn copy<S: symphonia_core::audio::sample::Sample>(
    buffer: &AudioBuffer<S>,
    planes: &mut Planes,
    to: impl Fn(S) -> f32,
) {
    planes.resize_with(buffer.num_planes(), Vec::new);
    for (at, plane) in planes.iter_mut().enumerate() {
        plane.clear();
        plane.extend(buffer.plane(at).into_iter().flatten().map(|sample| to(*sample)));
    }
}
