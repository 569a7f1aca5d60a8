//! What a session's events say together, whatever their order and however often each was seen.

use crate::event::{Body, EndReason, Event};
use crate::intervals::{Interval, Intervals};
use crate::prelude::*;
use alloc::collections::BTreeMap;
use uuid::Uuid;

/// An event with the signed times that bracket it.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The event.
    pub event: &'a Event,
    /// When the server received its batch, milliseconds since 1970.
    pub received: u64,
    /// The time of the newest ledger entry that the device had verified before the event, if any.
    pub anchored: Option<u64>,
}

/// The facts of one session that a rule judges by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Length of the track in milliseconds, if known.
    pub duration_ms: Option<u64>,
    /// What was heard at a rate between 0.5 and 2.
    pub heard: Intervals,
    /// What was heard at other rates.
    pub heard_at_odd_rates: Intervals,
    /// Media time heard, repeats included, in milliseconds.
    pub played_ms: u64,
    /// Media time rendered inaudibly, in milliseconds.
    pub silent_ms: u64,
    /// The real time that hearing took at the recorded rates, in milliseconds.
    pub needed_ms: u64,
    /// The time from the session's begin to its last event on the device's monotonic clock, in milliseconds.
    pub device_ms: u64,
    /// Whether the track was played to its end.
    pub completed: bool,
    /// The time between the signed times around the session, in milliseconds, if both are known.
    pub signed_ms: Option<u64>,
}

/// The rates at which hearing counts.
const RATES: core::ops::RangeInclusive<f64> = 0.5..=2.0;

/// Gathers a session's facts from its events, each of which is taken once; in any order.
#[derive(Clone, Debug, Default)]
pub struct Gathering {
    facts: Facts,
    progressed_ms: u64,
    ended: Intervals,
    ended_played_ms: u64,
}

impl Gathering {
    /// Takes an event that happened `mono` milliseconds after the session began.
    pub fn take(&mut self, mono: u64, body: &Body) {
        let facts = &mut self.facts;
        facts.device_ms = facts.device_ms.max(mono);
        match body {
            Body::Started(started) => facts.duration_ms = facts.duration_ms.max(started.duration_ms),
            Body::Progress(progress) => {
                let length: u64 = progress.heard.iter().map(|interval| interval.length()).sum();
                self.progressed_ms = self.progressed_ms.saturating_add(length);
                facts.silent_ms = facts.silent_ms.saturating_add(progress.silent_ms);
                facts.needed_ms = facts.needed_ms.saturating_add(real_time(length, progress.rate));
                let set = if RATES.contains(&progress.rate) {
                    &mut facts.heard
                } else {
                    &mut facts.heard_at_odd_rates
                };
                set.extend(progress.heard.iter().copied());
            }
            Body::Ended(end) => {
                facts.completed |= end.reason == EndReason::Completed;
                self.ended.extend(end.heard.as_slice().iter().copied());
                self.ended_played_ms = self.ended_played_ms.max(end.played_ms);
            }
            _ => {}
        }
    }

    /// What they say together; of signed times they know nothing.
    pub fn facts(self) -> Facts {
        let Self { mut facts, progressed_ms, ended, ended_played_ms } = self;
        // The end repeats what was heard, so that a lost progress costs nothing; what is known to have been
        // heard at an odd rate stays out.
        facts.heard.extend(ended.without(&facts.heard_at_odd_rates).as_slice().iter().copied());
        facts.played_ms = progressed_ms.max(ended_played_ms);
        facts.needed_ms = facts.needed_ms.max(real_time(facts.heard.total(), *RATES.end()));
        facts
    }
}

impl Facts {
    /// Gathers the facts. Events are told apart by id; order and repetition make no difference.
    pub fn gather<'a>(evidence: impl IntoIterator<Item = Evidence<'a>>) -> Self {
        // By id, so that sums do not depend on the order of arrival. Of the same event seen twice, the
        // earliest receipt brackets it most tightly.
        let mut events: BTreeMap<Uuid, (&Event, u64, Option<u64>)> = BTreeMap::new();
        for Evidence { event, received, anchored } in evidence {
            events
                .entry(event.id)
                .and_modify(|seen| {
                    seen.1 = seen.1.min(received);
                    seen.2 = seen.2.max(anchored);
                })
                .or_insert((event, received, anchored));
        }
        let mut gathering = Gathering::default();
        let (mut last_received, mut first_anchored, mut all_anchored) = (0, u64::MAX, true);
        for &(event, received, anchored) in events.values() {
            gathering.take(event.mono, &event.body);
            last_received = last_received.max(received);
            match anchored {
                Some(time) => first_anchored = first_anchored.min(time),
                None => all_anchored = false,
            }
        }
        let mut facts = gathering.facts();
        facts.signed_ms =
            (all_anchored && !events.is_empty()).then(|| last_received.saturating_sub(first_anchored));
        facts
    }

    /// Media time heard at a rate that counts, each instant once and within the track, in milliseconds.
    pub fn heard_ms(&self) -> u64 {
        match self.duration_ms {
            // A position may pass the announced length by rounding; it never adds to what was heard.
            Some(duration) => {
                self.heard.without(&Intervals::from(vec![Interval(duration, u64::MAX)])).total()
            }
            None => self.heard.total(),
        }
    }
}

/// The real time that hearing took what one batch tells of one session, in milliseconds.
pub(super) fn needed_ms(events: &[Event]) -> u64 {
    let whole = events.iter().any(|event| matches!(event.body, Body::Started(_)));
    // The end repeats what was heard, also before this batch: it is asked only if all of the session lies in it.
    let asked = events.iter().filter(|event| whole || !matches!(event.body, Body::Ended(_)));
    Facts::gather(asked.map(|event| Evidence { event, received: 0, anchored: None })).needed_ms
}

/// How long hearing `media_ms` takes at `rate`; rates are bounded by the event's own check.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn real_time(media_ms: u64, rate: f64) -> u64 {
    if media_ms == 0 { 0 } else { (media_ms as f64 / rate.max(1e-3)) as u64 }
}
