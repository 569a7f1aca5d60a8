//! From what batches say of a session to what the session is worth.

use super::{Evidence, Facts, Verdict, judge};
use crate::event::{Body, Event};
use crate::key::DeviceId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// The events.
    pub events: Vec<Event>,
}

/// A judged session. Session ids are the device's own, so that no device can touch another's.
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
    /// What it is worth.
    pub verdict: Verdict,
}

impl Play {
    /// Judges a session by everything that is known of it; the order of `fragments` makes no difference. `None` if
    /// they hold no event.
    pub fn judge(device: DeviceId, session: Uuid, fragments: &[Fragment]) -> Option<Self> {
        let events = || {
            fragments.iter().flat_map(|fragment| fragment.events.iter().map(move |event| (fragment, event)))
        };
        // By id and then by place in the log, so that nothing depends on the order of arrival.
        let (first_in, first) = events().min_by_key(|(fragment, event)| (event.id, fragment.leaf))?;
        let artist = events()
            .filter_map(|(_, event)| match &event.body {
                Body::Started(started) => Some((event.id, started.artist.as_ref()?)),
                _ => None,
            })
            .min()
            .map(|(_, artist)| artist.clone());
        let evidence = events().map(|(fragment, event)| Evidence {
            event,
            received: fragment.received,
            anchored: fragment.anchored,
        });
        Some(Self {
            device,
            session,
            listener: first_in.listener.clone(),
            track: first.track.clone(),
            artist,
            at: first.at.min(first_in.received),
            verdict: judge(&Facts::gather(evidence)),
        })
    }

    /// The text that the ledger commits to.
    ///
    /// # Panics
    /// Never: a play is always representable as JSON.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a play is always representable")
    }
}
