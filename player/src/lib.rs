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

mod codec;
mod decoder;
mod demux;
mod error;
mod gain;
mod track;
mod wasm;
mod window;

pub use decoder::{Decoder, Progress};
pub use error::Error;
pub use gain::Gain;
pub use track::{CodecKind, Track};
