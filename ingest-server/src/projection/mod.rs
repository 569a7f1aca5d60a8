//! From the journal to the store: asynchronous, resumable, and always with the same result.
//!
//! A thread follows the signed log from the store's cursor. It can be stopped at any point and started
//! again; what was taken in twice is counted once.

use crate::commit::Log;
use crate::journal::{BatchRecord, JournalError, Reader};
use crate::live::Live;
use crate::store::{Addition, SessionKey, Store, StoreError};
use delistening_schema::play::Fragment;
use delistening_schema::{Batch, Event};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// How many records are taken in with one transaction.
const CHUNK: usize = 256;
/// How long to wait after a store did not take what it was given.
const STORE_AGAIN: Duration = Duration::from_secs(2);

/// Why the projection stands still.
#[derive(Debug, thiserror::Error)]
enum ProjectionError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Follows the log into a store.
#[derive(Debug)]
pub struct Projection {
    projected: Arc<AtomicU64>,
}

impl Projection {
    /// Starts following, on the present runtime, until the log is closed.
    pub fn start(log: Arc<Log>, store: Arc<dyn Store>, live: Arc<Live>) -> Result<Self, StoreError> {
        let cursor = store.cursor()?;
        let projected = Arc::new(AtomicU64::new(cursor));
        tokio::spawn(follow(log, store, live, Arc::clone(&projected)));
        Ok(Self { projected })
    }

    /// How many entries of the log the store has taken in.
    pub fn projected(&self) -> u64 {
        self.projected.load(Ordering::Acquire)
    }
}

async fn follow(log: Arc<Log>, store: Arc<dyn Store>, live: Arc<Live>, projected: Arc<AtomicU64>) {
    loop {
        let cursor = projected.load(Ordering::Acquire);
        if !log.grows_past(cursor).await {
            return;
        }
        let work = {
            let (log, store, live, projected) =
                (Arc::clone(&log), Arc::clone(&store), Arc::clone(&live), Arc::clone(&projected));
            // Reading, judging and storing all block.
            tokio::task::spawn_blocking(move || catch_up(&log, &*store, &live, &projected))
        };
        match work.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the projection stands still and will try again");
                tokio::time::sleep(STORE_AGAIN).await;
            }
            Err(error) => {
                tracing::error!(%error, "the projection failed and will try again");
                tokio::time::sleep(STORE_AGAIN).await;
            }
        }
    }
}

fn catch_up(log: &Log, store: &dyn Store, live: &Live, projected: &AtomicU64) -> Result<(), ProjectionError> {
    let mut reader: Reader = log.reader(projected.load(Ordering::Acquire));
    loop {
        let end = log.size();
        let mut additions = Vec::new();
        let mut cursor = projected.load(Ordering::Acquire);
        for _ in 0..CHUNK {
            let Some((leaf, record)) = reader.next_below(end)? else { break };
            cursor = leaf + 1;
            if let Some(batch) = record.into_batch() {
                additions.extend(split(leaf, &batch, log));
            }
        }
        if cursor == projected.load(Ordering::Acquire) {
            return Ok(());
        }
        let changes = store.apply(&additions, cursor)?;
        projected.store(cursor, Ordering::Release);
        live.apply(&changes);
    }
}

/// A batch by its sessions. Events that were a problem at intake are left out here in the same way.
fn split(leaf: u64, record: &BatchRecord, log: &Log) -> Vec<Addition> {
    let batch = match Batch::unverified(&record.jws) {
        Ok(batch) => batch,
        Err(problem) => {
            tracing::error!(leaf, %problem, "a journaled batch cannot be read");
            return Vec::new();
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
    sessions
        .into_iter()
        .map(|(session, events)| Addition {
            key: SessionKey { device: batch.device, session },
            fragment: Fragment {
                leaf,
                received: record.received,
                anchored,
                listener: batch.listener.clone(),
                events,
            },
        })
        .collect()
}
