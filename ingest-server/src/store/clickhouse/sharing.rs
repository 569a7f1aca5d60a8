//! Sessions whose batches reached several nodes: counted once, from what all of them stored.
//!
//! The node that received the first part of such a session counts it. Each of the others takes away what it counted,
//! and only when that is acknowledged tells what its log says of its part, naming the first part that it knows of. The
//! one that counts judges again from its own parts and from those of nodes that gave way to the same first part. So no
//! node ever touches what another one counted, and in whichever order they load, the same play is counted in the end;
//! until then it may be counted by both for a moment, never by more than those that hold parts of it.
//!
//! In the same way a session is judged again whose batches follow one that only another node has: between them a device
//! went from one to the other, and nothing is missing.
//!
//! What a node's own log says of its part does not change by this.

use super::Shared;
use super::connection::{patiently, rows};
use super::outbox::{Decision, Untold};
use super::rows::Part;
use crate::store::StoreError;
use clickhouse::Row;
use delistening_schema::event::Event;
use delistening_schema::judge::{Heard, has_gap, joint};
use delistening_schema::play::{Fragment, Play, SessionKey};
use delistening_schema::{DeviceId, Hash};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use uuid::Uuid;

/// Sessions that are decided on together.
const CHUNK: usize = 200;
/// So many devices that miss batches are looked after.
const DEVICES: usize = 1000;
/// A row may be seen so many milliseconds after the time that it bears: as long as a block may take, and a minute.
const LATE_MS: i64 = 6 * 60 * 1000;

#[derive(Row, Deserialize)]
struct Others {
    nodes: u64,
    now: i64,
}

/// A session that several nodes hold parts of, and a number for which parts these are.
#[derive(Row, Deserialize)]
struct Found {
    device: [u8; 32],
    #[serde(with = "clickhouse::serde::uuid")]
    session: Uuid,
    parts: u64,
}

/// A session to decide on; `again` if that is not to depend on whether anything of it is new.
struct Look {
    key: SessionKey,
    parts: u64,
    again: bool,
}

#[derive(Row, Deserialize)]
struct DeviceFound {
    device: [u8; 32],
}

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
struct Said {
    device: [u8; 32],
    #[serde(with = "clickhouse::serde::uuid")]
    session: Uuid,
    node: String,
    version: u64,
    first: String,
    play: String,
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
type Place = (i64, String, u64);

/// The parts of a session in the order in which they were received.
type Parts = BTreeMap<Place, (String, Part)>;

impl Shared {
    /// Looks for sessions that are shared, and decides on those of which anything is new. Gives whether anything is to be
    /// counted otherwise than before.
    pub(super) fn share(&self) -> Result<bool, StoreError> {
        self.tell()?;
        let Some((found, now)) = self.runtime.block_on(self.find())? else { return Ok(false) };
        let mut changed = false;
        for chunk in found.chunks(CHUNK) {
            changed |= self.decide(chunk)?;
        }
        self.outbox().set_looked(now)?;
        Ok(changed)
    }

    /// The sessions to look at, and the time of ClickHouse; `None` if there is no other node.
    async fn find(&self) -> Result<Option<(Vec<Look>, i64)>, StoreError> {
        let query = self.connection.query(
            "SELECT uniqExact(node) AS nodes, toUnixTimestamp64Milli(now64(3)) AS now FROM nodes WHERE node != ?",
        );
        let Others { nodes, now } = patiently(query.bind(&self.node).fetch_one()).await?;
        if nodes == 0 {
            return Ok(None);
        }
        let (looked, stale) = {
            let outbox = self.outbox();
            (outbox.looked()?, outbox.stale(CHUNK)?)
        };
        let since = looked.saturating_sub(LATE_MS);
        let gaps = self.gaps(since).await?;
        let recent = format!(
            "SELECT device, session FROM session_parts WHERE loaded >= fromUnixTimestamp64Milli({since})
             UNION ALL SELECT device, session FROM shared_plays WHERE posted >= fromUnixTimestamp64Milli({since})"
        );
        let mut found: BTreeMap<SessionKey, Look> = BTreeMap::new();
        for (among, nodes, again) in [(recent, 2, false), (list(&stale), 1, false), (list(&gaps), 1, true)] {
            if among.is_empty() {
                continue;
            }
            let text = format!(
                "SELECT device, session, sipHash64(arraySort(groupUniqArray((node, leaf)))) AS parts FROM session_parts
                 WHERE (device, session) GLOBAL IN ({among})
                 GROUP BY device, session HAVING uniqExact(node) >= {nodes} AND countIf(node = ?) > 0"
            );
            let query = self.connection.query(&text).bind(&self.node);
            for Found { device, session, parts } in rows::<Found>(query).await? {
                let key = key(device, session);
                let again = again || found.get(&key).is_some_and(|look| look.again);
                found.insert(key, Look { key, parts, again });
            }
        }
        Ok(Some((found.into_values().collect(), now)))
    }

    /// Sessions that miss a batch which another node may have loaded since.
    async fn gaps(&self, since: i64) -> Result<Vec<SessionKey>, StoreError> {
        let (mut gaps, devices) = {
            let outbox = self.outbox();
            (outbox.fresh_gaps(CHUNK)?, outbox.devices_with_gaps(DEVICES)?)
        };
        if devices.is_empty() {
            return Ok(gaps);
        }
        let text = format!(
            "SELECT DISTINCT device FROM session_parts
             WHERE device IN ({}) AND node != ? AND loaded >= fromUnixTimestamp64Milli({since})",
            devices.iter().map(literal).collect::<Vec<_>>().join(",")
        );
        for DeviceFound { device } in rows(self.connection.query(&text).bind(&self.node)).await? {
            gaps.extend(self.outbox().gaps_of(DeviceId(Hash(device)))?);
        }
        Ok(gaps)
    }

    fn decide(&self, found: &[Look]) -> Result<bool, StoreError> {
        let keys: Vec<SessionKey> = found.iter().map(|look| look.key).collect();
        let mut said = self.runtime.block_on(self.said(&keys))?;
        let mut fresh = Vec::new();
        for Look { key, parts, again } in found {
            let said = said.remove(key).unwrap_or_default();
            let mut seen = parts.to_string();
            for Said { node, version, .. } in &said {
                // Writing to a string cannot fail.
                let _ = write!(seen, " {node}/{version}");
            }
            let outbox = self.outbox();
            if !again && outbox.seen(key)?.as_ref() == Some(&seen) {
                continue;
            }
            // What is not known here, or not any more, is decided on when it is.
            if let Some(own) = outbox.own(key)? {
                fresh.push((*key, own, seen, said));
            }
        }
        if fresh.is_empty() {
            return Ok(false);
        }
        let decisions = self.runtime.block_on(self.judge(fresh))?;
        let mut outbox = self.outbox();
        let changed = outbox.decide(&decisions)?;
        outbox.looked_for(found.iter().filter(|look| look.again).map(|look| look.key))?;
        Ok(changed)
    }

    /// Who counts each session, and what it is worth if that is this node.
    async fn judge(
        &self,
        fresh: Vec<(SessionKey, Play, String, Vec<Said>)>,
    ) -> Result<Vec<Decision>, StoreError> {
        let keys: Vec<SessionKey> = fresh.iter().map(|(key, ..)| *key).collect();
        let mut parts = self.parts(&keys).await?;
        let (mut decisions, mut to_judge) = (Vec::new(), Vec::new());
        for (key, own, seen, said) in fresh {
            let mut parts = parts.remove(&key).unwrap_or_default();
            let Some(((received, node, leaf), _)) = parts.first_key_value() else { continue };
            let first = format!("{received}/{node}/{leaf}");
            if *node != self.node {
                decisions.push(Decision { key, own, seen, first: Some(first), counted: None });
                continue;
            }
            let said: Vec<Said> = said.into_iter().filter(|said| said.first == first).collect();
            parts.retain(|(_, node, _), _| *node == self.node || said.iter().any(|said| said.node == *node));
            let plays = said.iter().map(|said| serde_json::from_str(&said.play));
            let mut plays = plays.collect::<Result<Vec<Play>, _>>()?;
            let decision = Decision { key, counted: Some(own.clone()), own: own.clone(), seen, first: None };
            if plays.is_empty() && !has_gap(&own) {
                decisions.push(decision);
            } else {
                plays.push(own);
                to_judge.push((decision, parts, plays));
            }
        }
        if to_judge.is_empty() {
            return Ok(decisions);
        }
        let all = || to_judge.iter().map(|(decision, parts, _)| (decision.key, parts));
        let mut beside = self.beside(all()).await?;
        let mut events = self.events(all()).await?;
        for (mut decision, parts, plays) in to_judge {
            let key = decision.key;
            let mut held = beside.remove(&key.device).unwrap_or_default();
            for ((received, node, leaf), (listener, part)) in parts {
                let fragment = Fragment {
                    leaf,
                    received: u64::try_from(received).unwrap_or_default(),
                    anchored: part.anchored,
                    listener: listener.clone(),
                    link: part.link,
                    context: part.context,
                    events: events.remove(&(key, node.clone(), leaf)).unwrap_or_default(),
                };
                let heard =
                    Heard::from_parts(key.device, listener, leaf, part.link, vec![(key, Arc::new(fragment))]);
                held.insert((node, leaf), heard);
            }
            // A device may share several sessions: what is beside them is the same.
            let without = held.iter().map(|((node, leaf), heard)| {
                let Heard { device, listener, .. } = heard;
                let link = heard.link();
                ((node.clone(), *leaf), Heard::from_parts(*device, listener.clone(), *leaf, link, Vec::new()))
            });
            beside.insert(key.device, without.collect());
            let held = held.into_iter().map(|((node, _), heard)| (node, heard)).collect();
            if let Some(play) = joint(&self.analysis, &key, held, &plays) {
                decision.counted = Some(play);
            }
            decisions.push(decision);
        }
        Ok(decisions)
    }

    /// What other nodes said of their parts.
    async fn said(&self, keys: &[SessionKey]) -> Result<BTreeMap<SessionKey, Vec<Said>>, StoreError> {
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

    async fn parts(&self, keys: &[SessionKey]) -> Result<BTreeMap<SessionKey, Parts>, StoreError> {
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
    async fn beside<'a>(
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
    async fn events<'a>(
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
    fn tell(&self) -> Result<(), StoreError> {
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

fn key(device: [u8; 32], session: Uuid) -> SessionKey {
    SessionKey { device: DeviceId(Hash(device)), session }
}

fn literal(device: &DeviceId) -> String {
    format!("unhex('{}')", hex(&device.0.0))
}

/// Sessions as a list for `(device, session) IN (…)`.
fn list(keys: &[SessionKey]) -> String {
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
