//! Rows as ClickHouse has them. Their columns are those of `schema/clickhouse/`.

use clickhouse::Row;
use delistening_schema::event::{Body, Event};
use delistening_schema::intake::IntakeContext;
use delistening_schema::play::{Fragment, Link, Play, SessionKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// An event, for `play_events`.
#[derive(Debug, Row, Serialize)]
pub struct EventRow<'a> {
    node: &'a str,
    leaf: u64,
    received: i64,
    anchored: Option<i64>,
    device: [u8; 32],
    listener: &'a str,
    #[serde(with = "clickhouse::serde::uuid")]
    session: Uuid,
    #[serde(with = "clickhouse::serde::uuid")]
    event: Uuid,
    #[serde(rename = "type")]
    kind: &'a str,
    at: i64,
    mono: u64,
    track: &'a str,
    artist: &'a str,
    country: &'a str,
    platform: &'a str,
    body: &'a str,
}

/// What a fragment becomes in the outbox: everything that its events' rows have in common, and the events.
#[derive(Debug, Serialize, Deserialize)]
pub struct Waiting {
    device: [u8; 32],
    session: Uuid,
    leaf: u64,
    received: u64,
    anchored: Option<u64>,
    listener: String,
    artist: String,
    country: String,
    platform: String,
    seq: u64,
    part: String,
    events: Vec<WaitingEvent>,
}

/// What a batch says of a session, but for the events: with them it is the fragment again.
#[derive(Debug, Serialize, Deserialize)]
pub struct Part {
    /// The newest time that the device had verified before, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchored: Option<u64>,
    /// The batch's place in its device's chain.
    pub link: Link,
    /// What the server knew when the batch came in.
    pub context: IntakeContext,
    /// The artist that its rows of `play_events` are under.
    pub artist: String,
    /// The tracks that they are of.
    pub tracks: BTreeSet<String>,
    /// The times of the first and the last of them.
    pub between: (u64, u64),
}

/// For `session_parts`.
#[derive(Debug, Row, Serialize)]
pub struct PartRow<'a> {
    device: [u8; 32],
    #[serde(with = "clickhouse::serde::uuid")]
    session: Uuid,
    node: &'a str,
    leaf: u64,
    received: i64,
    listener: &'a str,
    seq: u64,
    part: &'a str,
}

#[derive(Debug, Serialize, Deserialize)]
struct WaitingEvent {
    id: Uuid,
    kind: String,
    at: u64,
    mono: u64,
    track: String,
    body: String,
}

impl Waiting {
    /// What a batch says of a session; `play` is what the session is worth, if that is known.
    pub fn new(key: &SessionKey, fragment: &Fragment, play: Option<&Play>) -> Self {
        let told = fragment.events.iter().find_map(|event| match &event.body {
            Body::Started(started) => started.artist.clone(),
            _ => None,
        });
        let artist = told.or_else(|| play?.artist.clone()).unwrap_or_default();
        let events: Vec<_> = fragment.events.iter().map(|event| event_of(event, fragment.received)).collect();
        let times = || events.iter().map(|event| event.at);
        let part = Part {
            anchored: fragment.anchored,
            link: fragment.link,
            context: fragment.context.clone(),
            artist: artist.clone(),
            tracks: events.iter().map(|event| event.track.clone()).collect(),
            between: (times().min().unwrap_or_default(), times().max().unwrap_or_default()),
        };
        Self {
            device: key.device.0.0,
            session: key.session,
            leaf: fragment.leaf,
            received: fragment.received,
            anchored: fragment.anchored,
            listener: fragment.listener.clone(),
            artist,
            country: fragment.context.country.clone().unwrap_or_default(),
            platform: fragment.context.platform.clone().unwrap_or_default(),
            seq: fragment.link.seq,
            part: serde_json::to_string(&part).expect("a part is always representable"),
            events,
        }
    }

    /// The row for `session_parts` of a node's log.
    pub fn part<'a>(&'a self, node: &'a str) -> PartRow<'a> {
        PartRow {
            device: self.device,
            session: self.session,
            node,
            leaf: self.leaf,
            received: millis(self.received),
            listener: &self.listener,
            seq: self.seq,
            part: &self.part,
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// The rows of a node's log.
    pub fn rows<'a>(&'a self, node: &'a str) -> impl Iterator<Item = EventRow<'a>> {
        self.events.iter().map(move |event| EventRow {
            node,
            leaf: self.leaf,
            received: millis(self.received),
            anchored: self.anchored.map(millis),
            device: self.device,
            listener: &self.listener,
            session: self.session,
            event: event.id,
            kind: &event.kind,
            at: millis(event.at),
            mono: event.mono,
            track: &event.track,
            artist: &self.artist,
            country: &self.country,
            platform: &self.platform,
            body: &event.body,
        })
    }
}

fn event_of(event: &Event, received: u64) -> WaitingEvent {
    let body = event.to_json();
    // The type is what the contract calls it, and stands in the event's JSON alone.
    let kind = body.split_once(r#""type":""#).and_then(|(_, rest)| rest.split_once('"'));
    WaitingEvent {
        id: event.id,
        kind: kind.map_or_else(String::new, |(kind, _)| kind.to_owned()),
        at: event.at.min(received),
        mono: event.mono,
        track: event.track.clone(),
        body,
    }
}

/// A change of what a session is worth, for `play_changes`.
#[derive(Debug, Row, Serialize)]
pub struct ChangeRow<'a> {
    sign: i8,
    removed: u8,
    version: u64,
    node: &'a str,
    device: [u8; 32],
    #[serde(with = "clickhouse::serde::uuid")]
    session: Uuid,
    listener: &'a str,
    track: &'a str,
    artist: &'a str,
    at: i64,
    status: &'a str,
    heard_ms: u64,
    played_ms: u64,
    country: &'a str,
    platform: &'a str,
    source: &'a str,
    offline: u8,
    play: String,
}

/// How a play changes: the row that takes away, and the row that adds.
pub fn changes<'a>(
    node: &'a str,
    version: u64,
    before: Option<&'a Play>,
    now: Option<&'a Play>,
) -> impl Iterator<Item = ChangeRow<'a>> {
    let row = move |play: &'a Play, sign, removed| ChangeRow {
        sign,
        removed,
        version,
        node,
        device: play.device.0.0,
        session: play.session,
        listener: &play.listener,
        track: &play.track,
        artist: text(play.artist.as_ref()),
        at: millis(play.at),
        status: play.verdict.status.as_str(),
        heard_ms: play.verdict.heard_ms,
        played_ms: play.verdict.played_ms,
        country: text(play.country.as_ref()),
        platform: text(play.platform.as_ref()),
        source: text(play.source.as_ref()),
        offline: u8::from(play.offline),
        // Of what is taken away the text is not kept.
        play: if sign > 0 { play.to_text() } else { String::new() },
    };
    let removed = u8::from(now.is_none());
    before.map(|play| row(play, -1, removed)).into_iter().chain(now.map(|play| row(play, 1, 0)))
}

fn text(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}

fn millis(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
