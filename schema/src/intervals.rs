//! Sets of half-open intervals of media time, in milliseconds.

use crate::json::{FromJson, Json, ToJson};
use crate::prelude::*;
use serde::{Deserialize, Serialize};

/// Half-open `[start, end)`, in milliseconds of media time. In JSON: `[start, end]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Interval(pub u64, pub u64);

impl Interval {
    /// The length, zero when the ends are the wrong way round.
    pub fn length(self) -> u64 {
        self.1.saturating_sub(self.0)
    }
}

/// A set of instants of media time, kept as ordered, disjoint, non-touching intervals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Interval>", into = "Vec<Interval>")]
pub struct Intervals(Vec<Interval>);

impl Intervals {
    /// Adds `[start, end)`, merging with what it touches. An empty interval adds nothing.
    pub fn insert(&mut self, interval: Interval) {
        let Interval(mut start, mut end) = interval;
        if start >= end {
            return;
        }
        let first = self.0.partition_point(|held| held.1 < start);
        let last = self.0.partition_point(|held| held.0 <= end);
        if first < last {
            start = start.min(self.0[first].0);
            end = end.max(self.0[last - 1].1);
        }
        self.0.splice(first..last, [Interval(start, end)]);
    }

    /// Takes every instant of `other` out of this set.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        for &Interval(mut start, end) in &self.0 {
            let from = other.0.partition_point(|cut| cut.1 <= start);
            for &Interval(cut_start, cut_end) in other.0[from..].iter().take_while(|cut| cut.0 < end) {
                if start < cut_start {
                    left.push(Interval(start, cut_start));
                }
                start = start.max(cut_end);
            }
            if start < end {
                left.push(Interval(start, end));
            }
        }
        Self(left)
    }

    /// How many milliseconds the set holds, each once.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|interval| interval.length()).sum()
    }

    /// The intervals, in order.
    pub fn as_slice(&self) -> &[Interval] {
        &self.0
    }

    /// Whether the set holds nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl ToJson for Interval {
    fn write_json(&self, out: &mut String) {
        [self.0, self.1].write_json(out);
    }
}

impl FromJson for Interval {
    fn from_json(json: Json<'_>) -> Option<Self> {
        let ends = Vec::from_json(json)?;
        <[u64; 2]>::try_from(ends).ok().map(|[start, end]| Self(start, end))
    }
}

impl ToJson for Intervals {
    fn write_json(&self, out: &mut String) {
        self.0.write_json(out);
    }
}

impl FromJson for Intervals {
    fn from_json(json: Json<'_>) -> Option<Self> {
        Vec::<Interval>::from_json(json).map(Self::from)
    }
}

impl FromIterator<Interval> for Intervals {
    fn from_iter<T: IntoIterator<Item = Interval>>(intervals: T) -> Self {
        let mut set = Self::default();
        for interval in intervals {
            set.insert(interval);
        }
        set
    }
}

impl Extend<Interval> for Intervals {
    fn extend<T: IntoIterator<Item = Interval>>(&mut self, intervals: T) {
        for interval in intervals {
            self.insert(interval);
        }
    }
}

impl From<Vec<Interval>> for Intervals {
    fn from(intervals: Vec<Interval>) -> Self {
        intervals.into_iter().collect()
    }
}

impl From<Intervals> for Vec<Interval> {
    fn from(set: Intervals) -> Self {
        set.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn instants(set: &Intervals) -> BTreeSet<u64> {
        set.as_slice().iter().flat_map(|&Interval(start, end)| start..end).collect()
    }

    fn some() -> impl Strategy<Value = Vec<(u64, u64)>> {
        prop::collection::vec((0_u64..60, 0_u64..60), 0..20)
    }

    proptest! {
        #[test]
        fn a_set_of_intervals_is_a_set_of_instants(a in some(), b in some()) {
            let set = |pairs: &[(u64, u64)]| pairs.iter().map(|&(s, e)| Interval(s, e)).collect::<Intervals>();
            let plain = |pairs: &[(u64, u64)]| pairs.iter().flat_map(|&(s, e)| s..e).collect::<BTreeSet<u64>>();
            let (left, right) = (set(&a), set(&b));
            prop_assert_eq!(instants(&left), plain(&a));
            prop_assert_eq!(left.total(), plain(&a).len() as u64);
            prop_assert!(left.as_slice().windows(2).all(|pair| pair[0].1 < pair[1].0));
            let difference: BTreeSet<u64> = plain(&a).difference(&plain(&b)).copied().collect();
            prop_assert_eq!(instants(&left.without(&right)), difference);
        }
    }
}
