//! From what batches say of a session to what the session is worth.

use super::facts::needed_ms;
use super::{Comparison, Evidence, Facts, Verdict, judge};
use crate::batch::Reported;
use crate::bytes::Hash;
use crate::event::{Body, Event, Started};
use crate::intake::IntakeContext;
use crate::key::DeviceId;
use crate::prelude::*;
use alloc::collections::BTreeMap;
use core::borrow::Borrow;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name of a session: session ids are the device's own, so that no device can touch another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionKey {
    /// Whose.
    pub device: DeviceId,
    /// Which.
    pub session: Uuid,
}

impl From<&Play> for SessionKey {
    fn from(play: &Play) -> Self {
        Self { device: play.device, session: play.session }
    }
}

/// How a batch came into the log.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its index in the log.
    pub leaf: u64,
    /// When it was received, milliseconds since 1970.
    pub at: u64,
    /// The time of the newest entry that the device had verified before the batch's events, if any.
    pub anchored: Option<u64>,
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// What else was known.
    pub context: IntakeContext,
}

/// A batch's place in its device's chain, and what analysis needs to know of the whole batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its sequence number.
    pub seq: u64,
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// SHA-256 of the batch before it, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<Hash>,
    /// The time of its first event by the device's clock, milliseconds since 1970.
    pub first_at: u64,
    /// When it was sealed by the device's clock, milliseconds since 1970.
    pub sent_at: u64,
    /// The real time that hearing what it tells of took, all sessions together, in milliseconds.
    pub needed_ms: u64,
}

/// What one batch says of one session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fragment {
    /// The batch's index in the log.
    pub leaf: u64,
    /// When the batch was received, milliseconds since 1970.
    pub received: u64,
    /// The time of the newest entry that the device had verified before the batch's events, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchored: Option<u64>,
    /// The listener.
    pub listener: String,
    /// The batch's place in its device's chain.
    pub link: Link,
    /// What the server knew when the batch came in.
    pub context: IntakeContext,
    /// The events.
    pub events: Vec<Event>,
}

impl Fragment {
    /// What a batch says, by session.
    pub fn split(reported: Reported, received: &Received) -> BTreeMap<Uuid, Self> {
        let Reported { listener, seq, prev, sent_at, events, .. } = reported;
        let link = Link { seq, hash: received.hash, prev, first_at: sent_at, sent_at, needed_ms: 0 };
        let mut sessions: BTreeMap<Uuid, Self> = BTreeMap::new();
        for event in events {
            let fragment = sessions.entry(event.session).or_insert_with(|| Self {
                leaf: received.leaf,
                received: received.at,
                anchored: received.anchored,
                listener: listener.clone(),
                link,
                context: received.context.clone(),
                events: Vec::new(),
            });
            fragment.events.push(event);
        }
        let needed = sessions.values().map(|fragment| needed_ms(&fragment.events));
        let needed_ms = needed.fold(0, u64::saturating_add);
        let events = sessions.values().flat_map(|fragment| &fragment.events);
        let first_at = events.map(|event| event.at).min().unwrap_or(sent_at);
        for fragment in sessions.values_mut() {
            (fragment.link.needed_ms, fragment.link.first_at) = (needed_ms, first_at);
        }
        sessions
    }
}

/// A judged session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Play {
    /// Whose.
    pub device: DeviceId,
    /// Which.
    pub session: Uuid,
    /// The listener.
    pub listener: String,
    /// The track.
    pub track: String,
    /// The artist, if the session's start told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    /// When it began, by the device's clock but not later than it was received, milliseconds since 1970.
    pub at: u64,
    /// What led to it: album, playlist, search, radio, embed …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether the media came from the device's own storage.
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "generate", ts(as = "Option<bool>", optional))]
    pub offline: bool,
    /// The country that it came from: that of the network which its first batch came through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// What it was played on: the operating system, or the kind of client where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// What it is worth.
    pub verdict: Verdict,
    /// What other systems would count of it.
    pub compared: Comparison,
}

impl Play {
    /// Judges a session by everything that is known of it; the order of `fragments` makes no difference. Gives the facts that
    /// it was judged by as well. `None` if they hold no event.
    pub fn judge(
        device: DeviceId,
        session: Uuid,
        fragments: &[impl Borrow<Fragment>],
    ) -> Option<(Self, Facts)> {
        // By place in the log, so that nothing depends on the order of arrival, also where a device tells two
        // things under one id.
        let mut fragments: Vec<&Fragment> = fragments.iter().map(Borrow::borrow).collect();
        fragments.sort_by_key(|fragment| fragment.leaf);
        let events = || {
            fragments.iter().flat_map(|fragment| fragment.events.iter().map(move |event| (*fragment, event)))
        };
        let (first_in, first) = events().min_by_key(|(fragment, event)| (event.id, fragment.leaf))?;
        // Of several starts the first that tells a thing tells it.
        let mut starts: Vec<(Uuid, &Started)> = events()
            .filter_map(|(_, event)| match &event.body {
                Body::Started(started) => Some((event.id, started)),
                _ => None,
            })
            .collect();
        starts.sort_by_key(|(id, started)| (*id, started.artist.as_ref(), started.source.as_ref()));
        let told =
            |of: fn(&Started) -> Option<&String>| starts.iter().find_map(|(_, start)| of(start)).cloned();
        let context = &fragments.first()?.context;
        let evidence = events().map(|(fragment, event)| Evidence {
            event,
            received: fragment.received,
            anchored: fragment.anchored,
        });
        let facts = Facts::gather(evidence);
        let play = Self {
            device,
            session,
            listener: first_in.listener.clone(),
            track: first.track.clone(),
            artist: told(|start| start.artist.as_ref()),
            at: first.at.min(first_in.received),
            source: told(|start| start.source.as_ref()),
            offline: starts.iter().any(|(_, start)| start.offline),
            country: context.country.clone(),
            platform: context
                .platform
                .clone()
                .or_else(|| Some(context.client.clone()).filter(|client| !client.is_empty())),
            verdict: judge(&facts),
            compared: Comparison::of(&facts),
        };
        Some((play, facts))
    }

    /// The text that the ledger commits to.
    ///
    /// # Panics
    /// Never: a play is always representable as JSON.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a play is always representable")
    }
}

// serde hands `skip_serializing_if` a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EndReason, Ended, Progress};
    use crate::intervals::{Interval, Intervals};
    use proptest::prelude::*;

    fn body() -> impl Strategy<Value = Body> {
        let interval =
            (0..90_000_u64, 1..40_000_u64).prop_map(|(from, length)| Interval(from, from + length));
        let heard = proptest::collection::vec(interval, 0..4);
        prop_oneof![
            (proptest::option::of("[a-c]"), proptest::option::of(1_000..120_000_u64)).prop_map(
                |(artist, duration_ms)| Body::Started(Started { artist, duration_ms, ..Started::default() })
            ),
            (heard.clone(), 0..50_000_u64, 0.2..3.0).prop_map(|(heard, silent_ms, rate)| Body::Progress(
                Progress { heard, silent_ms, rate, volume: 1.0, muted: false, visible: true, output: None }
            )),
            (heard, 0..200_000_u64).prop_map(|(heard, played_ms)| Body::Ended(Ended {
                reason: EndReason::Stopped,
                position_ms: 0,
                heard: heard.into_iter().collect::<Intervals>(),
                played_ms,
                pauses: 0,
                seeks: 0,
                stalls: 0,
            })),
        ]
    }

    /// Few ids, so that two events often share one.
    fn event() -> impl Strategy<Value = Event> {
        (0..6_u128, 0..1_000_u64, 0..200_000_u64, "[x-z]", body()).prop_map(|(id, at, mono, track, body)| {
            Event { id: Uuid::from_u128(id), at, mono, session: Uuid::nil(), track, body }
        })
    }

    fn fragments() -> impl Strategy<Value = Vec<Fragment>> {
        let fragment = (
            0..1_000_u64,
            proptest::option::of(0..1_000_u64),
            "[l-n]",
            proptest::collection::vec(event(), 0..5),
        );
        proptest::collection::vec(fragment, 1..6).prop_map(|parts| {
            (1..)
                .zip(parts)
                .map(|(leaf, (received, anchored, listener, events))| Fragment {
                    leaf,
                    received,
                    anchored,
                    listener,
                    link: Link {
                        seq: leaf,
                        hash: Hash::of(b"batch"),
                        prev: None,
                        first_at: 0,
                        sent_at: 0,
                        needed_ms: 0,
                    },
                    context: IntakeContext::default(),
                    events,
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_gives_the_same_play(
            all in fragments(),
            order in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
        ) {
            let device = DeviceId(crate::Hash::of(b"device"));
            let expected = Play::judge(device, Uuid::nil(), &all);
            // Each at least once, in another order, and some again.
            let mut again: Vec<Fragment> = order.iter().map(|index| index.get(&all).clone()).collect();
            again.extend(all.iter().rev().cloned());
            prop_assert_eq!(Play::judge(device, Uuid::nil(), &again), expected);
        }
    }
}
