//! A journaled batch as what it says of each session.

use crate::commit::Log;
use crate::journal::BatchRecord;
use crate::store::{Addition, SessionKey};
use delistening_schema::Batch;
use delistening_schema::play::Fragment;

/// The listener of a batch, and the batch by its sessions; `None` if the batch cannot be read.
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
    let additions = Fragment::split(&batch, leaf, record.received, anchored)
        .into_iter()
        .map(|(session, fragment)| Addition { key: SessionKey { device: batch.device, session }, fragment });
    Some((batch.listener.clone(), additions.collect()))
}
