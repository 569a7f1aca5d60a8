//! Audio from bytes, without I/O: the decoding core of the player.
//!
//! [`Decoder`] is asked for audio and answers with what it needs: a place in the file to read from, or a block of
//! samples. It never opens, fetches or waits; the host does. What it gives is exact to the sample: the silence that
//! encoders add at both ends is taken off, and a seek goes to the sample that was asked for.
//!
//! ```text
//!   host ── feed(at, bytes) ──► Window ──► Demuxer ── packets ──► Codec ──► trimmed samples ──► host
//!     ▲                                        │
//!     └────────── Read { at, len } ◄───────────┘
//! ```
//!
//! A demuxer is a file of its own in `demux/`: the containers are ours, small, and hold nothing of the file but what
//! they must; the decoders are Symphonia's, and `ropus` for Opus. Memory does not grow with the length of a file,
//! but for the sample tables of MP4, which are bounded. Bytes are never trusted.
//!
//! Beside it, each a feature and a module of its own that a page downloads when it is wanted: [`Meter`] tells how a
//! track's sound looks and how loud it is, [`Resampler`] gives it another sample rate.

// What is cast has been bounded, or is sound, where the last bits do not matter.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]
// A module of one codec leaves parts unused that others need.
#![cfg_attr(
    not(all(
        feature = "mp3",
        feature = "flac",
        feature = "mp4",
        feature = "vorbis",
        feature = "opus",
        feature = "pcm"
    )),
    allow(dead_code, unused_imports)
)]

#[cfg(feature = "decode")]
mod codec;
#[cfg(feature = "decode")]
mod decoder;
#[cfg(feature = "decode")]
mod demux;
#[cfg(feature = "decode")]
mod error;
#[cfg(feature = "decode")]
mod gain;
#[cfg(feature = "measure")]
mod meter;
#[cfg(feature = "resample")]
mod resample;
#[cfg(feature = "decode")]
mod track;
mod wasm;
#[cfg(feature = "decode")]
mod window;

#[cfg(feature = "decode")]
pub use decoder::{Decoder, Progress};
#[cfg(feature = "decode")]
pub use error::Error;
#[cfg(feature = "decode")]
pub use gain::Gain;
#[cfg(feature = "measure")]
pub use meter::Meter;
#[cfg(feature = "resample")]
pub use resample::Resampler;
#[cfg(feature = "decode")]
pub use track::{CodecKind, Track};
