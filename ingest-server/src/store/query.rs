//! What a store is asked, and what it answers.

use delistening_schema::play::{Counts, Subject};
use serde::{Deserialize, Serialize};

/// The step in which times are counted, in milliseconds: the finest in which the time zones of today differ.
pub const STEP_MS: u64 = 15 * 60 * 1000;

/// The last step that can be counted: in the year 2106, where ClickHouse's `DateTime` ends.
const LAST_STEP: u32 = u32::MAX / 900;

/// Which plays to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// All, those of a track, or those of an artist.
    pub subject: Subject,
    /// From this country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// On this platform.
    pub platform: Option<String>,
    /// Led to by this.
    pub source: Option<String>,
    /// From the device's own storage, or not.
    pub offline: Option<bool>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { subject: Subject::All, country: None, platform: None, source: None, offline: None }
    }
}

/// Where buckets begin and the last one ends, in steps since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds(Vec<u32>);

impl Bounds {
    /// One bucket of all time.
    pub fn all() -> Self {
        Self(vec![0, LAST_STEP])
    }

    /// Buckets between these times in milliseconds, which are rounded down to steps; `None` unless they rise.
    pub fn new(times: impl IntoIterator<Item = u64>) -> Option<Self> {
        let steps: Vec<u32> = times.into_iter().map(step_of).collect();
        let rise = steps.is_sorted_by(|one, next| one < next);
        (rise && steps.len() >= 2).then_some(Self(steps))
    }

    /// The bounds in steps: one more than there are buckets.
    pub fn steps(&self) -> &[u32] {
        &self.0
    }

    /// How many buckets there are.
    pub fn buckets(&self) -> usize {
        self.0.len() - 1
    }

    /// From the first bound to the last, in steps.
    ///
    /// # Panics
    /// Never: there are two bounds at least.
    pub fn range(&self) -> (u32, u32) {
        (self.0[0], *self.0.last().expect("two bounds"))
    }
}

/// The step that a time in milliseconds is in.
pub fn step_of(time_ms: u64) -> u32 {
    u32::try_from(time_ms / STEP_MS).unwrap_or(LAST_STEP).min(LAST_STEP)
}

/// When a step begins, in milliseconds.
pub fn time_of(step: u32) -> u64 {
    u64::from(step) * STEP_MS
}

/// Counts of a range, and of each of its buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// Of the range.
    pub total: Counts,
    /// Of each bucket, in order.
    pub buckets: Vec<Counts>,
}

/// What a list of the most played names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Tracks, of all plays or of an artist's.
    Track,
    /// Artists. Of all plays alone.
    Artist,
    /// Countries.
    Country,
    /// Platforms.
    Platform,
    /// What led to the plays.
    Source,
}

impl Dimension {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Artist => "artist",
            Self::Country => "country",
            Self::Platform => "platform",
            Self::Source => "source",
        }
    }

    /// Whether plays of this subject can be told apart by it: those of an artist by track, but not the other way round.
    pub const fn is_of(self, subject: &Subject) -> bool {
        match self {
            Self::Track => !matches!(subject, Subject::Track(_)),
            Self::Artist => matches!(subject, Subject::All),
            Self::Country | Self::Platform | Self::Source => true,
        }
    }
}

/// A place in a list of the most played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rank {
    /// Plays that count.
    pub valid: u64,
    /// The track, artist, country …
    pub id: String,
}

impl Rank {
    /// Whether one with `valid` plays comes after this place.
    pub fn is_before(&self, valid: u64, id: &str) -> bool {
        (valid, self.id.as_str()) < (self.valid, id)
    }
}

/// One line of a list of the most played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ranked {
    /// The track, artist, country …
    pub id: String,
    /// Its counts.
    #[serde(flatten)]
    pub counts: Counts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_rise() {
        assert_eq!(Bounds::new([STEP_MS, 2 * STEP_MS + 1]).unwrap().steps(), [1, 2]);
        for times in [vec![], vec![0], vec![0, STEP_MS - 1], vec![0, 2 * STEP_MS, STEP_MS]] {
            assert_eq!(Bounds::new(times.clone()), None, "{times:?}");
        }
    }

    #[test]
    fn fewer_plays_and_later_names_come_after() {
        let rank = Rank { valid: 2, id: "m".into() };
        let after = |valid, id| rank.is_before(valid, id);
        assert!(after(1, "a") && after(2, "n"));
        assert!(!after(3, "z") && !after(2, "m") && !after(2, "l"));
    }
}
