//! What JavaScript uses. Samples are read out of the module's memory and written into it, without a copy in between.

#[cfg(feature = "decode")]
mod audio;
#[cfg(feature = "measure")]
mod meter;
#[cfg(feature = "resample")]
mod resampler;

/// Where samples lie in the module's memory, as an index of 32-bit floats.
#[cfg(any(feature = "decode", feature = "measure", feature = "resample"))]
fn place(samples: &[f32]) -> usize {
    samples.as_ptr().addr() / size_of::<f32>()
}
