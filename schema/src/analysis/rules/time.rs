//! What time allows: one sound at a time, one place at a time, clocks that go forward.

use super::{BuiltIn, HOUR_MS, Mark, each};
use crate::analysis::{Place, Scope, Trace};
use crate::intervals::Interval;
use std::collections::{BTreeMap, BTreeSet};

/// Crossfades are shorter.
const OVERLAP_LEAST_MS: u64 = 20_000;
const OVERLAPS: usize = 10;
const OVERLAPS_ONE_IN: usize = 4;
const CLOCK_BACK_MS: u64 = 30_000;
const CLOCK_JUMPS: usize = 3;
const CLOCK_JUMPS_ONE_IN: usize = 5;
/// Faster than an airliner with the wind.
const FASTEST_KM_H: f64 = 1_300.0;
const TRAVEL_LEAST_KM: f64 = 300.0;
const ACTIVE_HOUR_MS: u64 = 20 * 60 * 1000;
const ACTIVE_HOURS: usize = 23;

pub(super) const RULES: &[BuiltIn] = &[
    BuiltIn {
        code: "overlap",
        weight: 30,
        scope: Scope::Device,
        text: "For half of it, and 20 s or more, another session was heard on the same device.",
        examine: overlap,
    },
    BuiltIn {
        code: "overlaps",
        weight: 100,
        scope: Scope::Device,
        text: "It overlaps, as do 10 or more sessions of the device in the week, and 1 in 4 of them.",
        examine: overlaps,
    },
    BuiltIn {
        code: "clock_jump",
        weight: 40,
        scope: Scope::Session,
        text: "Within it the monotonic clock ran ahead of the wall clock by more than 30 s.",
        examine: clock_jump,
    },
    BuiltIn {
        code: "clock_jumps",
        weight: 100,
        scope: Scope::Device,
        text: "Its clock jumps, as in 3 or more sessions of the device in the week, and 1 in 5 of them.",
        examine: clock_jumps,
    },
    BuiltIn {
        code: "impossible_travel",
        weight: 100,
        scope: Scope::Device,
        text: "Between it and the session before or after it the device moved by 300 km or more, faster than 1300 km/h.",
        examine: impossible_travel,
    },
    BuiltIn {
        code: "round_the_clock",
        weight: 100,
        scope: Scope::Device,
        text: "It lies in 24 hours of which 23 had 20 minutes or more of listening on the device.",
        examine: round_the_clock,
    },
    BuiltIn {
        code: "round_the_clock",
        weight: 100,
        scope: Scope::Listener,
        text: "It lies in 24 hours of which 23 had 20 minutes or more of listening by the listener.",
        examine: round_the_clock,
    },
];

/// The plays that overlap others for half of their length.
fn overlapping(plays: &[&Trace]) -> Vec<bool> {
    let mut stretches: Vec<(Interval, usize)> = Vec::new();
    for (place, play) in plays.iter().enumerate() {
        stretches.extend(play.spans.as_slice().iter().map(|&span| (span, place)));
    }
    stretches.sort_unstable();
    let mut shared = vec![0_u64; plays.len()];
    let mut open: Vec<(Interval, usize)> = Vec::new();
    for (span, place) in stretches {
        open.retain(|(earlier, _)| earlier.1 > span.0);
        // Many at once are found by the first few of them.
        for &(earlier, other) in open.iter().filter(|(_, other)| *other != place).take(16) {
            let both = earlier.1.min(span.1).saturating_sub(span.0);
            shared[place] = shared[place].saturating_add(both);
            shared[other] = shared[other].saturating_add(both);
        }
        open.push((span, place));
    }
    let heard = |play: &Trace| play.spans.total();
    plays
        .iter()
        .zip(shared)
        .map(|(play, shared)| shared >= OVERLAP_LEAST_MS && shared.saturating_mul(2) >= heard(play))
        .collect()
}

fn overlap(plays: &[&Trace], mark: Mark<'_>) {
    let overlapping = overlapping(plays);
    (0..plays.len()).filter(|&place| overlapping[place]).for_each(mark);
}

fn overlaps(plays: &[&Trace], mark: Mark<'_>) {
    let overlapping = overlapping(plays);
    let count = overlapping.iter().filter(|&&overlaps| overlaps).count();
    if count >= OVERLAPS && count * OVERLAPS_ONE_IN >= plays.len() {
        (0..plays.len()).filter(|&place| overlapping[place]).for_each(mark);
    }
}

fn jumps(play: &Trace) -> bool {
    play.clock_back_ms > CLOCK_BACK_MS
}

fn clock_jump(plays: &[&Trace], mark: Mark<'_>) {
    each(plays, mark, jumps);
}

fn clock_jumps(plays: &[&Trace], mark: Mark<'_>) {
    let count = plays.iter().filter(|play| jumps(play)).count();
    if count >= CLOCK_JUMPS && count * CLOCK_JUMPS_ONE_IN >= plays.len() {
        each(plays, mark, jumps);
    }
}

fn impossible_travel(plays: &[&Trace], mark: Mark<'_>) {
    let mut places: Vec<(Place, usize)> = Vec::new();
    for (place, play) in plays.iter().enumerate() {
        places.extend(play.places.iter().map(|&at| (at, place)));
    }
    places.sort_by_key(|(at, place)| (at.at, *place));
    let mut marked = BTreeSet::new();
    for pair in places.windows(2) {
        let [(from, one), (to, other)] = pair else { continue };
        let apart = from.apart_km(to);
        // Clocks and fixes are a few minutes off.
        #[allow(clippy::cast_precision_loss)]
        let hours = (to.at.saturating_sub(from.at) + 5 * 60 * 1000) as f64 / HOUR_MS as f64;
        if apart >= TRAVEL_LEAST_KM && apart / hours > FASTEST_KM_H {
            marked.extend([*one, *other]);
        }
    }
    marked.into_iter().for_each(mark);
}

fn round_the_clock(plays: &[&Trace], mark: Mark<'_>) {
    let mut hours: BTreeMap<u64, u64> = BTreeMap::new();
    for span in plays.iter().flat_map(|play| play.spans.as_slice()) {
        let (first, last) = (span.0 / HOUR_MS, span.1.saturating_sub(1) / HOUR_MS);
        // One stretch of more than a few days is nothing that was listened to.
        for hour in first..=last.min(first.saturating_add(7 * 24)) {
            let (from, to) = (span.0.max(hour * HOUR_MS), span.1.min((hour + 1) * HOUR_MS));
            *hours.entry(hour).or_default() += to.saturating_sub(from);
        }
    }
    let active: Vec<u64> =
        hours.into_iter().filter(|(_, heard)| *heard >= ACTIVE_HOUR_MS).map(|(hour, _)| hour).collect();
    // 23 active hours within 24.
    let days: Vec<(u64, u64)> = active
        .windows(ACTIVE_HOURS)
        .map(|hours| (hours[0], hours[ACTIVE_HOURS - 1]))
        .filter(|(first, last)| last - first < 24)
        .collect();
    each(plays, mark, |play| {
        let hour = play.begin / HOUR_MS;
        // The days are in order of their first and of their last hour.
        let day = days.partition_point(|(_, last)| *last < hour);
        days.get(day).is_some_and(|(first, _)| *first <= hour)
    });
}

#[cfg(test)]
mod tests {
    use super::super::support::{HOUR, MINUTE, SECOND, lasting, marked, play, row};
    use super::*;

    #[test]
    fn two_at_once_once_is_odd_and_always_is_fraud() {
        let pair = [play(1, 0), play(2, MINUTE), play(3, 10 * MINUTE)];
        assert_eq!(marked("overlap", Scope::Device, &pair), 2);
        assert_eq!(marked("overlaps", Scope::Device, &pair), 0);
        let crossfaded = row(40, 170 * SECOND, play);
        assert_eq!(marked("overlap", Scope::Device, &crossfaded), 0, "crossfades of 10 s");
        // A second tab for a dozen of a week's tracks.
        let mut tabs = row(120, 4 * MINUTE, play);
        tabs.extend((0..12).map(|number| play(100 + number, number * 12 * MINUTE + MINUTE)));
        assert!(marked("overlap", Scope::Device, &tabs) >= 20);
        assert_eq!(marked("overlaps", Scope::Device, &tabs), 0, "two tabs now and then");
        let doubled = row(40, 90 * SECOND, play);
        assert!(marked("overlaps", Scope::Device, &doubled) >= 38);
    }

    #[test]
    fn a_session_that_was_paused_for_hours_does_not_overlap_what_was_heard_meanwhile() {
        let mut paused = play(1, 0);
        let begin = paused.begin;
        paused.spans = [Interval(begin, begin + MINUTE), Interval(begin + HOUR, begin + HOUR + 2 * MINUTE)]
            .into_iter()
            .collect();
        assert_eq!(marked("overlap", Scope::Device, &[paused, play(2, 10 * MINUTE)]), 0);
    }

    #[test]
    fn clocks_that_jump_again_and_again_are_wound() {
        let wound = |number, at| Trace { clock_back_ms: 10 * MINUTE, ..play(number, at) };
        let mut plays = row(30, 4 * MINUTE, play);
        plays.push(wound(31, 3 * HOUR));
        assert_eq!(marked("clock_jump", Scope::Session, &[wound(1, 0)]), 1);
        assert_eq!(marked("clock_jump", Scope::Session, &[play(1, 0)]), 0);
        assert_eq!(marked("clock_jumps", Scope::Device, &plays), 0, "a clock that was set once");
        plays.extend((0..4).map(|number| wound(40 + number, (4 + number) * HOUR)));
        assert_eq!(marked("clock_jumps", Scope::Device, &plays), 0, "a cheap clock, in 5 of 35 sessions");
        assert_eq!(marked("clock_jumps", Scope::Device, &row(10, 4 * MINUTE, wound)), 10);
    }

    #[test]
    fn nobody_travels_faster_than_an_airliner() {
        let located = |number, at: u64, lat, lng| {
            let mut play = play(number, at);
            play.places.push(Place { at: play.begin, lat, lng, radius_km: 20.0 });
            play
        };
        let berlin = located(1, 0, 52.5, 13.4);
        let new_york = |at| located(2, at, 40.7, -74.0);
        assert_eq!(marked("impossible_travel", Scope::Device, &[berlin.clone(), new_york(HOUR)]), 2);
        assert_eq!(
            marked("impossible_travel", Scope::Device, &[berlin.clone(), new_york(9 * HOUR)]),
            0,
            "a flight"
        );
        let leipzig = located(3, 10 * MINUTE, 51.3, 12.4);
        assert_eq!(marked("impossible_travel", Scope::Device, &[berlin, leipzig]), 0, "cells are coarse");
    }

    #[test]
    fn nobody_listens_round_the_clock() {
        let machine = row(480, 3 * MINUTE, play);
        assert_eq!(marked("round_the_clock", Scope::Device, &machine), 480);
        assert_eq!(marked("round_the_clock", Scope::Listener, &machine), 480);
        let half = row(440, 6 * MINUTE, play);
        assert_eq!(marked("round_the_clock", Scope::Device, &half), 440, "also with pauses");
        let shop = row(280, 3 * MINUTE, play);
        assert_eq!(marked("round_the_clock", Scope::Device, &shop), 0, "a shop that is open for 14 hours");
        assert_eq!(marked("round_the_clock", Scope::Listener, &shop), 0);
        let mut sleeper = row(160, 3 * MINUTE, play);
        sleeper.extend((0..12).map(|hour| lasting(1000 + hour, (9 + hour) * HOUR, 50 * MINUTE)));
        assert_eq!(marked("round_the_clock", Scope::Device, &sleeper), 0, "all night, and all day at work");
    }

    #[test]
    fn only_what_lies_in_such_a_day_is_marked() {
        let mut plays = row(480, 3 * MINUTE, play);
        plays.extend((0..10).map(|number| play(1000 + number, 60 * HOUR + number * 4 * MINUTE)));
        assert_eq!(marked("round_the_clock", Scope::Device, &plays), 480);
    }
}
