//! A journaled batch as what it says of each session.

use crate::commit::{Log, Recent};
use crate::journal::BatchRecord;
use crate::store::Addition;
use delistening_schema::judge::Heard;
use delistening_schema::play::Received;
use delistening_schema::{Anchor, Batch, Hash};
use std::sync::Arc;

/// A batch that was entered just now.
pub fn of(recent: Recent, log: &Log) -> Heard {
    let Recent { reported, mut received, .. } = recent;
    received.anchored = anchored(reported.anchor.as_ref(), log);
    Heard::of(reported, &received)
}

/// The batch, and what it says of its sessions; `None` if it cannot be read.
pub fn split(leaf: u64, record: &BatchRecord, log: &Log) -> Option<Heard> {
    let batch = match Batch::unverified(&record.jws) {
        Ok(batch) => batch,
        Err(problem) => {
            tracing::error!(leaf, %problem, "a journaled batch cannot be read");
            return None;
        }
    };
    let received = Received {
        leaf,
        at: record.received,
        anchored: anchored(batch.anchor.as_ref(), log),
        hash: Hash::of(record.jws.as_bytes()),
        // What cannot be read says nothing; an auditor takes it in the same way.
        context: serde_json::from_str(&record.context).unwrap_or_default(),
    };
    Some(Heard::new(batch.read(), &received))
}

/// The time of the newest entry that a device had verified.
fn anchored(anchor: Option<&Anchor>, log: &Log) -> Option<u64> {
    let anchor = anchor.filter(|anchor| anchor.origin == log.origin())?;
    log.time_at(anchor.size)
}

/// What a batch says, as stores take it.
pub fn additions(heard: &Heard) -> impl Iterator<Item = Addition> {
    heard.fragments.iter().map(|(key, fragment)| Addition { key: *key, fragment: Arc::clone(fragment) })
}
