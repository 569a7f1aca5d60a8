//! What other systems would count, from the same intervals, so that figures can be compared.

use super::Facts;
use crate::intervals::{Interval, Intervals};
use crate::prelude::*;
use serde::{Deserialize, Serialize};

/// What other systems would count of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Comparison {
    /// A last.fm scrobble and a `ListenBrainz` listen: the track is longer than 30 s and was played for half of its length
    /// or for 4 minutes, whichever is less.
    pub listen: bool,
    /// A play as podcast measurement after IAB has it: 60 s or more of it.
    pub podcast_play: bool,
    /// The marks of the track that were heard, of 25, 50, 75 and 100 percent.
    pub percent: Vec<u8>,
    /// The track was played to its end.
    pub completed: bool,
}

const LISTEN_LEAST_TRACK_MS: u64 = 30_000;
const LISTEN_MS: u64 = 4 * 60_000;
const PODCAST_PLAY_MS: u64 = 60_000;
const MARKS: [u8; 4] = [25, 50, 75, 100];
/// Players stop a little before the announced end, and lengths are rounded.
const END_LEEWAY_MS: u64 = 1_000;

impl Comparison {
    /// Compares a session. Other systems know no rates: here everything that was heard counts, at any rate.
    pub fn of(facts: &Facts) -> Self {
        let mut heard = facts.heard.clone();
        heard.extend(facts.heard_at_odd_rates.as_slice().iter().copied());
        let listen = match facts.duration_ms {
            Some(track) => track > LISTEN_LEAST_TRACK_MS && facts.played_ms >= (track / 2).min(LISTEN_MS),
            None => facts.played_ms >= LISTEN_MS,
        };
        let track = facts.duration_ms.filter(|&track| track > 0);
        let percent = track.map_or_else(Vec::new, |track| {
            MARKS.into_iter().filter(|&mark| passes(&heard, track, u64::from(mark))).collect()
        });
        Self { listen, podcast_play: heard.total() >= PODCAST_PLAY_MS, completed: facts.completed, percent }
    }
}

/// Whether the point at `mark` percent of the track was heard.
fn passes(heard: &Intervals, track_ms: u64, mark: u64) -> bool {
    let point = track_ms.saturating_mul(mark) / 100;
    let point = if mark == 100 { point.saturating_sub(END_LEEWAY_MS) } else { point };
    heard.as_slice().iter().any(|&Interval(start, end)| start <= point && point <= end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(heard: &[(u64, u64)], played_s: u64, track_s: Option<u64>) -> Comparison {
        Comparison::of(&Facts {
            heard: heard.iter().map(|&(start, end)| Interval(start * 1000, end * 1000)).collect(),
            played_ms: played_s * 1000,
            duration_ms: track_s.map(|seconds| seconds * 1000),
            ..Facts::default()
        })
    }

    #[test]
    fn a_listen_is_half_of_the_track_or_four_minutes() {
        for (played, track, listen) in [
            (100, Some(200), true),
            (99, Some(200), false),
            (240, Some(3600), true),
            (239, Some(3600), false),
            (30, Some(30), false),
            (16, Some(31), true),
            (15, Some(31), false),
            (240, None, true),
            (239, None, false),
        ] {
            assert_eq!(compare(&[(0, played)], played, track).listen, listen, "{played} of {track:?}");
        }
    }

    #[test]
    fn a_podcast_play_is_a_minute_of_it_each_instant_once() {
        assert!(compare(&[(0, 60)], 60, Some(3600)).podcast_play);
        assert!(compare(&[(0, 20), (100, 140)], 60, Some(3600)).podcast_play);
        assert!(!compare(&[(0, 59)], 200, Some(3600)).podcast_play);
    }

    #[test]
    fn marks_are_points_that_were_heard() {
        let percent = |heard: &[(u64, u64)]| compare(heard, 1, Some(200)).percent;
        assert_eq!(percent(&[(0, 200)]), [25, 50, 75, 100]);
        assert_eq!(percent(&[(0, 199)]), [25, 50, 75, 100], "players stop a little early");
        assert_eq!(percent(&[(0, 198)]), [25, 50, 75]);
        assert_eq!(percent(&[(0, 49), (90, 120)]), [50], "what was skipped was not heard");
        assert_eq!(compare(&[(0, 200)], 1, None).percent, [] as [u8; 0]);
    }
}
