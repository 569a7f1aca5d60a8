//! Events of every kind, for property tests of this crate and of others.

use crate::event::{
    Activity, At, Body, EndReason, Ended, Engagement, Event, Failed, Grid, Location, Motion, Progress,
    Seeked, Stalled, Started,
};
use crate::intervals::Interval;
use crate::prelude::*;
use proptest::prelude::*;
use uuid::Uuid;

/// A short text of any characters.
pub fn text() -> impl Strategy<Value = String> {
    "(?s).{0,8}"
}

/// A number above zero, as events have them: with six decimals at most.
pub fn fraction() -> impl Strategy<Value = f64> {
    (0_u32..16_000_000, 0_u32..=6)
        .prop_map(|(number, decimals)| f64::from(number) / f64::from(10_u32.pow(decimals)))
        .prop_filter("serde writes the smallest with an exponent", |number| {
            *number == 0.0 || *number >= 0.001
        })
}

/// What an event of any kind says.
pub fn body() -> impl Strategy<Value = Body> {
    let number = || any::<u64>();
    let intervals =
        || proptest::collection::vec((number(), number()).prop_map(|(a, b)| Interval(a, b)), 0..3);
    let maybe = || proptest::option::of(text());
    let started =
        (maybe(), maybe(), proptest::option::of(number()), maybe(), any::<bool>(), text(), any::<bool>());
    let progress = (intervals(), number(), fraction(), fraction(), any::<bool>(), any::<bool>(), maybe());
    let ended = (0_usize..6, number(), intervals(), number(), any::<u32>(), any::<u32>(), any::<u32>());
    prop_oneof![
        started.prop_map(|(artist, release, duration_ms, source, offline, engine, autoplay)| {
            Body::Started(Started { artist, release, duration_ms, source, offline, engine, autoplay })
        }),
        progress.prop_map(|(heard, silent_ms, rate, volume, muted, visible, output)| {
            Body::Progress(Progress { heard, silent_ms, rate, volume, muted, visible, output })
        }),
        number().prop_map(|position_ms| Body::Paused(At { position_ms })),
        number().prop_map(|position_ms| Body::Resumed(At { position_ms })),
        (number(), number()).prop_map(|(from_ms, to_ms)| Body::Seeked(Seeked { from_ms, to_ms })),
        (number(), number())
            .prop_map(|(position_ms, stalled_ms)| Body::Stalled(Stalled { position_ms, stalled_ms })),
        (number(), text()).prop_map(|(position_ms, code)| Body::Failed(Failed { position_ms, code })),
        ended.prop_map(|(reason, position_ms, heard, played_ms, pauses, seeks, stalls)| {
            let reason = [
                EndReason::Completed,
                EndReason::Skipped,
                EndReason::Stopped,
                EndReason::Replaced,
                EndReason::Unloaded,
                EndReason::Crashed,
            ][reason];
            let heard = heard.into();
            Body::Ended(Ended { reason, position_ms, heard, played_ms, pauses, seeks, stalls })
        }),
        (0_usize..4, fraction()).prop_map(|(activity, confidence)| {
            let activity =
                [Activity::Still, Activity::Walking, Activity::Running, Activity::Vehicle][activity];
            Body::Motion(Motion { activity, confidence })
        }),
        (any::<bool>(), text()).prop_map(|(h3, cell)| {
            Body::Location(Location { grid: if h3 { Grid::H3 } else { Grid::Geohash }, cell })
        }),
        maybe().prop_map(|target| Body::Like(Engagement { target })),
        maybe().prop_map(|target| Body::Share(Engagement { target })),
        maybe().prop_map(|target| Body::PlaylistAdd(Engagement { target })),
        maybe().prop_map(|target| Body::Follow(Engagement { target })),
    ]
}

/// An event.
pub fn event() -> impl Strategy<Value = Event> {
    (any::<u128>(), any::<[u64; 2]>(), any::<u128>(), text(), body()).prop_map(
        |(id, [at, mono], session, track, body)| {
            let (id, session) = (Uuid::from_u128(id), Uuid::from_u128(session));
            Event { id, at, mono, session, track, body }
        },
    )
}
