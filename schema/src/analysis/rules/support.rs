//! Plays to try rules on.

use crate::analysis::{Analysis, Scope, Trace};
use crate::intake::IntakeContext;
use crate::intervals::{Interval, Intervals};
use crate::play::Status;
use crate::{DeviceId, Hash};
use std::collections::BTreeSet;
use uuid::Uuid;

pub const SECOND: u64 = 1_000;
pub const MINUTE: u64 = 60 * SECOND;
pub const HOUR: u64 = 60 * MINUTE;
/// A Thursday.
pub const BEGIN: u64 = 2_900 * 7 * 24 * HOUR;

/// An honest play of 3 minutes that begins `at` after a Thursday's midnight.
pub fn play(number: u64, at: u64) -> Trace {
    lasting(number, at, 3 * MINUTE)
}

pub fn lasting(number: u64, at: u64, length: u64) -> Trace {
    let begin = BEGIN + at;
    Trace {
        device: device(1),
        session: Uuid::from_u128(u128::from(number)),
        listener: "listener-1".into(),
        track: format!("track-{}", number % 40),
        artist: Some(format!("artist-{}", number % 12)),
        status: if length >= 30_000 { Status::Valid } else { Status::Short },
        begin,
        spans: Intervals::from(vec![Interval(begin, begin + length)]),
        heard_ms: length,
        enough_ms: 30_000,
        needed_ms: length,
        silent_ms: 0,
        hidden: false,
        autoplay: false,
        acts: 0,
        clock_back_ms: 0,
        outside_ms: 0,
        crowded_percent: 90,
        places: Vec::new(),
        context: IntakeContext { issuer: "i".into(), client: "browser".into(), ..IntakeContext::default() },
        gaps: BTreeSet::new(),
        forks: BTreeSet::new(),
    }
}

pub fn device(number: u8) -> DeviceId {
    DeviceId(Hash::of(&[number]))
}

/// How many of `plays` the rule `code` marks.
pub fn marked(code: &str, scope: Scope, plays: &[Trace]) -> usize {
    let mut plays: Vec<&Trace> = plays.iter().collect();
    plays.sort_by_key(|play| (play.begin, play.device, play.session));
    assert!(Analysis::v1().rules().any(|rule| rule.scope() == scope && rule.signal().code == code));
    Analysis::v1().examine(scope, &plays).iter().filter(|marks| marks.contains(code)).count()
}

/// `count` plays, one after the other, each as `make` makes it of its number and begin.
pub fn row(count: u64, every: u64, make: impl Fn(u64, u64) -> Trace) -> Vec<Trace> {
    (0..count).map(|number| make(number, number * every)).collect()
}
