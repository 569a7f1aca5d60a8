//! What nodes have stored of sessions that are shared, and what they say to each other of them.

use super::super::Shared;
use super::super::connection::rows;
use super::super::outbox::Untold;
use super::super::rows::Part;
use crate::store::StoreError;
use clickhouse::Row;
use delistening_schema::event::Event;
use delistening_schema::judge::Heard;
use delistening_schema::play::SessionKey;
use delistening_schema::{DeviceId, Hash};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use uuid::Uuid;

#[derive(Row, Deserialize)]
struct PartFound {
    device: [u8; 32],
    #[serde(with = "clickhouse::serde::uuid")]
    session: Uuid,
    node: String,
    leaf: u64,
    received: i64,
    listener: String,
    part: String,
}

#[derive(Row, Deserialize)]
struct EventFound {
    device: [u8; 32],
    #[serde(with = "clickhouse::serde::uuid")]
    session: Uuid,
    node: String,
    leaf: u64,
    body: String,
}

/// What another node said of its part.
#[derive(Row, Deserialize)]
pub(super) struct Said {
    device: [u8; 32],
    #[serde(with = "clickhouse::serde::uuid")]
    session: Uuid,
    pub node: String,
    pub version: u64,
    pub first: String,
    pub play: String,
}

#[derive(Row, Serialize)]
struct SaidRow<'a> {
    device: [u8; 32],
    #[serde(with = "clickhouse::serde::uuid")]
    session: Uuid,
    node: &'a str,
    version: u64,
    first: &'a str,
    listener: &'a str,
    play: String,
}

/// Where a part is: the one that was received first comes first.
pub(super) type Place = (i64, String, u64);

/// The parts of a session in the order in which they were received.
pub(super) type Parts = BTreeMap<Place, (String, Part)>;

impl Shared {
    /// What other nodes said of their parts.
    pub(super) async fn said(
        &self,
        keys: &[SessionKey],
    ) -> Result<BTreeMap<SessionKey, Vec<Said>>, StoreError> {
        let text = format!(
            "SELECT device, session, node, version, first, play FROM shared_plays FINAL
             WHERE (device, session) IN ({}) AND node != ? ORDER BY node",
            list(keys)
        );
        let mut said: BTreeMap<SessionKey, Vec<Said>> = BTreeMap::new();
        for row in rows::<Said>(self.connection.query(&text).bind(&self.node)).await? {
            said.entry(key(row.device, row.session)).or_default().push(row);
        }
        Ok(said)
    }

    pub(super) async fn parts(&self, keys: &[SessionKey]) -> Result<BTreeMap<SessionKey, Parts>, StoreError> {
        let mut parts: BTreeMap<SessionKey, Parts> = BTreeMap::new();
        for row in self.parts_where(&format!("(device, session) IN ({})", list(keys))).await? {
            let place = (row.received, row.node, row.leaf);
            let part = (row.listener, serde_json::from_str(&row.part)?);
            parts.entry(key(row.device, row.session)).or_default().insert(place, part);
        }
        Ok(parts)
    }

    async fn parts_where(&self, condition: &str) -> Result<Vec<PartFound>, StoreError> {
        let text = format!(
            "SELECT device, session, node, leaf, toUnixTimestamp64Milli(received) AS received, listener, part
             FROM session_parts WHERE {condition}"
        );
        rows(self.connection.query(&text)).await
    }

    /// The batches beside those that hold parts, in the chains of their devices; without what they say.
    pub(super) async fn beside<'a>(
        &self,
        all: impl Iterator<Item = (SessionKey, &'a Parts)>,
    ) -> Result<BTreeMap<DeviceId, BTreeMap<(String, u64), Heard>>, StoreError> {
        let (mut devices, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        for (key, parts) in all {
            devices.insert(key.device);
            for (_, part) in parts.values() {
                let seq = part.link.seq;
                numbers.extend([seq.saturating_sub(1), seq, seq.saturating_add(1)]);
            }
        }
        let condition = format!(
            "device IN ({}) AND seq IN ({})",
            devices.iter().map(literal).collect::<Vec<_>>().join(","),
            numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
        );
        let mut beside: BTreeMap<DeviceId, BTreeMap<(String, u64), Heard>> = BTreeMap::new();
        for row in self.parts_where(&condition).await? {
            let (device, part) = (DeviceId(Hash(row.device)), serde_json::from_str::<Part>(&row.part)?);
            let heard = Heard::from_parts(device, row.listener, row.leaf, part.link, Vec::new());
            beside.entry(device).or_default().insert((row.node, row.leaf), heard);
        }
        Ok(beside)
    }

    /// The events of parts.
    pub(super) async fn events<'a>(
        &self,
        all: impl Iterator<Item = (SessionKey, &'a Parts)>,
    ) -> Result<BTreeMap<(SessionKey, String, u64), Vec<Event>>, StoreError> {
        let (mut keys, mut artists, mut tracks) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let mut between = (u64::MAX, 0);
        for (key, parts) in all {
            keys.push(key);
            for (_, part) in parts.values() {
                artists.insert(part.artist.as_str());
                tracks.extend(part.tracks.iter().map(String::as_str));
                between = (between.0.min(part.between.0), between.1.max(part.between.1));
            }
        }
        // By the order of the table, so that not all of it is read.
        let text = format!(
            "SELECT device, session, node, leaf, body FROM play_events WHERE artist IN ? AND track IN ?
             AND at BETWEEN fromUnixTimestamp64Milli(toInt64(?)) AND fromUnixTimestamp64Milli(toInt64(?))
             AND (device, session) IN ({}) ORDER BY event, body",
            list(&keys)
        );
        let query = self.connection.query(&text);
        let query =
            query.bind(artists.into_iter().collect::<Vec<_>>()).bind(tracks.into_iter().collect::<Vec<_>>());
        let query = query.bind(between.0).bind(between.1);
        let mut events: BTreeMap<(SessionKey, String, u64), Vec<Event>> = BTreeMap::new();
        for row in rows::<EventFound>(query).await? {
            // It was read at intake, and is as it was.
            if let Ok(event) = Event::from_json(&row.body) {
                events.entry((key(row.device, row.session), row.node, row.leaf)).or_default().push(event);
            }
        }
        Ok(events)
    }

    /// Tells what this node's log says of sessions that it counts no longer.
    pub(super) fn tell(&self) -> Result<(), StoreError> {
        let (untold, version) = {
            let outbox = self.outbox();
            let untold = outbox.untold()?;
            if untold.is_empty() {
                return Ok(());
            }
            (untold, outbox.telling()?)
        };
        self.runtime.block_on(async {
            let token = format!("{}/shared/{version}", self.outbox().epoch()?);
            let mut insert = self.insert::<SaidRow<'_>>("shared_plays", &token).await?;
            for Untold { own, first } in &untold {
                let row = SaidRow {
                    device: own.device.0.0,
                    session: own.session,
                    node: &self.node,
                    version,
                    first,
                    listener: &own.listener,
                    play: own.to_text(),
                };
                insert.write(&row).await?;
            }
            Ok::<_, StoreError>(insert.end().await?)
        })?;
        Ok(self.outbox().told(&untold)?)
    }
}

pub(super) fn key(device: [u8; 32], session: Uuid) -> SessionKey {
    SessionKey { device: DeviceId(Hash(device)), session }
}

pub(super) fn literal(device: &DeviceId) -> String {
    format!("unhex('{}')", hex(&device.0.0))
}

/// Sessions as a list for `(device, session) IN (…)`.
pub(super) fn list(keys: &[SessionKey]) -> String {
    let mut text = String::new();
    for SessionKey { device, session } in keys {
        // Writing to a string cannot fail.
        let _ = write!(text, "(unhex('{}'),toUUID('{session}')),", hex(&device.0.0));
    }
    text.pop();
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
