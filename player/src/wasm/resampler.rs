//! The resampler for JavaScript.

use crate::Resampler as Resampled;
use wasm_bindgen::prelude::wasm_bindgen;

/// Stereo sound of one rate in, of another out.
#[wasm_bindgen]
pub struct Resampler {
    resampler: Resampled,
    input: [Vec<f32>; 2],
}

#[wasm_bindgen]
impl Resampler {
    /// From `from` frames per second to `to`; none where such rates cannot be.
    pub fn open(from: u32, to: u32) -> Option<Resampler> {
        Some(Resampler { resampler: Resampled::new(from, to, 2)?, input: [Vec::new(), Vec::new()] })
    }

    /// Where `frames` samples of a channel are to be written, as an index of 32-bit floats. Asked for right before each
    /// is written: memory may move.
    pub fn room(&mut self, channel: usize, frames: usize) -> usize {
        for plane in &mut self.input {
            plane.resize(frames, 0.0);
        }
        self.input.get(channel).map_or(0, |plane| super::place(plane))
    }

    /// Takes in the frames that were written.
    pub fn add(&mut self, frames: usize) {
        let [left, right] = &self.input;
        self.resampler.add(&[&left[..frames.min(left.len())], &right[..frames.min(right.len())]]);
    }

    /// Nothing follows.
    pub fn end(&mut self) {
        self.resampler.end();
    }

    /// How many frames are ready; none while more has to go in, and after the end.
    pub fn advance(&mut self) -> usize {
        self.resampler.advance()
    }

    /// Where the samples of a channel that are ready lie, as an index of 32-bit floats.
    pub fn samples(&self, channel: usize) -> usize {
        super::place(self.resampler.channel(channel))
    }
}
