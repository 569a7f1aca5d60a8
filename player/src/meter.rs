//! How high and how loud a track is: peaks for a waveform, integrated loudness and true peak by EBU R 128.

use ebur128::{EbuR128, Mode};

/// As many peaks as a screen can show, and no more: with twice as many, two become one.
const MOST_PEAKS: usize = 2048;
/// Frames of a peak at first.
const FIRST_STRETCH: u64 = 256;
/// What is told of silence, in place of minus infinity: the quietest that R 128 looks at.
const SILENCE_LUFS: f64 = -70.0;

/// Measures the sound of one track. Memory does not grow with its length.
pub struct Meter {
    loudness: Option<EbuR128>,
    channels: u32,
    frames: u64,
    peaks: Vec<f32>,
    /// Frames of each peak.
    stretch: u64,
}

impl Meter {
    /// A meter for sound of `channels` channels, in the order of WAV, at `sample_rate` frames per second.
    pub fn new(sample_rate: u32, channels: u16) -> Self {
        // The loudest blocks are counted in a histogram: their number does not grow.
        let mode = Mode::I | Mode::TRUE_PEAK | Mode::HISTOGRAM;
        let channels = u32::from(channels);
        Meter {
            loudness: EbuR128::new(channels, sample_rate, mode).ok(),
            channels,
            frames: 0,
            peaks: Vec::new(),
            stretch: FIRST_STRETCH,
        }
    }

    /// Takes in the next frames: one plane of each channel, all of one length.
    pub fn add(&mut self, planes: &[&[f32]]) {
        let frames = planes.iter().map(|plane| plane.len()).min().unwrap_or(0);
        // A damaged file may hold what is no number.
        let is_sound = planes.iter().all(|plane| plane.iter().all(|sample| sample.is_finite()));
        if let Some(loudness) = self.loudness.as_mut().filter(|_| is_sound) {
            // It fails for other channels than were said, which is a mistake of ours.
            let _ = loudness.add_frames_planar_f32(planes);
        }
        for frame in 0..frames {
            let peak = planes.iter().fold(0.0_f32, |peak, plane| peak.max(plane[frame].abs()));
            let place = usize::try_from(self.frames / self.stretch).unwrap_or(usize::MAX);
            match self.peaks.get_mut(place) {
                Some(held) => *held = held.max(peak),
                None => self.push(peak),
            }
            self.frames += 1;
        }
    }

    fn push(&mut self, peak: f32) {
        if self.peaks.len() < MOST_PEAKS {
            self.peaks.push(peak);
            return;
        }
        for place in 0..MOST_PEAKS / 2 {
            self.peaks[place] = self.peaks[place * 2].max(self.peaks[place * 2 + 1]);
        }
        self.peaks.truncate(MOST_PEAKS / 2);
        self.stretch *= 2;
        self.peaks.push(peak);
    }

    /// Frames that were taken in.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The highest samples of even stretches, 1 being full scale; at most two thousand of them.
    pub fn peaks(&self) -> &[f32] {
        &self.peaks
    }

    /// Integrated loudness in LUFS (ITU-R BS.1770, gated); -70 for silence.
    pub fn integrated_lufs(&self) -> f64 {
        let lufs = self.loudness.as_ref().and_then(|loudness| loudness.loudness_global().ok());
        lufs.filter(|lufs| lufs.is_finite()).unwrap_or(SILENCE_LUFS).max(SILENCE_LUFS)
    }

    /// The highest true peak of all channels in dBTP; -70 for silence.
    pub fn true_peak_dbtp(&self) -> f64 {
        let peak = self.loudness.as_ref().map_or(0.0, |loudness| {
            (0..self.channels).filter_map(|channel| loudness.true_peak(channel).ok()).fold(0.0, f64::max)
        });
        (20.0 * peak.log10()).max(SILENCE_LUFS)
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_PEAKS, Meter};
    use std::f32::consts::TAU;

    fn tone(rate: u32, hertz: f32, level: f32, phase: f32, seconds: usize) -> Vec<f32> {
        let frames = rate as usize * seconds;
        (0..frames).map(|frame| level * (TAU * hertz * frame as f32 / rate as f32 + phase).sin()).collect()
    }

    /// EBU Tech 3341, test 1: a stereo tone of 1 kHz at -23 dBFS is -23 LUFS.
    #[test]
    fn the_tone_of_ebu_tech_3341_has_its_loudness_at_every_rate() {
        for rate in [44_100, 48_000, 96_000] {
            let sound = tone(rate, 1000.0, 10_f32.powf(-23.0 / 20.0), 0.0, 20);
            let mut meter = Meter::new(rate, 2);
            for piece in sound.chunks(4096) {
                meter.add(&[piece, piece]);
            }
            assert!((meter.integrated_lufs() + 23.0).abs() < 0.1, "{} at {rate}", meter.integrated_lufs());
        }
    }

    /// EBU Tech 3341, test 16: between the samples it is 6 dB higher than at them.
    #[test]
    fn the_true_peak_lies_between_the_samples() {
        let sound = tone(48_000, 12_000.0, 0.5, TAU / 8.0, 1);
        let sample_peak = sound.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let mut meter = Meter::new(48_000, 1);
        meter.add(&[&sound]);
        assert!(sample_peak < 0.36);
        assert!((-6.4..-5.8).contains(&meter.true_peak_dbtp()), "{}", meter.true_peak_dbtp());
    }

    #[test]
    fn silence_and_nothing_have_figures_too() {
        let mut meter = Meter::new(44_100, 2);
        assert_eq!((meter.integrated_lufs(), meter.true_peak_dbtp()), (-70.0, -70.0));
        let silence = vec![0.0; 100_000];
        meter.add(&[&silence, &silence]);
        meter.add(&[&[f32::NAN; 100], &[f32::INFINITY; 100]]);
        assert_eq!((meter.integrated_lufs(), meter.true_peak_dbtp()), (-70.0, -70.0));
    }

    #[test]
    fn peaks_are_bounded_and_stand_where_the_sound_is() {
        let mut meter = Meter::new(44_100, 1);
        let mut sound = vec![0.1_f32; 3_000_000];
        sound[2_000_000] = -0.9;
        for piece in sound.chunks(1_111) {
            meter.add(&[piece]);
        }
        let peaks = meter.peaks();
        assert!((MOST_PEAKS / 2..=MOST_PEAKS).contains(&peaks.len()), "{}", peaks.len());
        let highest = peaks.iter().position(|peak| *peak > 0.5).expect("a peak");
        let place = highest as f64 / peaks.len() as f64;
        assert!((place - 2.0 / 3.0).abs() < 0.002, "{place}");
        assert_eq!(peaks.iter().filter(|peak| **peak > 0.5).count(), 1);
    }
}
