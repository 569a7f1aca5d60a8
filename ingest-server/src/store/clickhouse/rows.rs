//! Rows as ClickHouse has them. Their columns are those of `schema/clickhouse/`.

use super::native::{Columns, Stream};
use super::outbox::Sent;
use delistening_schema::event::Body;
use delistening_schema::intake::IntakeContext;
use delistening_schema::play::{Fragment, Link, Play, SessionKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const STRING: &str = "String";
const NUMBER: &str = "UInt64";
const FLAG: &str = "UInt8";
const HASH: &str = "FixedString(32)";
const UUID: &str = "UUID";
const TIME: &str = "DateTime64(3, 'UTC')";

/// What is sent to `play_events`.
pub const EVENTS: [Stream; 17] = [
    Stream::Column("node", STRING),
    Stream::Column("leaf", NUMBER),
    Stream::Column("received", TIME),
    Stream::Column("anchored", "Nullable(DateTime64(3, 'UTC'))"),
    Stream::Values,
    Stream::Column("device", HASH),
    Stream::Column("listener", STRING),
    Stream::Column("session", UUID),
    Stream::Column("event", UUID),
    Stream::Column("type", STRING),
    Stream::Column("at", TIME),
    Stream::Column("mono", NUMBER),
    Stream::Column("track", STRING),
    Stream::Column("artist", STRING),
    Stream::Column("country", STRING),
    Stream::Column("platform", STRING),
    Stream::Column("body", STRING),
];

/// What is sent to `session_parts`.
pub const PARTS: [Stream; 8] = [
    Stream::Column("device", HASH),
    Stream::Column("session", UUID),
    Stream::Column("node", STRING),
    Stream::Column("leaf", NUMBER),
    Stream::Column("received", TIME),
    Stream::Column("listener", STRING),
    Stream::Column("seq", NUMBER),
    Stream::Column("part", STRING),
];

/// What is sent to `play_changes`.
pub const CHANGES: [Stream; 18] = [
    Stream::Column("sign", "Int8"),
    Stream::Column("removed", FLAG),
    Stream::Column("version", NUMBER),
    Stream::Column("node", STRING),
    Stream::Column("device", HASH),
    Stream::Column("session", UUID),
    Stream::Column("listener", STRING),
    Stream::Column("track", STRING),
    Stream::Column("artist", STRING),
    Stream::Column("at", TIME),
    Stream::Column("status", STRING),
    Stream::Column("heard_ms", NUMBER),
    Stream::Column("played_ms", NUMBER),
    Stream::Column("country", STRING),
    Stream::Column("platform", STRING),
    Stream::Column("source", STRING),
    Stream::Column("offline", FLAG),
    Stream::Column("play", STRING),
];

/// What a batch says of a session, as it is sent.
#[derive(Debug)]
pub struct Waiting {
    /// A row of `play_events` for each event.
    pub events: Columns,
    /// A row of `session_parts`.
    pub parts: Columns,
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

impl Waiting {
    /// What a batch in the log of `node` says of a session; `play` is what the session is worth, if that is known.
    ///
    /// # Panics
    /// Never: what is written is always representable as JSON.
    pub fn new(node: &str, key: &SessionKey, fragment: &Fragment, play: Option<&Play>) -> Self {
        let told = fragment.events.iter().find_map(|event| match &event.body {
            Body::Started(started) => started.artist.as_deref(),
            _ => None,
        });
        let artist = told.or_else(|| play?.artist.as_deref()).unwrap_or_default();
        let Fragment { leaf, received, anchored, listener, link, context, events } = fragment;
        let mut waiting = Self::default();
        let mut part = Part {
            anchored: *anchored,
            link: *link,
            context: context.clone(),
            artist: artist.to_owned(),
            tracks: BTreeSet::new(),
            between: (u64::MAX, 0),
        };
        for event in events {
            let body = serde_json::to_string(event).expect("an event is JSON");
            // The type is what the contract calls it, and stands in the event's JSON alone.
            let kind = body.split_once(r#""type":""#).and_then(|(_, rest)| rest.split_once('"'));
            let at = event.at.min(*received);
            if !part.tracks.contains(&event.track) {
                part.tracks.insert(event.track.clone());
            }
            part.between = (part.between.0.min(at), part.between.1.max(at));
            let mut row = waiting.events.row();
            row.text(node);
            row.number(*leaf);
            row.number(*received);
            row.maybe(*anchored);
            row.hash(&key.device.0.0);
            row.text(listener);
            row.uuid(key.session);
            row.uuid(event.id);
            row.text(kind.map_or("", |(kind, _)| kind));
            row.number(at);
            row.number(event.mono);
            row.text(&event.track);
            row.text(artist);
            row.text(text(context.country.as_ref()));
            row.text(text(context.platform.as_ref()));
            row.text(&body);
        }
        let mut row = waiting.parts.row();
        row.hash(&key.device.0.0);
        row.uuid(key.session);
        row.text(node);
        row.number(*leaf);
        row.number(*received);
        row.text(listener);
        row.number(link.seq);
        row.text(&serde_json::to_string(&part).expect("a part is always representable"));
        waiting
    }

    /// The rows of `play_events`, which are no longer here then.
    pub fn take_events(&mut self) -> Columns {
        std::mem::replace(&mut self.events, Columns::new(&EVENTS))
    }

    /// Takes over what [`Self::write`] wrote; `None` if it is something else.
    #[must_use]
    pub fn append(&mut self, mut written: &[u8]) -> Option<()> {
        self.events.append(&mut written)?;
        self.parts.append(&mut written)?;
        written.is_empty().then_some(())
    }

    /// Writes it down, for [`Self::append`].
    pub fn write(&self, to: &mut Vec<u8>) {
        self.events.write(to);
        self.parts.write(to);
    }
}

impl Default for Waiting {
    fn default() -> Self {
        Self { events: Columns::new(&EVENTS), parts: Columns::new(&PARTS) }
    }
}

/// What stands in place of the text of a play that was erased.
pub const ERASED: &str = "erased";

/// Adds how a play changes: the row that takes away, and the row that adds.
pub fn change(rows: &mut Columns, node: &str, version: u64, Sent { before, now, erased }: &Sent) {
    if let Some(play) = before {
        // Of what is taken away the text is not kept.
        let text = if *erased { ERASED } else { "" };
        signed(rows, node, version, -1, now.is_none(), (play, text));
    }
    if let Some((play, text)) = now {
        signed(rows, node, version, 1, false, (play, text));
    }
}

fn signed(rows: &mut Columns, node: &str, version: u64, sign: i8, removed: bool, (play, is): (&Play, &str)) {
    let mut row = rows.row();
    row.byte(sign.to_le_bytes()[0]);
    row.byte(u8::from(removed));
    row.number(version);
    row.text(node);
    row.hash(&play.device.0.0);
    row.uuid(play.session);
    row.text(&play.listener);
    row.text(&play.track);
    row.text(text(play.artist.as_ref()));
    row.number(play.at);
    row.text(play.verdict.status.as_str());
    row.number(play.verdict.heard_ms);
    row.number(play.verdict.played_ms);
    row.text(text(play.country.as_ref()));
    row.text(text(play.platform.as_ref()));
    row.text(text(play.source.as_ref()));
    row.byte(u8::from(play.offline));
    row.text(is);
}

fn text(text: Option<&String>) -> &str {
    text.map_or("", String::as_str)
}
