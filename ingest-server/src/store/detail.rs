//! What is asked of plays beyond their number: where in a track people listen, and why plays were set apart.

use delistening_schema::event::{Body, Event};
use delistening_schema::intervals::{Interval, Intervals};
use delistening_schema::play::{Play, Status};
use serde::Serialize;

/// Equal parts in which a track's length is looked at.
pub const PARTS: usize = 100;

/// Where along the length of what was played people begin, listen and stop, in a hundred equal parts.
///
/// Of sessions that are valid or short, since who skips early is short, and that tell the track's length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retention {
    /// How many sessions those are.
    pub sessions: u64,
    /// The median of the lengths that they tell, in milliseconds; 0 without any.
    pub length_ms: u64,
    /// How many heard some of each part.
    pub heard: Vec<u64>,
    /// In how many it is the first part of which some was heard.
    pub started: Vec<u64>,
    /// In how many it is the last one.
    pub ended: Vec<u64>,
}

impl Default for Retention {
    fn default() -> Self {
        let none = vec![0; PARTS];
        Self { sessions: 0, length_ms: 0, heard: none.clone(), started: none.clone(), ended: none }
    }
}

impl Retention {
    /// Whether a session of this worth is looked at.
    pub const fn is_of(status: Status) -> bool {
        matches!(status, Status::Valid | Status::Short)
    }

    /// Counts a session that heard `heard` of a track of `length_ms`.
    pub(super) fn count(&mut self, length_ms: u64, heard: &Intervals) {
        if length_ms == 0 {
            return;
        }
        self.sessions += 1;
        let mut parts = [false; PARTS];
        for &Interval(start, end) in heard.as_slice() {
            let first = part(start * PARTS as u64 / length_ms);
            let end = part((end * PARTS as u64).div_ceil(length_ms));
            parts[first.min(end)..end].fill(true);
        }
        for (count, part) in self.heard.iter_mut().zip(parts) {
            *count += u64::from(part);
        }
        if let Some(first) = parts.iter().position(|part| *part) {
            self.started[first] += 1;
        }
        if let Some(last) = parts.iter().rposition(|part| *part) {
            self.ended[last] += 1;
        }
    }

    /// Says how long the track is, by the lengths that sessions tell.
    pub(super) fn measure(&mut self, mut lengths: Vec<u64>) {
        let middle = lengths.len() / 2;
        if let Some(length) = lengths.get(middle).is_some().then(|| *lengths.select_nth_unstable(middle).1) {
            self.length_ms = length;
        }
    }
}

fn part(number: u64) -> usize {
    usize::try_from(number).unwrap_or(PARTS).min(PARTS)
}

/// What events tell of where in a track was listened, whatever their order and however often each is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The track's length in milliseconds.
    pub length_ms: u64,
    /// What was heard, at any rate.
    pub heard: Intervals,
}

impl Told {
    pub fn take<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        for event in events {
            match &event.body {
                Body::Started(started) => {
                    self.length_ms = self.length_ms.max(started.duration_ms.unwrap_or_default());
                }
                Body::Progress(progress) => self.heard.extend(progress.heard.iter().copied()),
                Body::Ended(ended) => self.heard.extend(ended.heard.as_slice().iter().copied()),
                _ => {}
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.length_ms == 0 && self.heard.is_empty()
    }
}

/// How many sessions have a worth for one reason; a session may have several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reason {
    /// What they are worth.
    pub status: &'static str,
    /// A reason of the play rule or, of what is suspect, a signal of the analysis.
    pub reason: String,
    /// How many there are.
    pub sessions: u64,
}

impl Reason {
    /// Why a play that does not count is worth what it is.
    pub fn codes(play: &Play) -> Vec<&str> {
        match (play.verdict.status, &play.verdict.suspicion) {
            (Status::Valid, _) => Vec::new(),
            (Status::Suspect, Some(suspicion)) => suspicion.signals.iter().map(String::as_str).collect(),
            _ => play.verdict.reasons.iter().map(|reason| reason.as_str()).collect(),
        }
    }

    /// The most frequent first, and then by name.
    pub(super) fn sort(reasons: &mut [Self]) {
        reasons.sort_by(|one, other| {
            (other.sessions, one.status, &one.reason).cmp(&(one.sessions, other.status, &other.reason))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(spans: &[(u64, u64)]) -> Intervals {
        spans.iter().map(|&(start, end)| Interval(start, end)).collect()
    }

    #[test]
    fn parts_are_those_of_which_some_was_heard() {
        let mut retention = Retention::default();
        for spans in [&[(0, 1)][..], &[(0, 2_000), (100_000, 102_001)], &[(199_999, 300_000)], &[]] {
            retention.count(200_000, &heard(spans));
        }
        retention.count(0, &heard(&[(0, 1)]));
        let some = |counts: &[u64]| -> Vec<(usize, u64)> {
            counts.iter().copied().enumerate().filter(|(_, count)| *count > 0).collect()
        };
        assert_eq!(retention.sessions, 4);
        assert_eq!(some(&retention.heard), [(0, 2), (50, 1), (51, 1), (99, 1)]);
        assert_eq!(some(&retention.started), [(0, 2), (99, 1)]);
        assert_eq!(some(&retention.ended), [(0, 1), (51, 1), (99, 1)]);
    }

    #[test]
    fn the_length_is_that_in_the_middle() {
        for (lengths, median) in [(vec![], 0), (vec![3], 3), (vec![3, 1, 2], 2), (vec![4, 1, 3, 2], 3)] {
            let mut retention = Retention::default();
            retention.measure(lengths);
            assert_eq!(retention.length_ms, median);
        }
    }
}
