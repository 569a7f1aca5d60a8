//! Erasure: an entry says what goes, and only then it goes. What is said can be carried out at any time, in whole or
//! again, so that a crash between any two steps leaves nothing half done.

use super::follower::{FollowError, Follower};
use crate::commit::Log;
use crate::journal::{ErasedRecord, JournalError, Record};
use crate::notary::Holdings;
use delistening_schema::Batch;
use delistening_schema::ledger::{Entry, ErasureEntry};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The indexes of the entries that say so.
    pub entries: Vec<u64>,
    /// How many batches.
    pub batches: u64,
    /// How many verdicts.
    pub verdicts: u64,
}

impl Follower {
    /// Erases everything that the log holds of a listener until now. A second time there is nothing left to erase.
    pub fn erase(&mut self, listener: &str) -> Result<Erased, FollowError> {
        self.follow()?;
        let holdings = self.notary.trail().holdings(listener)?;
        if holdings.is_empty() {
            return Ok(Erased::default());
        }
        self.enter(&holdings)?;
        self.follow_to_erasures()?;
        self.carry_out()
    }

    fn enter(&mut self, holdings: &Holdings) -> Result<(), FollowError> {
        Ok(self.notary.enter_erasure(holdings, super::follower::now_ms())?)
    }

    /// Carries out what is entered.
    pub(super) fn carry_out(&mut self) -> Result<Erased, FollowError> {
        loop {
            let erasures = self.notary.trail().erasures()?;
            if erasures.is_empty() {
                return Ok(Erased::default());
            }
            let listeners = self.notary.trail().erased_listeners(&erasures)?;
            // What came in while the entry was made is named as well, before anything goes: stores forget listeners
            // whole.
            let mut unnamed = Holdings::default();
            for listener in &listeners {
                let Holdings { batches, verdicts } =
                    self.notary.trail().holdings(listener)?.without(&erasures);
                unnamed.batches.extend(batches);
                unnamed.verdicts.extend(verdicts);
            }
            if !unnamed.is_empty() {
                unnamed.batches.sort_unstable();
                unnamed.verdicts.sort_unstable();
                self.enter(&unnamed)?;
                self.follow_to_erasures()?;
                continue;
            }
            for listener in &listeners {
                self.forget(listener)?;
            }
            let named = Named::new(&erasures);
            named.redact(&self.log)?;
            self.notary.trail().erase(&listeners, &erasures)?;
            let erased = Erased {
                entries: erasures.iter().map(|(leaf, _)| *leaf).collect(),
                batches: named.batches.len() as u64,
                verdicts: named.verdicts.values().map(|places| places.len() as u64).sum(),
            };
            tracing::info!(?erased, "data is erased, as the log says");
            return Ok(erased);
        }
    }

    /// Takes a listener out of everything that is derived, but for the trail, which knows what is to be done.
    fn forget(&mut self, listener: &str) -> Result<(), FollowError> {
        let changes = self.store.erase(listener)?;
        self.live.apply(&changes);
        // What stood beside it may look otherwise without it.
        let others = self.bench.erase(listener)?;
        let end = self.bench.leaves();
        self.tell(&others, end)
    }
}

/// What erasures name, by record.
struct Named {
    batches: BTreeSet<u64>,
    verdicts: BTreeMap<u64, BTreeSet<u32>>,
}

impl Named {
    fn new(erasures: &[(u64, ErasureEntry)]) -> Self {
        let mut named = Self { batches: BTreeSet::new(), verdicts: BTreeMap::new() };
        for (_, erasure) in erasures {
            named.batches.extend(&erasure.batches);
            for (leaf, place) in &erasure.verdicts {
                named.verdicts.entry(*leaf).or_default().insert(*place);
            }
        }
        named
    }

    /// Takes what is named out of the journal. Each segment is replaced at once, or not at all.
    fn redact(&self, log: &Log) -> Result<(), FollowError> {
        let mut left: BTreeSet<u64> = BTreeSet::new();
        for &index in self.batches.iter().chain(self.verdicts.keys()) {
            if let Some(record) = log.reader(index).next_below(index + 1)?.map(|(_, record)| record)
                && self.redacted(index, &record).is_some()
            {
                left.insert(index);
            }
        }
        let mut rolled = false;
        while let Some(&index) = left.first() {
            let rewritten = log.journal().rewrite(index, |index, frame| {
                if !left.remove(&index) {
                    return None;
                }
                self.redacted(index, &frame.record()?)
            })?;
            if rewritten && left.first() != Some(&index) {
                continue;
            }
            if rewritten || rolled {
                return Err(
                    JournalError::Io(std::io::Error::other("a record is not where it should be")).into()
                );
            }
            // It is in the segment that is being written.
            log.committer().roll().map_err(crate::notary::NotaryError::from)?;
            rolled = true;
        }
        Ok(())
    }

    /// What is left of a record; `None` if nothing is to be taken out of it.
    fn redacted(&self, index: u64, record: &Record) -> Option<Record> {
        match record {
            Record::Batch(batch) if self.batches.contains(&index) => {
                let Batch { device, seq, .. } = Batch::unverified(&batch.jws)
                    .inspect_err(
                        |problem| tracing::error!(index, %problem, "a journaled batch cannot be read"),
                    )
                    .ok()?;
                let Entry::Batch(entry) = record.entry() else { return None };
                Some(Record::Erased(ErasedRecord { tree_size: batch.tree_size, device, seq, entry }))
            }
            Record::Verdicts(verdicts) => {
                let places = self.verdicts.get(&index)?;
                let mut left = verdicts.clone();
                let mut changed = false;
                for (place, item) in (0..).zip(&mut left.items) {
                    if places.contains(&place) && item.text().is_some() {
                        *item = item.erase();
                        changed = true;
                    }
                }
                changed.then_some(Record::Verdicts(left))
            }
            _ => None,
        }
    }
}
