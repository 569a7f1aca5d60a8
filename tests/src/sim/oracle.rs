//! What must be counted: known from the devices' disks and the listeners' ears, never from the core's own word.

use delistening_schema::play::{Evidence, Facts, Status, Verdict, judge};
use delistening_schema::{Batch, DeviceId, Event, Intervals};
use delistening_sdk_core::Record;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Watches what becomes durable, what is given up, and what was really heard.
#[derive(Default)]
pub struct Oracle {
    /// Every event that was durable once, and is owed.
    owed: BTreeMap<Uuid, Event>,
    /// The events of every sealed batch, by the record that holds it.
    sealed: BTreeMap<String, Vec<Uuid>>,
    /// Events that were given up openly.
    pub given_up: u64,
    /// What was really heard of each session, by those who listened.
    pub heard: BTreeMap<Uuid, Intervals>,
}

#[derive(Deserialize)]
struct EventRecord {
    event: Box<RawValue>,
}

#[derive(Deserialize)]
struct BatchRecord {
    jws: String,
}

/// What the end of a world has to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Sessions that count.
    pub plays: u64,
    /// Sessions that should count and do not.
    pub lost: u64,
    /// Sessions that count more than once, or count though too little was heard.
    pub double: u64,
}

impl Oracle {
    /// A transaction has become durable on the disk of the device called `disk`.
    pub fn stored(&mut self, disk: &str, puts: &[Record], deletes: &[String]) {
        let mut sealed_now = BTreeSet::new();
        for Record { key, value } in puts {
            if key.starts_with("event/") {
                if let Some(event) = read_event(value) {
                    self.owed.insert(event.id, event);
                }
            } else if key.starts_with("batch/") {
                let events = events_of(value);
                let ids: Vec<Uuid> = events.iter().map(|event| event.id).collect();
                sealed_now.extend(ids.iter().copied());
                self.owed.extend(events.into_iter().map(|event| (event.id, event)));
                self.sealed.insert(format!("{disk} {key}"), ids);
            }
        }
        for key in deletes {
            let Some(id) = key.strip_prefix("event/").and_then(|id| id.parse::<Uuid>().ok()) else {
                continue;
            };
            if !sealed_now.contains(&id) {
                self.given_up += 1;
                self.owed.remove(&id);
            }
        }
    }

    /// A batch is deleted that the server does not hold.
    pub fn batch_given_up(&mut self, disk: &str, key: &str) {
        let ids = self.sealed.get(&format!("{disk} {key}")).cloned().unwrap_or_default();
        self.given_up += ids.len() as u64;
        self.forget(&ids);
    }

    /// What a record holds is no longer owed: it was damaged, or its storage was cleared.
    pub fn destroyed(&mut self, disk: &str, key: &str) {
        if let Some(id) = key.strip_prefix("event/").and_then(|id| id.parse().ok()) {
            self.forget(&[id]);
        } else if let Some(ids) = self.sealed.get(&format!("{disk} {key}")).cloned() {
            self.forget(&ids);
        }
    }

    fn forget(&mut self, ids: &[Uuid]) {
        for id in ids {
            self.owed.remove(id);
        }
    }

    /// Compares what is owed with what the server counts; says what is wrong in `findings`.
    pub fn settle(
        &self,
        verdicts: &BTreeMap<(Uuid, DeviceId), Verdict>,
        findings: &mut Vec<String>,
    ) -> Tally {
        let mut tally = Tally::default();
        let mut owed: BTreeMap<Uuid, Vec<&Event>> = BTreeMap::new();
        for event in self.owed.values() {
            owed.entry(event.session).or_default().push(event);
        }
        let mut kept: BTreeMap<Uuid, Vec<&Verdict>> = BTreeMap::new();
        for ((session, _), verdict) in verdicts {
            kept.entry(*session).or_default().push(verdict);
            if verdict.status == Status::Invalid {
                tally.lost += 1;
                findings.push(format!("session {session} of an honest device is invalid: {verdict:?}"));
            }
        }
        let none = Vec::new();
        for session in self.heard.keys() {
            let valid: Vec<&&Verdict> = kept
                .get(session)
                .unwrap_or(&none)
                .iter()
                .filter(|verdict| verdict.status == Status::Valid)
                .collect();
            tally.plays += u64::from(!valid.is_empty());
            if valid.len() > 1 {
                tally.double += 1;
                findings.push(format!("session {session} counts {} times", valid.len()));
            }
            let heard_ms = self.heard[session].total();
            for verdict in &valid {
                // Positions are told in whole milliseconds, and a rate is not exact.
                if verdict.heard_ms > heard_ms + 2_000 {
                    tally.double += 1;
                    let counted = verdict.heard_ms;
                    findings.push(format!("session {session}: {counted} ms count, {heard_ms} ms were heard"));
                }
            }
            let Some(expected) = owed.get(session).map(|events| expect(events)) else { continue };
            let kept_ms = kept.get(session).unwrap_or(&none).iter().map(|verdict| verdict.heard_ms).max();
            if kept_ms.unwrap_or(0) < expected.heard_ms {
                tally.lost += 1;
                let owed_ms = expected.heard_ms;
                findings.push(format!("session {session}: {owed_ms} ms are owed, {kept_ms:?} ms are kept"));
            } else if expected.status == Status::Valid && valid.is_empty() {
                tally.lost += 1;
                findings.push(format!("session {session} is owed and does not count"));
            }
        }
        tally
    }
}

fn expect(events: &[&Event]) -> Verdict {
    let evidence = events.iter().map(|event| Evidence { event, received: u64::MAX, anchored: None });
    judge(&Facts::gather(evidence))
}

fn read_event(value: &str) -> Option<Event> {
    let record: EventRecord = serde_json::from_str(value).ok()?;
    Event::from_json(record.event.get()).ok()
}

/// The events in a stored batch.
pub fn events_of(value: &str) -> Vec<Event> {
    let Ok(BatchRecord { jws }) = serde_json::from_str(value) else { return Vec::new() };
    let Ok(batch) = Batch::unverified(&jws) else { return Vec::new() };
    batch.read().events.into_iter().flatten().collect()
}
