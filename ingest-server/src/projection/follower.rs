//! Goes through the log, chunk by chunk, and through what has to be done after that.

use super::fragments::{self, additions, split};
use crate::commit::Log;
use crate::journal::{JournalError, Reader, Record};
use crate::judging::{Bench, CasebookError, Matter};
use crate::live::Live;
use crate::notary::{Notary, NotaryError, Step};
use crate::store::{Store, StoreError};
use delistening_schema::judge::Heard;
use delistening_schema::play::SessionKey;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::watch;

/// How many records are taken in with one transaction at most: the more, the fewer pages are written twice.
const CHUNK: usize = 4096;
/// How many bytes of them, about.
const CHUNK_BYTES: usize = 16 * 1024 * 1024;

/// Who is further behind the log has the bench write less often: lots share pages, which would be written for each.
const BEHIND: u64 = 64;
/// How long what the bench knows waits to be written at most: while a large lot is synced, acks wait for the disk.
const WRITE_AFTER: Duration = Duration::from_millis(100);

/// Why the log cannot be followed at the moment.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Sessions cannot be judged.
    #[error(transparent)]
    Judging(#[from] CasebookError),
    /// Something could not be entered.
    #[error(transparent)]
    Notary(#[from] NotaryError),
    /// The trail refused.
    #[error("the trail cannot be used: {0}")]
    Trail(#[from] rusqlite::Error),
}

/// What stands at one place of the log.
enum Entered {
    Batch(Heard),
    /// The log's own record, or a batch that cannot be read.
    Own(Record),
}

/// Follows the log.
#[derive(Debug)]
pub(super) struct Follower {
    pub log: Arc<Log>,
    pub bench: Bench,
    pub store: Arc<dyn Store>,
    pub live: Arc<Live>,
    pub notary: Notary,
    pub projected: watch::Sender<u64>,
    /// Whether the store and the notary know everything that the bench says, so that only what is new has to be told.
    pub agreed: bool,
}

impl Follower {
    /// Follows to the end of the log, carries out what is to be erased, and enters what is due; gives how far it came.
    pub fn catch_up(&mut self) -> Result<u64, FollowError> {
        if !std::mem::take(&mut self.agreed) {
            self.agree()?;
        }
        loop {
            let end = self.follow()?;
            if self.notary.is_due()? {
                self.examine(end)?;
            }
            if !self.notary.enter(&self.bench, end, now_ms())? {
                self.bench.write()?;
                self.agreed = true;
                return Ok(end);
            }
        }
    }

    /// When there is something to do, even if nothing comes.
    pub fn due(&self) -> Option<Instant> {
        self.notary.due()
    }

    /// Tells the store and the notary what the bench said last, in case that they were not told to the end.
    fn agree(&mut self) -> Result<(), FollowError> {
        let (known, stored, told) =
            (self.bench.leaves(), *self.projected.borrow(), self.notary.trail().leaves()?);
        let last = self.bench.changed(known.saturating_sub(1), known)?;
        if stored == known {
            let changes = self.store.apply(&[], &last, known)?;
            self.live.apply(&changes);
        }
        if told >= known {
            self.notary.trail().await_verdicts(last.iter().map(SessionKey::from), known)?;
        }
        Ok(())
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
        let (told, judged) = (self.notary.trail().leaves()?, self.bench.leaves());
        let mut cursor = told.min(judged).min(*self.projected.borrow());
        let mut reader = self.log.reader(cursor);
        loop {
            let end = self.log.size();
            let (mut chunk, mut bytes, mut erasure) = (Vec::new(), 0, false);
            while chunk.len() < CHUNK
                && bytes < CHUNK_BYTES
                && let Some((entered, size)) = self.next_below(end, cursor, &mut reader)?
            {
                let is_erasure = matches!(entered, Entered::Own(Record::Erasure(_)));
                // Several that follow each other are carried out together; what comes after them is read again.
                if erasure && !is_erasure {
                    break;
                }
                erasure = is_erasure;
                bytes += size;
                chunk.push((cursor, entered));
                cursor += 1;
            }
            if chunk.is_empty() {
                return Ok(Some(cursor));
            }
            self.take(&chunk, cursor)?;
            if erasure {
                return Ok(None);
            }
        }
    }

    /// What stands at `index`, if that is below `end`, and how many bytes it had: from memory, or from the journal.
    fn next_below(
        &self,
        end: u64,
        index: u64,
        reader: &mut Reader,
    ) -> Result<Option<(Entered, usize)>, FollowError> {
        if index >= end {
            return Ok(None);
        }
        if let Some(recent) = self.log.recents().take(index) {
            let bytes = recent.bytes;
            return Ok(Some((Entered::Batch(fragments::of(recent, &self.log)), bytes)));
        }
        if reader.next() != index {
            *reader = self.log.reader(index);
        }
        Ok(reader.next_below(end)?.map(|(_, record)| match record {
            Record::Batch(batch) => match split(index, &batch, &self.log) {
                Some(heard) => (Entered::Batch(heard), batch.jws.len()),
                None => (Entered::Own(Record::Batch(batch)), 0),
            },
            own => (Entered::Own(own), 0),
        }))
    }

    fn take(&mut self, chunk: &[(u64, Entered)], cursor: u64) -> Result<(), FollowError> {
        let (mut steps, mut matters, mut heard) = (Vec::new(), Vec::new(), Vec::new());
        for (leaf, entered) in chunk {
            let step = match entered {
                Entered::Batch(batch) => {
                    let sessions = batch.fragments.iter().map(|(key, _)| *key).collect();
                    matters.push((*leaf, Matter::Batch(batch)));
                    heard.push((*leaf, batch));
                    Step::Batch { listener: batch.listener.clone(), sessions }
                }
                Entered::Own(record) => match record {
                    Record::Verdicts(verdicts) => Step::Verdicts(verdicts),
                    Record::Statement(statement) => Step::Statement(statement),
                    Record::Erasure(erasure) => Step::Erasure(erasure),
                    Record::Rule(rule) => Step::Rule(rule),
                    Record::Erased(erased) => {
                        matters.push((*leaf, Matter::Erased(erased.entry.batch)));
                        continue;
                    }
                    Record::Batch(_) | Record::Key(_) => continue,
                },
            };
            steps.push((*leaf, step));
        }
        // First what remains to be said: if the store fails, it is said later, not never.
        let told = self.notary.trail().leaves()?;
        self.notary.trail().take(&steps, cursor)?;
        let mut judged = self.bench.take(&matters, cursor)?;
        // Those that the trail has just taken wait already.
        let fresh = heard.iter().filter(|(leaf, _)| *leaf >= told);
        for (key, _) in fresh.flat_map(|(_, heard)| &heard.fragments) {
            judged.remove(key);
        }
        self.notary.trail().await_verdicts(judged, cursor)?;
        let stored = *self.projected.borrow();
        if cursor > stored {
            let fresh = heard.iter().filter(|(leaf, _)| *leaf >= stored);
            let additions: Vec<_> = fresh.flat_map(|(_, heard)| additions(heard)).collect();
            let changes = self.store.apply(&additions, &self.bench.changed(stored, cursor)?, cursor)?;
            self.live.apply(&changes);
            self.projected.send_replace(cursor);
        }
        // After those who are told of it, so that none of them lacks what it has.
        let near = self.log.size() - cursor < BEHIND;
        if near || self.bench.waits_since().is_some_and(|since| since.elapsed() >= WRITE_AFTER) {
            self.bench.write()?;
        }
        Ok(())
    }

    /// Looks at sessions beside each other, and tells what became of them.
    fn examine(&mut self, end: u64) -> Result<(), FollowError> {
        let fresh = self.bench.examine()?;
        self.tell(&fresh, end)
    }

    /// Tells the notary and the store what is said of sessions now, of the first `end` entries.
    pub(super) fn tell(&mut self, fresh: &BTreeSet<SessionKey>, end: u64) -> Result<(), FollowError> {
        let plays = self.bench.plays(fresh)?;
        if !plays.is_empty() {
            self.notary.trail().await_verdicts(fresh.iter().copied(), end)?;
            let changes = self.store.apply(&[], &plays, end)?;
            self.live.apply(&changes);
        }
        Ok(())
    }
}

pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
