//! How a device moves, from its accelerometer or from what the platform says. Samples are counted into running sums and
//! are gone; what is kept for half a minute is one word for each five seconds.
//!
//! A phone lies in a pocket as it likes, so only the length of the acceleration is looked at. Its spread tells rest from
//! movement; how often it swings tells steps (walking: about two a second, running: about three, and harder) from the
//! shaking of a vehicle. That is a guess: where the platform recognises activities itself, give those.

use delistening_schema::event::{Activity, Motion};

/// Time after which samples are summed up to a word.
const WINDOW_MS: u64 = 5_000;
/// A pause that begins anew.
const GAP_MS: u64 = 1_000;
/// Words that a summary is made from.
const WINDOWS: usize = 6;
/// Steps cannot be seen by less than ten samples a second.
const LEAST_SAMPLES: u32 = 50;

/// Spread of the acceleration in m/s² below which nothing moves.
const STILL: f64 = 0.25;
/// The spread of steps, and of hard ones.
const STEPS: f64 = 0.8;
const HARD: f64 = 4.0;
/// Steps in a second.
const SLOWEST_STEP: f64 = 1.2;
const FASTEST_WALK: f64 = 2.4;
const FASTEST_STEP: f64 = 4.0;
/// A swing goes this far above its middle and this far below, in m/s².
const SWING: f64 = 0.4;
/// Gravity and drift are what stays over this time; what is over sooner than the other is noise.
const GRAVITY_MS: f64 = 2_000.0;
const NOISE_MS: f64 = 50.0;

/// Sums up how the device moves.
#[derive(Debug, Default)]
pub struct MotionSummary {
    window: Option<Window>,
    /// The newest first.
    words: [Option<Activity>; WINDOWS],
}

/// What is known of the samples since it began.
#[derive(Debug)]
struct Window {
    began_ms: u64,
    last_ms: u64,
    gravity: f64,
    smooth: f64,
    samples: u32,
    sum: f64,
    squares: f64,
    swings: u32,
    up: bool,
}

impl MotionSummary {
    /// Takes a sample of the accelerometer, gravity included, in m/s². Gives a summary when five seconds are over.
    pub fn acceleration(&mut self, mono_ms: u64, x: f64, y: f64, z: f64) -> Option<Motion> {
        let length = (x * x + y * y + z * z).sqrt();
        if !length.is_finite() {
            return None;
        }
        let Some(window) = self.window.as_mut().filter(|window| mono_ms <= window.last_ms + GAP_MS) else {
            self.window = Some(Window::begin(mono_ms, length));
            return None;
        };
        window.take(mono_ms, length);
        if mono_ms < window.began_ms + WINDOW_MS {
            return None;
        }
        let word = window.word();
        window.renew(mono_ms);
        self.words.rotate_right(1);
        self.words[0] = word;
        self.summary()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The word that stands most often, the newest of equals; its share is the confidence.
    fn summary(&self) -> Option<Motion> {
        let count = |activity| self.words.iter().filter(|&&word| word == Some(activity)).count();
        let mut best: Option<(Activity, usize)> = None;
        for activity in self.words.iter().copied().flatten() {
            let often = count(activity);
            if best.is_none_or(|(_, most)| often > most) {
                best = Some((activity, often));
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "at most six")]
        let share = |often: usize| often as f64 / WINDOWS as f64;
        best.map(|(activity, often)| Motion { activity, confidence: share(often) })
    }
}

impl Window {
    fn begin(mono_ms: u64, gravity: f64) -> Self {
        Self {
            began_ms: mono_ms,
            last_ms: mono_ms,
            gravity,
            smooth: 0.0,
            samples: 0,
            sum: 0.0,
            squares: 0.0,
            swings: 0,
            up: false,
        }
    }

    /// What is known of gravity, and where a swing is, goes on.
    fn renew(&mut self, mono_ms: u64) {
        (self.began_ms, self.samples, self.sum, self.squares, self.swings) = (mono_ms, 0, 0.0, 0.0, 0);
    }

    #[allow(clippy::cast_precision_loss, reason = "at most a second")]
    fn take(&mut self, mono_ms: u64, length: f64) {
        let passed = mono_ms.saturating_sub(self.last_ms) as f64;
        self.last_ms = mono_ms;
        self.gravity += (length - self.gravity) * passed / (GRAVITY_MS + passed);
        let rest = length - self.gravity;
        self.smooth += (rest - self.smooth) * passed / (NOISE_MS + passed);
        self.samples += 1;
        self.sum += rest;
        self.squares += rest * rest;
        if !self.up && self.smooth > SWING {
            self.up = true;
            self.swings += 1;
        } else if self.up && self.smooth < -SWING {
            self.up = false;
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "some seconds")]
    fn word(&self) -> Option<Activity> {
        if self.samples < LEAST_SAMPLES {
            return None;
        }
        let samples = f64::from(self.samples);
        let mean = self.sum / samples;
        let spread = (self.squares / samples - mean * mean).max(0.0).sqrt();
        let rhythm = f64::from(self.swings) * 1_000.0 / (self.last_ms - self.began_ms) as f64;
        Some(if spread < STILL {
            Activity::Still
        } else if spread >= HARD && (SLOWEST_STEP..=FASTEST_STEP).contains(&rhythm) {
            Activity::Running
        } else if spread >= STEPS && (SLOWEST_STEP..=FASTEST_WALK).contains(&rhythm) {
            Activity::Walking
        } else {
            Activity::Vehicle
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::f64::consts::TAU;

    /// Even noise from -1 to 1.
    struct Noise(u64);

    impl Noise {
        #[allow(clippy::cast_precision_loss)]
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as f64 / f64::from(1 << 30) - 1.0
        }
    }

    /// `seconds` at 50 samples a second of `swing` m/s² at `hertz` along gravity, and of noise, in a phone that lies as
    /// `turned` says; what the summary was last.
    #[allow(clippy::cast_precision_loss)]
    fn moved(
        summary: &mut MotionSummary,
        from_ms: u64,
        seconds: u64,
        (swing, hertz, noise): (f64, f64, f64),
        turned: [f64; 3],
    ) -> Option<Motion> {
        let mut random = Noise(7);
        let mut last = None;
        for sample in 0..seconds * 50 {
            let at = sample as f64 / 50.0;
            // The second harmonic of a step, as a heel gives it.
            let swings = (TAU * hertz * at).sin() + 0.3 * (2.0 * TAU * hertz * at).sin();
            let length = 9.81 + swing * swings + noise * random.next();
            let [x, y, z] = turned.map(|part| part * length);
            last = summary.acceleration(from_ms + sample * 20, x, y, z).or(last);
        }
        last
    }

    const WAYS: [[f64; 3]; 2] = [[0.0, 0.0, 1.0], [0.6, -0.48, 0.64]];

    #[test]
    fn activities_are_told_apart_however_the_phone_lies() {
        for turned in WAYS {
            for (movement, activity) in [
                ((0.0, 1.0, 0.1), Activity::Still),
                ((2.0, 1.8, 0.5), Activity::Walking),
                ((3.0, 2.1, 0.8), Activity::Walking),
                ((8.0, 2.8, 1.5), Activity::Running),
                ((0.3, 0.2, 1.2), Activity::Vehicle),
            ] {
                let motion = moved(&mut MotionSummary::default(), 0, 31, movement, turned).unwrap();
                assert_eq!((motion.activity, motion.confidence), (activity, 1.0), "{movement:?}");
            }
        }
    }

    #[test]
    fn a_change_is_believed_when_it_lasts() {
        let mut summary = MotionSummary::default();
        moved(&mut summary, 0, 31, (0.0, 1.0, 0.1), WAYS[0]);
        let soon = moved(&mut summary, 31_000, 6, (2.0, 1.8, 0.5), WAYS[0]).unwrap();
        assert_eq!(soon.activity, Activity::Still);
        assert!(soon.confidence < 1.0);
        let later = moved(&mut summary, 37_000, 20, (2.0, 1.8, 0.5), WAYS[0]).unwrap();
        assert_eq!(later.activity, Activity::Walking);
    }

    #[test]
    fn too_little_says_nothing() {
        let mut summary = MotionSummary::default();
        assert!(
            (0..40).all(|n| summary.acceleration(n * 500, 0.0, 0.0, 9.81).is_none()),
            "two samples a second"
        );
        assert_eq!(summary.acceleration(20_000, f64::NAN, 0.0, 0.0), None);
        assert!((0..400).all(|n| summary.acceleration(30_000 + n * 2_000, 0.0, 0.0, 9.81).is_none()));
    }
}
