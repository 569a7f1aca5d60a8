//! What is known of the audio in a file.

use crate::gain::Gain;

/// How the samples are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodecKind {
    /// MPEG-1/2/2.5 layer III.
    Mp3,
    /// Free Lossless Audio Codec.
    Flac,
    /// AAC, low complexity.
    Aac,
    /// Apple Lossless.
    Alac,
    /// Vorbis.
    Vorbis,
    /// Opus, always decoded at 48 kHz.
    Opus,
    /// Uncompressed samples.
    Pcm(SampleLayout),
}

/// How uncompressed samples lie in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleLayout {
    /// Bytes of one sample of one channel: 1, 2, 3, 4 or 8.
    pub bytes: u8,
    /// Whether samples are floating point.
    pub float: bool,
    /// Whether the most significant byte comes first.
    pub big_endian: bool,
    /// Whether 8-bit samples are signed.
    pub signed: bool,
}

/// What is known of the audio in a file.
#[derive(Debug, Clone)]
pub struct Track {
    /// How the samples are coded.
    pub codec: CodecKind,
    /// Frames per second.
    pub sample_rate: u32,
    /// Samples per frame.
    pub channels: u16,
    /// What the decoder is set up with: the codec's own headers.
    pub extra: Vec<u8>,
    /// Frames that the encoder put before the music: decoded, then left out.
    pub delay: u64,
    /// Frames of music, once known.
    pub frames: Option<u64>,
    /// Whether `frames` was guessed from the size of the file and how loud its bits are.
    pub estimated: bool,
    /// The loudness that the file's tags speak of.
    pub gain: Gain,
}

/// The most channels that are decoded; the decoders know no more.
pub(crate) const MOST_CHANNELS: u16 = 8;
/// The highest sample rate that is taken at its word.
pub(crate) const HIGHEST_RATE: u32 = 768_000;

impl Track {
    pub(crate) fn new(codec: CodecKind, sample_rate: u32, channels: u16) -> Self {
        Track {
            codec,
            sample_rate,
            channels,
            extra: Vec::new(),
            delay: 0,
            frames: None,
            estimated: false,
            gain: Gain::default(),
        }
    }

    /// Whether its figures are of this world.
    pub(crate) fn is_sane(&self) -> bool {
        (1..=HIGHEST_RATE).contains(&self.sample_rate) && (1..=MOST_CHANNELS).contains(&self.channels)
    }
}
