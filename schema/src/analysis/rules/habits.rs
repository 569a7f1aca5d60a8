//! What people do with music, and machines do not.

use super::{BuiltIn, DAY_MS, HOUR_MS, Mark, counted, windows};
use crate::analysis::{Scope, Trace};
use std::collections::BTreeMap;

const NEAR_LEAST: usize = 20;
/// Near is up to this much above what must be heard, in percent.
const NEAR_PERCENT: u64 = 117;
const LOOP_MS: u64 = 14 * HOUR_MS;
const LOOP_PLAYS: usize = 250;
const UNATTENDED_LEAST: usize = 10;
const INAUDIBLE_LEAST: usize = 10;

pub(super) const RULES: &[BuiltIn] = &[
    BuiltIn {
        code: "near_threshold",
        weight: 100,
        scope: Scope::Device,
        text: "It was heard just long enough (up to a sixth more), as were 20 or more that would count of the device in the \
               week, and 6 in 10 of all or of those of the artist.",
        examine: near_threshold,
    },
    BuiltIn {
        code: "near_threshold",
        weight: 100,
        scope: Scope::Listener,
        text: "It was heard just long enough (up to a sixth more), as were 20 or more that would count of the listener in \
               the week, and 6 in 10 of all or of those of the artist.",
        examine: near_threshold,
    },
    BuiltIn {
        code: "track_loop",
        weight: 100,
        scope: Scope::Device,
        text: "Within 24 hours the device played the track 250 or more times so that it would count, or for 14 hours or \
               more.",
        examine: track_loop,
    },
    BuiltIn {
        code: "track_loop",
        weight: 100,
        scope: Scope::Listener,
        text: "Within 24 hours the listener played the track 250 or more times so that it would count, or for 14 hours or \
               more.",
        examine: track_loop,
    },
    BuiltIn {
        code: "unattended",
        weight: 100,
        scope: Scope::Device,
        text: "In the week 10 or more sessions of the browser all began by themselves, were never visible, and nobody ever \
               did anything in them.",
        examine: unattended,
    },
    BuiltIn {
        code: "inaudible",
        weight: 100,
        scope: Scope::Device,
        text: "It was played more muted than heard, as were 10 or more sessions of the device in the week, and 8 in 10 of \
               them.",
        examine: inaudible,
    },
];

fn near(play: &Trace) -> bool {
    play.counts() && play.heard_ms.saturating_mul(100) < play.enough_ms.saturating_mul(NEAR_PERCENT)
}

fn near_threshold(plays: &[&Trace], mark: Mark<'_>) {
    let all = counted(plays);
    let clustered = |places: &[usize]| {
        let count = places.iter().filter(|&&place| near(plays[place])).count();
        count >= NEAR_LEAST && count * 10 >= places.len() * 6
    };
    if clustered(&all) {
        all.into_iter().filter(|&place| near(plays[place])).for_each(mark);
        return;
    }
    let mut artists: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for place in all {
        artists.entry(plays[place].artist.as_deref()).or_default().push(place);
    }
    for places in artists.into_values().filter(|places| clustered(places)) {
        places.into_iter().filter(|&place| near(plays[place])).for_each(&mut *mark);
    }
}

fn track_loop(plays: &[&Trace], mark: Mark<'_>) {
    let mut tracks: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for place in counted(plays) {
        tracks.entry(&plays[place].track).or_default().push(place);
    }
    for places in tracks.into_values() {
        windows(plays, &places, DAY_MS, &mut *mark, |window| {
            let played: u64 = window.iter().map(|&place| plays[place].needed_ms.min(DAY_MS)).sum();
            // One long track, played once or twice, is no loop.
            window.len() >= LOOP_PLAYS || (window.len() >= 8 && played >= LOOP_MS)
        });
    }
}

fn unattended(plays: &[&Trace], mark: Mark<'_>) {
    let alone =
        |play: &&Trace| play.hidden && play.autoplay && play.acts == 0 && play.context.client == "browser";
    if plays.len() >= UNATTENDED_LEAST && plays.iter().all(alone) {
        (0..plays.len()).for_each(mark);
    }
}

fn inaudible(plays: &[&Trace], mark: Mark<'_>) {
    let mostly: Vec<usize> =
        (0..plays.len()).filter(|&place| plays[place].silent_ms > plays[place].heard_ms).collect();
    if mostly.len() >= INAUDIBLE_LEAST && mostly.len() * 10 >= plays.len() * 8 {
        mostly.into_iter().for_each(mark);
    }
}

#[cfg(test)]
mod tests {
    use super::super::support::{MINUTE, SECOND, lasting, marked, play, row};
    use super::*;

    #[test]
    fn who_always_stops_just_after_it_counts_knows_when_it_counts() {
        let machine = row(40, 40 * SECOND, |number, at| lasting(number, at, 30_500 + number * 100));
        assert_eq!(marked("near_threshold", Scope::Device, &machine), 40);
        assert_eq!(marked("near_threshold", Scope::Listener, &machine), 40);
        let seeker = row(200, 4 * MINUTE, |number, at| lasting(number, at, (30 + number % 90) * SECOND));
        assert_eq!(marked("near_threshold", Scope::Device, &seeker), 0, "one who skips at any time");
        assert_eq!(marked("near_threshold", Scope::Listener, &seeker), 0);
        let few = row(10, 40 * SECOND, |number, at| lasting(number, at, 31 * SECOND));
        assert_eq!(marked("near_threshold", Scope::Device, &few), 0);
    }

    #[test]
    fn an_honest_account_does_not_hide_what_one_artist_is_given() {
        let mixed = row(150, 4 * MINUTE, |number, at| {
            let bought = number % 3 == 0;
            let artist = Some(if bought { "bought" } else { "loved" }.to_owned());
            Trace { artist, ..lasting(number, at, if bought { 32 } else { 180 } * SECOND) }
        });
        assert_eq!(marked("near_threshold", Scope::Device, &mixed), 50);
    }

    #[test]
    fn short_tracks_that_are_heard_to_their_end_are_not_near_anything() {
        let shorts = row(60, MINUTE, |number, at| Trace {
            enough_ms: 16 * SECOND,
            ..lasting(number, at, 32 * SECOND)
        });
        assert_eq!(marked("near_threshold", Scope::Device, &shorts), 0);
    }

    #[test]
    fn a_favourite_or_a_lullaby_may_be_looped_and_not_for_ever() {
        let looping =
            |count, every| row(count, every, |number, at| Trace { track: "one".into(), ..play(number, at) });
        assert_eq!(marked("track_loop", Scope::Device, &looping(160, 3 * MINUTE)), 0, "all night");
        assert_eq!(marked("track_loop", Scope::Listener, &looping(160, 3 * MINUTE)), 0);
        assert_eq!(marked("track_loop", Scope::Device, &looping(480, 3 * MINUTE)), 480);
        let hasty = row(300, 40 * SECOND, |number, at| Trace {
            track: "one".into(),
            ..lasting(number, at, 35 * SECOND)
        });
        assert_eq!(marked("track_loop", Scope::Listener, &hasty), 300);
        let long = row(2, 8 * HOUR_MS, |number, at| Trace {
            track: "rain".into(),
            ..lasting(number, at, 8 * HOUR_MS)
        });
        assert_eq!(marked("track_loop", Scope::Device, &long), 0, "two nights of rain");
    }

    #[test]
    fn a_page_that_nobody_ever_looked_at_is_a_machine() {
        let alone = |number, at| Trace { hidden: true, autoplay: true, ..play(number, at) };
        assert_eq!(marked("unattended", Scope::Device, &row(12, 4 * MINUTE, alone)), 12);
        let mut pocket = row(40, 4 * MINUTE, alone);
        pocket[0] = Trace { hidden: false, autoplay: false, ..play(0, 0) };
        assert_eq!(
            marked("unattended", Scope::Device, &pocket),
            0,
            "begun by a hand, then in the background"
        );
        let speaker = |number, at| {
            let mut play = alone(number, at);
            play.context.client = "app".into();
            play
        };
        assert_eq!(
            marked("unattended", Scope::Device, &row(40, 4 * MINUTE, speaker)),
            0,
            "a speaker has no screen"
        );
    }

    #[test]
    fn who_mutes_for_a_call_is_not_muted_always() {
        let muted = |number, at| Trace { silent_ms: 150 * SECOND, heard_ms: 31 * SECOND, ..play(number, at) };
        assert_eq!(marked("inaudible", Scope::Device, &row(15, 4 * MINUTE, muted)), 15);
        let mut some = row(60, 4 * MINUTE, play);
        some.extend(row(12, 4 * MINUTE, |number, at| muted(100 + number, at + 300 * MINUTE)));
        assert_eq!(marked("inaudible", Scope::Device, &some), 0);
    }
}
