//! Enters in the log what the server says of plays, so that it cannot say anything else later: verdicts as
//! sessions are judged, and once a day a statement of what was counted.
//!
//! `trail` knows what the log says already. What is entered comes back through the journal like everything else.

mod trail;

pub use trail::{Holdings, Step, Trail};

use crate::commit::{CommitError, Committer};
use crate::journal::{Record, StatementRecord, VerdictsRecord};
use crate::judging::{Bench, CasebookError};
use crate::store::StoreError;
use delistening_schema::ledger::{ErasureEntry, RuleEntry, RuleKind, Sealed};
use delistening_schema::play::{SessionKey, day_of};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// This many sessions are entered without waiting any longer, and no more with one entry.
const SESSIONS: usize = 512;
/// A record's items have at most this many bytes together, well below what a record may have.
const RECORD_BYTES: usize = 192 * 1024;
/// How many batches and verdicts one erasure entry names, well below what an entry may have.
const ERASED: usize = 1_500;

/// Why something could not be entered.
#[derive(Debug, thiserror::Error)]
pub enum NotaryError {
    /// The trail refused.
    #[error("the trail cannot be used: {0}")]
    Trail(#[from] rusqlite::Error),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Sessions cannot be judged.
    #[error(transparent)]
    Judging(#[from] CasebookError),
    /// The journal refused.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// The notary.
#[derive(Debug)]
pub struct Notary {
    trail: Trail,
    committer: Committer,
    /// How long a session waits for its verdict, so that what follows soon needs no second one.
    verdicts_after: Duration,
    waiting_since: Option<Instant>,
}

impl Notary {
    /// A notary who goes on where `trail` ends.
    pub fn new(trail: Trail, committer: Committer, verdicts_after: Duration) -> Self {
        Self { trail, committer, verdicts_after, waiting_since: None }
    }

    /// What the log says already.
    pub fn trail(&mut self) -> &mut Trail {
        &mut self.trail
    }

    /// When to enter verdicts next; `None` while nothing waits.
    pub fn due(&self) -> Option<Instant> {
        self.waiting_since.map(|since| since + self.verdicts_after)
    }

    /// Whether verdicts are to be entered now: sessions have waited long enough, or are enough.
    pub fn is_due(&mut self) -> Result<bool, NotaryError> {
        let pending = self.trail.pending(SESSIONS)?;
        if pending.is_empty() {
            self.waiting_since = None;
            return Ok(false);
        }
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        Ok(pending.len() >= SESSIONS || since.elapsed() >= self.verdicts_after)
    }

    /// Enters what is due, of what `bench` says of the first `through` entries after it has looked at everything. True
    /// if something was entered, which has to be followed before this is asked again.
    pub fn enter(&mut self, bench: &Bench, through: u64, now_ms: u64) -> Result<bool, NotaryError> {
        loop {
            let pending = self.trail.pending(SESSIONS)?;
            if pending.is_empty() {
                self.waiting_since = None;
                return self.state(through, day_of(now_ms));
            }
            if !self.is_due()? {
                return Ok(false);
            }
            let changed = self.changed(bench, &pending)?;
            if !changed.is_empty() {
                let analysis = bench.analysis();
                let (version, text) = (analysis.version(), analysis.text());
                let rule = RuleEntry { of: RuleKind::Analysis, version, text };
                if !self.trail.is_in_force(&rule)? {
                    self.committer.append(vec![Record::Rule(rule)])?;
                    return Ok(true);
                }
                let records = seal(changed).into_iter();
                let records = records.map(|items| Record::Verdicts(VerdictsRecord { through, items }));
                self.committer.append(records.collect())?;
                return Ok(true);
            }
        }
    }

    /// The verdicts that are not those of the log. Sessions whose verdict is, or that hold no event that can be
    /// read, wait no longer.
    fn changed(&mut self, bench: &Bench, pending: &[SessionKey]) -> Result<Vec<String>, NotaryError> {
        let mut changed = BTreeMap::new();
        for play in bench.plays(pending)? {
            let key = SessionKey::from(&play);
            let text = play.to_text();
            if self.trail.verdict(&key)?.as_deref() != Some(&text) {
                changed.insert(key, text);
            }
        }
        let settled: Vec<_> = pending.iter().copied().filter(|key| !changed.contains_key(key)).collect();
        self.trail.settle(&settled)?;
        Ok(changed.into_values().collect())
    }

    /// States the days that are over and changed.
    fn state(&mut self, through: u64, today: u32) -> Result<bool, NotaryError> {
        let days = self.trail.days_to_state(today)?;
        if days.is_empty() {
            return Ok(false);
        }
        for day in days {
            let lines = self.trail.tally(day)?.lines().map(|line| line.to_text()).collect();
            let parts = seal(lines);
            let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
            let records = (1..).zip(parts).map(|(part, items)| {
                Record::Statement(StatementRecord { day, through, part, parts: count, items })
            });
            self.committer.append(records.collect())?;
        }
        self.trail.stated(today)?;
        Ok(true)
    }

    /// Enters that everything in `holdings` is to be erased.
    pub fn enter_erasure(&self, holdings: &Holdings, now_ms: u64) -> Result<(), NotaryError> {
        let Holdings { batches, verdicts } = holdings;
        let mut records = Vec::new();
        let mut batches = batches.chunks(ERASED);
        let mut verdicts = verdicts.chunks(ERASED);
        loop {
            let (batches, verdicts) = (batches.next().unwrap_or(&[]), verdicts.next().unwrap_or(&[]));
            if batches.is_empty() && verdicts.is_empty() {
                break;
            }
            records.push(Record::Erasure(ErasureEntry {
                at: now_ms,
                batches: batches.to_vec(),
                verdicts: verdicts.to_vec(),
            }));
        }
        Ok(self.committer.append(records)?)
    }
}

/// Salts texts, in lists that each fit a record; an empty list where there are no texts.
fn seal(texts: Vec<String>) -> Vec<Vec<Sealed>> {
    let mut lists = vec![Vec::new()];
    let mut bytes = 0;
    for text in texts {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).expect("the system gives random bytes");
        // Room for the salt and for what JSON escapes.
        bytes += 2 * text.len() + 64;
        if bytes > RECORD_BYTES {
            lists.push(Vec::new());
            bytes = 2 * text.len() + 64;
        }
        if let Some(list) = lists.last_mut() {
            list.push(Sealed::Open { salt, text });
        }
    }
    lists
}
