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
    /// Follows to the end of the log, carries out what is to be erased, and enters what is due; gives how far it came.
    pub fn catch_up(&mut self) -> Result<u64, FollowError> {
        loop {
            let end = self.follow()?;
            if !self.notary.enter(&*self.store, end, now_ms())? {
                return Ok(end);
            }
        }
    }

    /// Follows to the end of the log. What is to be erased goes as soon as its entry is reached, so that nobody's later
    /// data goes with it.
    pub(super) fn follow(&mut self) -> Result<u64, FollowError> {
        loop {
            self.carry_out()?;
            if let Some(cursor) = self.follow_to_erasures()? {
                return Ok(cursor);
            }
        }
    }

    /// Follows to the end of the log, or to entries that say what is to be erased: then `None`.
    pub(super) fn follow_to_erasures(&mut self) -> Result<Option<u64>, FollowError> {
        let mut cursor = self.notary.trail().leaves()?.min(self.projected.load(Ordering::Acquire));
        let mut reader = self.log.reader(cursor);
        loop {
            let end = self.log.size();
            let (mut chunk, mut erasure) = (Vec::new(), false);
            while chunk.len() < CHUNK
                && let Some((index, record)) = reader.next_below(end)?
            {
                let is_erasure = matches!(record, Record::Erasure(_));
                // Several that follow each other are carried out together; what comes after them is read again.
                if erasure && !is_erasure {
                    break;
                }
                erasure = is_erasure;
                chunk.push((index, record));
            }
            let Some((last, _)) = chunk.last() else { return Ok(Some(cursor)) };
            cursor = last + 1;
            self.take(&chunk, cursor)?;
            if erasure {
                return Ok(None);
            }
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

pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
