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

mod stored;

use super::Shared;
use super::connection::{patiently, rows};
use super::outbox::Decision;
use crate::store::StoreError;
use clickhouse::Row;
use delistening_schema::judge::{Heard, has_gap, joint};
use delistening_schema::play::{Fragment, Play, SessionKey};
use delistening_schema::{DeviceId, Hash};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use stored::{Said, key, list, literal};
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
}
