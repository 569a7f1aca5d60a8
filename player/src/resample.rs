//! Another sample rate, by `rubato`'s windowed sinc: for tracks that follow on each other without a gap and are of
//! different rates. Frame `n` of what comes out stands exactly where frame `n * from / to` would be, and there is as much
//! of it as there was sound: what the filter delays and rings on with is taken off.

use audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{
    Async, FixedAsync, Resampler as _, SincInterpolationParameters, SincInterpolationType, WindowFunction,
};

/// Taps of the filter: what is left of aliases is below the 16th bit, and what is lost lies above 20 kHz.
const TAPS: usize = 128;
/// Frames that are worked on at once.
const CHUNK: usize = 1024;
/// The frame that a filter's output is of lies so far behind the last that went in.
const DELAY: usize = TAPS / 2;

/// Sound of one rate in, of another out. A track has one to itself.
pub struct Resampler {
    inner: Async<f32>,
    from: u64,
    to: u64,
    /// What went in and is not worked on yet.
    input: Vec<Vec<f32>>,
    output: Vec<Vec<f32>>,
    /// Frames of what would have sounded before the begin: without it, the begin would ring.
    before: usize,
    has_begun: bool,
    has_ended: bool,
    /// Frames of the filter's delay that are yet to be left out.
    skip: usize,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// From `from` frames per second to `to`, of `channels` channels; none where such rates cannot be.
    pub fn new(from: u32, to: u32, channels: usize) -> Option<Self> {
        let interpolation = SincInterpolationParameters::new(TAPS, WindowFunction::BlackmanHarris2)
            .interpolation(SincInterpolationType::Cubic)
            .oversampling_factor(256);
        let ratio = f64::from(to) / f64::from(from);
        let inner = Async::new_sinc(ratio, 1.0, &interpolation, CHUNK, channels, FixedAsync::Input).ok()?;
        // So many that a frame of the output falls on the first of the input.
        let step = (from / greatest_common_divisor(from, to)) as usize;
        let lead = (TAPS + DELAY).next_multiple_of(step.min(CHUNK));
        let before = lead - DELAY;
        let skip = (lead as f64 * ratio).round() as usize - 1;
        Some(Resampler {
            output: vec![Vec::new(); channels],
            input: vec![Vec::new(); channels],
            inner,
            from: u64::from(from),
            to: u64::from(to),
            before,
            has_begun: false,
            has_ended: false,
            skip,
            taken: 0,
            given: 0,
        })
    }

    /// Takes in the next frames: one plane of each channel.
    pub fn add(&mut self, planes: &[&[f32]]) {
        for (held, plane) in self.input.iter_mut().zip(planes) {
            held.extend_from_slice(plane);
        }
        self.taken += planes.first().map_or(0, |plane| plane.len()) as u64;
    }

    /// Nothing follows.
    pub fn end(&mut self) {
        if self.has_ended {
            return;
        }
        self.begin();
        self.has_ended = true;
        let last = self.held();
        for plane in &mut self.input {
            // Turned around its last sample, and so without a corner; then enough for what is still in the filter.
            let end = plane.last().copied().unwrap_or(0.0);
            let mirrored: Vec<f32> = (1..=TAPS)
                .map(|back| 2.0 * end - plane.get(last.wrapping_sub(1 + back)).unwrap_or(&end))
                .collect();
            plane.extend(mirrored);
            plane.resize(last + TAPS + 2 * CHUNK, end);
        }
    }

    fn held(&self) -> usize {
        self.input.first().map_or(0, Vec::len)
    }

    fn begin(&mut self) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        for plane in &mut self.input {
            let first = plane.first().copied().unwrap_or(0.0);
            let mirrored: Vec<f32> =
                (1..=self.before).rev().map(|at| 2.0 * first - plane.get(at).unwrap_or(&first)).collect();
            plane.splice(0..0, mirrored);
        }
    }

    /// Works on what is here: how many frames there are in [`Resampler::channel`]; none while more has to go in, and
    /// after the end.
    pub fn advance(&mut self) -> usize {
        for plane in &mut self.output {
            plane.clear();
        }
        if !self.has_begun && self.held() <= self.before && !self.has_ended {
            return 0;
        }
        self.begin();
        while self.held() >= CHUNK {
            let frames = self.work().unwrap_or(0);
            if frames > 0 {
                return frames;
            }
            if self.is_done() {
                return 0;
            }
        }
        0
    }

    fn is_done(&self) -> bool {
        self.has_ended && self.given >= self.wanted()
    }

    /// Frames that all that went in becomes.
    fn wanted(&self) -> u64 {
        u64::try_from((u128::from(self.taken) * u128::from(self.to)).div_ceil(u128::from(self.from)))
            .unwrap_or(u64::MAX)
    }

    fn work(&mut self) -> Option<usize> {
        let channels = self.input.len();
        let room = self.inner.output_frames_next();
        for plane in &mut self.output {
            plane.resize(room, 0.0);
        }
        let input = SequentialSliceOfVecs::new(&self.input, channels, CHUNK).ok()?;
        let mut output = SequentialSliceOfVecs::new_mut(&mut self.output, channels, room).ok()?;
        let (read, written) = self.inner.process_into_buffer(&input, &mut output, None).ok()?;
        let skip = self.skip.min(written);
        self.skip -= skip;
        let most = if self.has_ended { self.wanted().saturating_sub(self.given) } else { u64::MAX };
        let frames = (written - skip).min(usize::try_from(most).unwrap_or(usize::MAX));
        for plane in &mut self.input {
            plane.drain(..read);
        }
        for plane in &mut self.output {
            plane.truncate(skip + frames);
            plane.drain(..skip);
        }
        self.given += frames as u64;
        Some(frames)
    }

    /// The frames of a channel that [`Resampler::advance`] speaks of.
    pub fn channel(&self, channel: usize) -> &[f32] {
        self.output.get(channel).map(Vec::as_slice).unwrap_or_default()
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::Resampler;
    use std::f64::consts::TAU;

    fn tone(rate: u32, hertz: f64, from: f64, frames: usize) -> Vec<f32> {
        (0..frames)
            .map(|frame| (0.5 * (TAU * hertz * (from + frame as f64 / f64::from(rate))).sin()) as f32)
            .collect()
    }

    fn resample(sound: &[f32], from: u32, to: u32, piece: usize) -> Vec<f32> {
        let mut resampler = Resampler::new(from, to, 2).expect("rates that can be");
        let mut out = Vec::new();
        let mut take = |resampler: &mut Resampler| {
            loop {
                let frames = resampler.advance();
                if frames == 0 {
                    break;
                }
                assert_eq!(resampler.channel(0).len(), frames);
                assert_eq!(resampler.channel(0), resampler.channel(1));
                out.extend_from_slice(resampler.channel(0));
            }
        };
        for piece in sound.chunks(piece) {
            resampler.add(&[piece, piece]);
            take(&mut resampler);
        }
        resampler.end();
        take(&mut resampler);
        out
    }

    #[test]
    fn a_tone_stays_where_it_was_from_its_first_sample_to_its_last() {
        for (from, to) in
            [(44_100, 48_000), (48_000, 44_100), (96_000, 44_100), (22_050, 48_000), (8_000, 44_100)]
        {
            for piece in [100, 1_152, 100_000] {
                let frames = 30_011;
                let out = resample(&tone(from, 441.7, 0.0, frames), from, to, piece);
                let wanted = (frames as u64 * u64::from(to)).div_ceil(u64::from(from)) as usize;
                assert_eq!(out.len(), wanted, "{from} to {to}");
                // The filter's table is that much off.
                let expected = tone(to, 441.7, 1.0 / 256.0 / f64::from(from), wanted);
                let error = |range: std::ops::Range<usize>| {
                    range.map(|at| (out[at] - expected[at]).abs()).fold(0.0_f32, f32::max)
                };
                assert!(error(300..wanted - 300) < 2e-5, "{from} to {to}: {}", error(300..wanted - 300));
                // At the ends it is turned around, which is not what would have sounded there. It stays within a
                // quarter of what one sample more or less would make.
                let bound = 0.5 * TAU * 441.7 / f64::from(from) / 4.0;
                assert!(
                    f64::from(error(0..wanted)) < bound,
                    "{from} to {to}: {} at an end",
                    error(0..wanted)
                );
            }
        }
    }

    #[test]
    fn what_the_new_rate_cannot_hold_is_left_out() {
        let out = resample(&tone(96_000, 30_000.0, 0.0, 50_000), 96_000, 44_100, 4_096);
        let loudest = out[300..out.len() - 300].iter().fold(0.0_f32, |most, sample| most.max(sample.abs()));
        assert!(loudest < 2e-5, "{loudest}");
    }

    #[test]
    fn a_sound_shorter_than_the_filter_and_none_at_all_are_as_long_as_they_were() {
        assert_eq!(resample(&[0.5; 7], 44_100, 48_000, 7).len(), 8);
        assert_eq!(resample(&[], 44_100, 48_000, 1).len(), 0);
        assert!(Resampler::new(0, 48_000, 2).is_none());
    }
}
