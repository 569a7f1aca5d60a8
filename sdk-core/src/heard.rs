//! The media intervals that were really heard: rendered, audible, not stalled.

use crate::prelude::*;
use delistening_schema::{Intervals, intervals::Interval};

/// How much further than the clock allows a position may be before it is taken for a seek nobody reported.
const LEEWAY_MS: f64 = 250.0;
const LEEWAY_SHARE: f64 = 1.02;
/// How long playback goes on unseen at most and is still taken for granted: beyond that, the machine may have slept.
const UNSEEN_MS: u64 = 400;
/// How long what was told of the position counts as the present.
const PRESENT_MS: u64 = 50;

/// Follows the position of one session.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Where sound has been coming out since, if it does.
    from: Option<Point>,
    /// Heard since it was last taken, in the order it was rendered.
    recent: Vec<Interval>,
    recent_silent_ms: u64,
    all: Intervals,
    played_ms: u64,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    position_ms: u64,
    mono_ms: u64,
}

impl Heard {
    /// Sound comes out from `position_ms` on.
    pub fn start(&mut self, position_ms: u64, mono_ms: u64) {
        self.from = Some(Point { position_ms, mono_ms });
    }

    /// Sound no longer comes out.
    pub fn stop(&mut self) {
        self.from = None;
    }

    /// Playback has come to `position_ms` at `rate`. What lies between is heard if `audible`; a position
    /// that playing could not have reached in the time that passed is a jump, and nothing was heard of it.
    #[allow(clippy::cast_precision_loss)]
    pub fn advance(&mut self, position_ms: u64, mono_ms: u64, rate: f64, audible: bool) {
        let Some(from) = self.from.replace(Point { position_ms, mono_ms }) else {
            self.from = None;
            return;
        };
        let elapsed = mono_ms.saturating_sub(from.mono_ms) as f64;
        let moved = position_ms.saturating_sub(from.position_ms);
        if moved == 0 || moved as f64 > elapsed * rate * LEEWAY_SHARE + LEEWAY_MS {
            return;
        }
        if !audible {
            self.recent_silent_ms += moved;
            return;
        }
        let interval = Interval(from.position_ms, position_ms);
        self.all.insert(interval);
        self.played_ms += moved;
        match self.recent.last_mut() {
            Some(last) if last.1 == interval.0 => last.1 = interval.1,
            _ => self.recent.push(interval),
        }
    }

    /// Whether it was just told where playback is, or none goes on.
    pub fn is_known(&self, mono_ms: u64) -> bool {
        self.from.is_none_or(|from| mono_ms.saturating_sub(from.mono_ms) <= PRESENT_MS)
    }

    /// Where playback should be by now, for a change that comes without a position; `None` if too long ago was it
    /// last known to go on.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    pub fn expected(&self, mono_ms: u64, rate: f64) -> Option<u64> {
        let from = self.from?;
        let elapsed = mono_ms.saturating_sub(from.mono_ms);
        (elapsed <= UNSEEN_MS).then(|| from.position_ms + (elapsed as f64 * rate) as u64)
    }

    /// What was heard, and rendered inaudibly in milliseconds, since this was last asked.
    pub fn take_recent(&mut self) -> (Vec<Interval>, u64) {
        (core::mem::take(&mut self.recent), core::mem::take(&mut self.recent_silent_ms))
    }

    /// Whether there is anything to take.
    pub fn has_recent(&self) -> bool {
        !self.recent.is_empty() || self.recent_silent_ms > 0
    }

    /// Everything heard, each instant once.
    pub fn all(&self) -> &Intervals {
        &self.all
    }

    /// Everything heard, repeats included, in milliseconds.
    pub fn played_ms(&self) -> u64 {
        self.played_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_playback_is_one_interval() {
        let mut heard = Heard::default();
        heard.start(0, 100);
        for step in 1..=40 {
            heard.advance(step * 250, 100 + step * 250, 1.0, true);
        }
        assert_eq!(heard.take_recent(), (vec![Interval(0, 10_000)], 0));
        assert_eq!(heard.played_ms(), 10_000);
    }

    #[test]
    fn a_loop_is_heard_once_and_played_twice() {
        let mut heard = Heard::default();
        for round in 0..2 {
            heard.start(0, round * 5_000);
            heard.advance(5_000, (round + 1) * 5_000, 1.0, true);
        }
        assert_eq!((heard.all().total(), heard.played_ms()), (5_000, 10_000));
        assert_eq!(heard.take_recent().0, [Interval(0, 5_000), Interval(0, 5_000)]);
    }

    #[test]
    fn a_jump_that_nobody_reported_is_not_heard() {
        let mut heard = Heard::default();
        heard.start(0, 0);
        heard.advance(1_000, 1_000, 1.0, true);
        heard.advance(90_000, 1_250, 1.0, true);
        heard.advance(90_500, 1_750, 1.0, true);
        heard.advance(10_000, 2_000, 1.0, true);
        heard.advance(11_000, 3_000, 1.0, true);
        assert_eq!(
            heard.take_recent().0,
            [Interval(0, 1_000), Interval(90_000, 90_500), Interval(10_000, 11_000)]
        );
    }

    #[test]
    fn a_throttled_tab_still_counts_what_it_played() {
        let mut heard = Heard::default();
        heard.start(0, 0);
        heard.advance(60_000, 60_000, 1.0, true);
        heard.advance(180_000, 120_000, 2.0, true);
        assert_eq!(heard.all().total(), 180_000);
    }

    #[test]
    fn silence_is_told_apart() {
        let mut heard = Heard::default();
        heard.start(0, 0);
        heard.advance(1_000, 1_000, 1.0, false);
        heard.advance(2_000, 2_000, 1.0, true);
        heard.stop();
        heard.advance(3_000, 3_000, 1.0, true);
        assert_eq!(heard.take_recent(), (vec![Interval(1_000, 2_000)], 1_000));
    }
}
