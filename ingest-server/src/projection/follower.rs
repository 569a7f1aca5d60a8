//! Goes through the log, chunk by chunk, and through what has to be done after that.

use super::fragments::split;
use crate::commit::Log;
use crate::journal::{JournalError, Record};
use crate::live::Live;
use crate::notary::{Notary, NotaryError, Step};
use crate::store::{Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// How many records are taken in with one transaction.
const CHUNK: usize = 256;

/// Why the log cannot be followed at the moment.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something could not be entered.
    #[error(transparent)]
    Notary(#[from] NotaryError),
    /// The trail refused.
    #[error("the trail cannot be used: {0}")]
    Trail(#[from] rusqlite::Error),
}

/// Follows the log.
#[derive(Debug)]
pub(super) struct Follower {
    pub log: Arc<Log>,
    pub store: Arc<dyn Store>,
    pub live: Arc<Live>,
    pub notary: Notary,
    pub projected: Arc<AtomicU64>,
}

impl Follower {
    /// Follows to the end of the log, and enters what is due; gives how far it came.
    pub fn catch_up(&mut self) -> Result<u64, FollowError> {
        loop {
            let end = self.follow()?;
            if !self.notary.enter(&*self.store, end, now_ms())? {
                return Ok(end);
            }
        }
    }

    fn follow(&mut self) -> Result<u64, FollowError> {
        let mut cursor = self.notary.trail().leaves()?.min(self.projected.load(Ordering::Acquire));
        let mut reader = self.log.reader(cursor);
        loop {
            let end = self.log.size();
            let mut chunk = Vec::new();
            while chunk.len() < CHUNK
                && let Some(read) = reader.next_below(end)?
            {
                chunk.push(read);
            }
            let Some((last, _)) = chunk.last() else { return Ok(cursor) };
            cursor = last + 1;
            self.take(&chunk, cursor)?;
        }
    }

    fn take(&mut self, chunk: &[(u64, Record)], cursor: u64) -> Result<(), FollowError> {
        let (mut steps, mut additions) = (Vec::new(), Vec::new());
        for (leaf, record) in chunk {
            let step = match record {
                Record::Batch(batch) => {
                    let Some((listener, parts)) = split(*leaf, batch, &self.log) else { continue };
                    let sessions = parts.iter().map(|addition| addition.key).collect();
                    additions.extend(parts);
                    Step::Batch { listener, sessions }
                }
                Record::Verdicts(verdicts) => Step::Verdicts(verdicts),
                Record::Statement(statement) => Step::Statement(statement),
                Record::Erasure(erasure) => Step::Erasure(erasure),
                Record::Rule(_) | Record::Key(_) | Record::Erased(_) => continue,
            };
            steps.push((*leaf, step));
        }
        // First what remains to be said: if the store fails, it is said later, not never.
        self.notary.trail().take(&steps, cursor)?;
        if cursor > self.projected.load(Ordering::Acquire) {
            let changes = self.store.apply(&additions, cursor)?;
            self.projected.store(cursor, Ordering::Release);
            self.live.apply(&changes);
        }
        Ok(())
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
