//! Version 1 of the play rule. Never changed: a change is a new version.

use super::{Facts, Reason, Status, Verdict};
use crate::prelude::*;

/// This version.
pub const VERSION: u32 = 1;

/// What the rule says, as it is published in the ledger before its first use.
pub const TEXT: &str = "\
A session is a valid play when at least 30 s of the track were heard, or at least half of a track shorter \
than 60 s. Heard means rendered, not muted, at a volume above zero and not stalled; each instant of media \
time counts once, and only when played at a rate between 0.5 and 2. The time that hearing took must fit, \
with a leeway of 2 s and 2 %, in the time that passed on the device's monotonic clock and, where the \
device had verified a checkpoint before the session, in the time between that checkpoint and the server's \
receipt; a session that does not fit is invalid. A session with enough rendered but too little heard is \
muted; any other is short.";

const ENOUGH_MS: u64 = 30_000;
const SHORT_TRACK_MS: u64 = 60_000;

fn short_track(duration_ms: Option<u64>) -> Option<u64> {
    duration_ms.filter(|&duration| duration < SHORT_TRACK_MS)
}

/// How much of a track must be heard, in milliseconds.
pub fn enough_ms(duration_ms: Option<u64>) -> u64 {
    short_track(duration_ms).map_or(ENOUGH_MS, |duration| duration.div_ceil(2).max(1))
}

/// Judges a session.
pub fn judge(facts: &Facts) -> Verdict {
    let heard_ms = facts.heard_ms();
    let short_track = short_track(facts.duration_ms);
    let enough_ms = enough_ms(facts.duration_ms);
    let mut reasons = Vec::new();
    if !facts.heard_at_odd_rates.is_empty() {
        reasons.push(Reason::RateOutOfRange);
    }
    let exceeds = |passed_ms: u64| facts.needed_ms > passed_ms + passed_ms / 50 + 2_000;
    let contradictions = [
        (exceeds(facts.device_ms), Reason::ExceedsDeviceTime),
        (facts.signed_ms.is_some_and(exceeds), Reason::ExceedsSignedTime),
    ];
    let contradicted = contradictions.iter().any(|(found, _)| *found);
    reasons.extend(contradictions.iter().filter(|(found, _)| *found).map(|(_, reason)| *reason));
    let status = if contradicted {
        Status::Invalid
    } else if heard_ms >= enough_ms {
        reasons.push(if short_track.is_some() { Reason::HeardHalf } else { Reason::HeardLongEnough });
        Status::Valid
    } else if heard_ms + facts.silent_ms >= enough_ms && facts.silent_ms > 0 {
        reasons.push(Reason::NotAudible);
        Status::Muted
    } else {
        reasons.push(Reason::HeardTooLittle);
        Status::Short
    };
    Verdict { rule: VERSION, status, reasons, heard_ms, played_ms: facts.played_ms, suspicion: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervals::{Interval, Intervals};

    fn facts(heard: &[(u64, u64)], duration_ms: Option<u64>) -> Facts {
        let heard: Intervals = heard.iter().map(|&(start, end)| Interval(start, end)).collect();
        let total = heard.total();
        Facts { duration_ms, heard, played_ms: total, needed_ms: total, device_ms: total, ..Facts::default() }
    }

    #[test]
    fn the_thresholds_are_where_the_text_says() {
        for (heard, duration, status) in [
            (&[(0, 30_000)][..], Some(200_000), Status::Valid),
            (&[(0, 29_999)], Some(200_000), Status::Short),
            (&[(0, 15_000), (100_000, 115_000)], Some(200_000), Status::Valid),
            (&[(0, 30_000)], None, Status::Valid),
            (&[(0, 6_000)], Some(12_000), Status::Valid),
            (&[(0, 5_999)], Some(12_000), Status::Short),
            (&[(0, 29_999)], Some(59_999), Status::Short),
            (&[(0, 30_000)], Some(59_999), Status::Valid),
            (&[(0, 30_000)], Some(60_000), Status::Valid),
            (&[(0, 5_000), (12_000, 14_000)], Some(12_000), Status::Short),
            (&[], None, Status::Short),
        ] {
            assert_eq!(judge(&facts(heard, duration)).status, status, "{heard:?} of {duration:?}");
        }
    }

    #[test]
    fn heard_time_must_fit_in_the_time_that_passed() {
        let honest = facts(&[(0, 40_000)], Some(200_000));
        let quick = Facts { device_ms: 35_000, ..honest.clone() };
        assert_eq!(judge(&quick).reasons, [Reason::ExceedsDeviceTime]);
        let bracketed = Facts { signed_ms: Some(30_000), ..honest.clone() };
        assert_eq!(judge(&bracketed).status, Status::Invalid);
        let roomy = Facts { signed_ms: Some(39_000), ..honest };
        assert_eq!(judge(&roomy).status, Status::Valid);
    }

    #[test]
    fn what_is_not_audible_or_at_an_odd_rate_does_not_count() {
        let muted = Facts { silent_ms: 40_000, ..facts(&[], Some(200_000)) };
        assert_eq!(judge(&muted).status, Status::Muted);
        let hasty = Facts {
            heard_at_odd_rates: Intervals::from(vec![Interval(0, 90_000)]),
            ..facts(&[(0, 10_000)], Some(200_000))
        };
        let verdict = judge(&hasty);
        assert_eq!((verdict.status, verdict.heard_ms), (Status::Short, 10_000));
        assert_eq!(verdict.reasons, [Reason::RateOutOfRange, Reason::HeardTooLittle]);
    }
}
