//! What readers are sent.

use axum::body::Bytes;
use axum::extract::ws::Utf8Bytes;
use delistening_schema::play::{Status, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

/// Counts of one track or artist, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LiveCounts {
    /// Plays that count.
    pub valid: u64,
    /// Sessions that do not.
    pub not_counted: u64,
    /// Media time heard in plays that count, in milliseconds.
    pub heard_ms: u64,
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// All that is watched.
    Snapshot,
    /// What changed since the frame before.
    Update,
}

/// What a reader is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// All, or what changed.
    pub kind: Kind,
    /// Grows with every change, over restarts too.
    pub seq: u64,
    /// All plays together.
    pub total: LiveCounts,
    /// Tracks that are watched.
    pub tracks: BTreeMap<String, LiveCounts>,
    /// Artists that are watched.
    pub artists: BTreeMap<String, LiveCounts>,
}

/// A frame as it goes over the wire; copies share their bytes.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// As a server-sent event.
    pub event: Bytes,
    /// As a WebSocket's text.
    pub text: Utf8Bytes,
}

/// A message and the number that its reader has then.
#[derive(Debug)]
pub(super) struct Rendered {
    pub seq: u64,
    pub message: Message,
}

impl Frame {
    pub(super) fn new(kind: Kind, seq: u64, total: LiveCounts) -> Self {
        Self { kind, seq, total, tracks: BTreeMap::new(), artists: BTreeMap::new() }
    }

    /// Whether it says anything of a track or artist.
    pub(super) fn names_any(&self) -> bool {
        !self.tracks.is_empty() || !self.artists.is_empty()
    }
}

impl From<Frame> for Message {
    fn from(frame: Frame) -> Self {
        let text = serde_json::to_string(&frame).unwrap_or_default();
        let kind = match frame.kind {
            Kind::Snapshot => "snapshot",
            Kind::Update => "update",
        };
        let event = format!("event: {kind}\nid: {}\ndata: {text}\n\n", frame.seq);
        Self { event: event.into(), text: text.into() }
    }
}

impl LiveCounts {
    pub(super) fn put_in(&mut self, verdict: &Verdict) {
        if verdict.status == Status::Valid {
            self.valid += 1;
            self.heard_ms += verdict.heard_ms;
        } else {
            self.not_counted += 1;
        }
    }

    pub(super) fn take_out(&mut self, verdict: &Verdict) {
        if verdict.status == Status::Valid {
            self.valid = self.valid.saturating_sub(1);
            self.heard_ms = self.heard_ms.saturating_sub(verdict.heard_ms);
        } else {
            self.not_counted = self.not_counted.saturating_sub(1);
        }
    }
}
