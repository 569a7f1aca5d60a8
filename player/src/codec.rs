//! Decoders: a packet in, planes of samples out.

use crate::error::Error;
use crate::track::{CodecKind, Track};

#[cfg(feature = "opus")]
mod opus;
#[cfg(feature = "pcm")]
mod pcm;
#[cfg(any(feature = "mp3", feature = "flac", feature = "mp4", feature = "vorbis"))]
mod symphonia;

/// One plane of samples per channel, all of one length.
pub(crate) type Planes = Vec<Vec<f32>>;

/// A packet could not be decoded; the next may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Undecodable;

/// A decoder of one track.
pub(crate) trait Codec {
    /// Decodes a packet in the place of what `planes` hold.
    fn decode(&mut self, packet: &[u8], planes: &mut Planes) -> Result<(), Undecodable>;
    /// The next packet does not follow on the one before.
    fn reset(&mut self);
    /// Whether a packet comes out the same whatever came before it.
    fn is_stateless(&self) -> bool {
        false
    }
}

/// The decoder for `track`.
pub(crate) fn open(track: &Track) -> Result<Box<dyn Codec>, Error> {
    match track.codec {
        #[cfg(feature = "opus")]
        CodecKind::Opus => opus::open(track),
        #[cfg(feature = "pcm")]
        CodecKind::Pcm(layout) => Ok(Box::new(pcm::Pcm::new(layout, track.channels))),
        #[cfg(any(feature = "mp3", feature = "flac", feature = "mp4", feature = "vorbis"))]
        _ => symphonia::open(track),
        #[cfg(not(any(feature = "mp3", feature = "flac", feature = "mp4", feature = "vorbis")))]
        _ => Err(Error::Unsupported("a kind of sound that this module was not built for")),
    }
}
