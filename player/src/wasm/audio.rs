//! The decoder for JavaScript.

// The bindings' own code for an enumeration compares numbers of JavaScript.
#![allow(clippy::float_cmp)]

use crate::{Decoder, Error, Progress};
use wasm_bindgen::prelude::wasm_bindgen;

/// What [`Audio::advance`] answers.
#[wasm_bindgen]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Bytes are needed: `at` and `len` say which.
    Read,
    /// The track is known.
    Opened,
    /// Samples are ready: `at` is the frame that they begin with, `len` how many there are.
    Audio,
    /// There is no more.
    End,
    /// It is of no kind that this module decodes.
    Unsupported,
    /// It is damaged.
    Damaged,
}

/// A decoder of one file.
#[wasm_bindgen]
#[derive(Default)]
pub struct Audio {
    decoder: Decoder,
    at: u64,
    len: usize,
    error: Option<Error>,
}

#[wasm_bindgen]
impl Audio {
    /// A decoder that has seen nothing of its file.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Audio {
        Audio::default()
    }

    /// Gives bytes from byte `at` on; none where the file ends.
    pub fn feed(&mut self, at: f64, bytes: &[u8]) {
        self.decoder.feed(at as u64, bytes);
    }

    /// Tells the length of the file in bytes.
    pub fn length(&mut self, bytes: f64) {
        self.decoder.set_length(bytes as u64);
    }

    /// Takes the last bytes of the file.
    pub fn tail(&mut self, bytes: &[u8]) {
        self.decoder.tail(bytes);
    }

    /// Goes to a frame.
    pub fn seek(&mut self, frame: f64) {
        self.decoder.seek(frame as u64);
    }

    /// Goes on until there are samples or bytes are needed.
    pub fn advance(&mut self) -> State {
        (self.at, self.len) = (0, 0);
        match self.decoder.advance() {
            Ok(Progress::Read { at, len }) => {
                (self.at, self.len) = (at, len);
                State::Read
            }
            Ok(Progress::Opened) => State::Opened,
            Ok(Progress::Audio { frame, frames }) => {
                (self.at, self.len) = (frame, frames);
                State::Audio
            }
            Ok(Progress::End) => State::End,
            Err(error) => {
                self.error = Some(error);
                match error {
                    Error::UnknownFormat | Error::Unsupported(_) => State::Unsupported,
                    Error::Damaged(_) => State::Damaged,
                }
            }
        }
    }

    /// The byte that is needed, or the frame that samples begin with.
    #[wasm_bindgen(getter)]
    pub fn at(&self) -> f64 {
        self.at as f64
    }

    /// How many bytes are needed, or frames are ready.
    #[wasm_bindgen(getter)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Where the samples of a channel lie in the module's memory, as an index of 32-bit floats.
    pub fn samples(&self, channel: usize) -> usize {
        super::place(self.decoder.channel(channel))
    }

    /// Frames per second; 0 before the track is known.
    #[wasm_bindgen(getter)]
    pub fn rate(&self) -> u32 {
        self.decoder.track().map_or(0, |track| track.sample_rate)
    }

    /// Channels; 0 before the track is known.
    #[wasm_bindgen(getter)]
    pub fn channels(&self) -> u16 {
        self.decoder.track().map_or(0, |track| track.channels)
    }

    /// Frames of music, once known.
    #[wasm_bindgen(getter)]
    pub fn frames(&self) -> Option<f64> {
        self.decoder.track()?.frames.map(|frames| frames as f64)
    }

    /// Decibels, then peak, of the track and of its album, as the file's tags say; NaN for what they do not.
    pub fn gain(&self) -> Vec<f32> {
        let gain = self.decoder.track().map(|track| track.gain).unwrap_or_default();
        [gain.track_db, gain.track_peak, gain.album_db, gain.album_peak]
            .map(|part| part.unwrap_or(f32::NAN))
            .to_vec()
    }

    /// Why it cannot be played, in a sentence.
    #[wasm_bindgen(getter)]
    pub fn error(&self) -> Option<String> {
        self.error.map(|error| error.to_string())
    }
}
