//! A journaled batch as what it says of each session.

use crate::commit::Log;
use crate::journal::BatchRecord;
use crate::store::{Addition, SessionKey};
use delistening_schema::play::Fragment;
use delistening_schema::{Batch, Event};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The listener of a batch, and the batch by its sessions. Events that were a problem at intake are left out here in
/// the same way. `None` if the batch cannot be read.
pub fn split(leaf: u64, record: &BatchRecord, log: &Log) -> Option<(String, Vec<Addition>)> {
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
    let mut sessions: BTreeMap<Uuid, Vec<Event>> = BTreeMap::new();
    for event in batch.events.iter().filter_map(|event| Event::from_json(event.get()).ok()) {
        sessions.entry(event.session).or_default().push(event);
    }
    let additions = sessions.into_iter().map(|(session, events)| Addition {
        key: SessionKey { device: batch.device, session },
        fragment: Fragment {
            leaf,
            received: record.received,
            anchored,
            listener: batch.listener.clone(),
            events,
        },
    });
    Some((batch.listener.clone(), additions.collect()))
}
