//! A journaled batch as what it says of each session.

use crate::commit::Log;
use crate::journal::BatchRecord;
use crate::store::Addition;
use delistening_schema::judge::Heard;
use delistening_schema::play::Received;
use delistening_schema::{Batch, Hash};

/// The batch, and what it says of its sessions; `None` if it cannot be read.
pub fn split(leaf: u64, record: &BatchRecord, log: &Log) -> Option<Heard> {
    let batch = match Batch::unverified(&record.jws) {
        Ok(batch) => batch,
        Err(problem) => {
            tracing::error!(leaf, %problem, "a journaled batch cannot be read");
            return None;
        }
    };
    let anchored = batch
        .anchor
        .as_ref()
        .filter(|anchor| anchor.origin == log.origin())
        .and_then(|anchor| log.time_at(anchor.size));
    let received = Received {
        leaf,
        at: record.received,
        anchored,
        hash: Hash::of(record.jws.as_bytes()),
        // What cannot be read says nothing; an auditor takes it in the same way.
        context: serde_json::from_str(&record.context).unwrap_or_default(),
    };
    Some(Heard::new(&batch, &received))
}

/// What a batch says, as stores take it.
pub fn additions(heard: &Heard) -> impl Iterator<Item = Addition> {
    heard.fragments.iter().map(|(key, fragment)| Addition { key: *key, fragment: fragment.clone() })
}
