//! The meter for JavaScript.

use crate::Meter as Measured;
use wasm_bindgen::prelude::wasm_bindgen;

/// Measures the sound of one track, from its begin to its end.
#[wasm_bindgen]
pub struct Meter {
    meter: Measured,
    input: Vec<Vec<f32>>,
}

#[wasm_bindgen]
impl Meter {
    /// A meter for sound of `channels` channels, in the order of WAV, at `rate` frames per second.
    #[wasm_bindgen(constructor)]
    pub fn new(rate: u32, channels: u16) -> Meter {
        Meter { meter: Measured::new(rate, channels), input: vec![Vec::new(); usize::from(channels)] }
    }

    /// Where `frames` samples of a channel are to be written, as an index of 32-bit floats. Asked for right before each
    /// is written: memory may move.
    pub fn room(&mut self, channel: usize, frames: usize) -> usize {
        // All at once, so that what was asked for first stays where it is.
        for plane in &mut self.input {
            plane.resize(frames, 0.0);
        }
        self.input.get(channel).map_or(0, |plane| super::place(plane))
    }

    /// Takes in the frames that were written.
    pub fn add(&mut self, frames: usize) {
        let planes: Vec<&[f32]> = self.input.iter().map(|plane| &plane[..frames.min(plane.len())]).collect();
        self.meter.add(&planes);
    }

    /// Frames that were taken in.
    #[wasm_bindgen(getter)]
    pub fn frames(&self) -> f64 {
        self.meter.frames() as f64
    }

    /// The highest samples of even stretches, 1 being full scale.
    pub fn peaks(&self) -> Vec<f32> {
        self.meter.peaks().to_vec()
    }

    /// Integrated loudness in LUFS.
    pub fn integrated(&self) -> f64 {
        self.meter.integrated_lufs()
    }

    /// The highest true peak in dBTP.
    pub fn true_peak(&self) -> f64 {
        self.meter.true_peak_dbtp()
    }
}
