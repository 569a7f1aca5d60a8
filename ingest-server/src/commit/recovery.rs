//! What a start makes of what is on disk: a ledger and a registry that agree with the journal.
//!
//! Both are derived. What they kept is taken over, and the journal is read from there on; what they lost is read
//! from the journal again, however old it is.

use super::OpenError;
use super::log::Ledger;
use super::succession::Succession;
use crate::background::Background;
use crate::journal::{ErasedRecord, Journal, Record};
use crate::ledger::{Files, Tree};
use crate::registry::{Enrolment, Place, Registry};
use delistening_schema::ledger::{Checkpoint, Entry};
use delistening_schema::{Batch, Hash};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The ledger of the first `size` records, and the keys that they announce. It must come to the root that was
/// signed `before`.
pub(super) fn ledger(
    folder: &Path,
    journal: &Arc<Journal>,
    size: u64,
    before: Option<&Checkpoint>,
) -> Result<(Ledger, Succession), OpenError> {
    let files = Files::open(folder, size)?;
    let kept = files.count();
    let recovered = follow(files, journal, size)?;
    if comes_to(&recovered.0, before) {
        return Ok(recovered);
    }
    if kept > 0 {
        tracing::warn!(
            kept,
            "what was kept of the ledger does not come to what was signed: all of it is made anew"
        );
        let recovered = follow(Files::create(folder)?, journal, size)?;
        if comes_to(&recovered.0, before) {
            return Ok(recovered);
        }
    }
    Err(OpenError::OtherRoot { size: before.map_or(0, |before| before.size) })
}

fn comes_to(ledger: &Ledger, before: Option<&Checkpoint>) -> bool {
    before.is_none_or(|before| ledger.root(before.size).is_ok_and(|root| root == before.root))
}

fn follow(files: Files, journal: &Arc<Journal>, size: u64) -> Result<(Ledger, Succession), OpenError> {
    let mut succession = Succession::default();
    for &index in files.announcements() {
        let entry = files.entry(index)?.and_then(|bytes| Entry::from_bytes(&bytes));
        let missing = || io::Error::other("an entry that announces a key is missing");
        succession.follow(index, &entry.ok_or_else(missing)?);
    }
    let mut ledger = Ledger { tree: Tree::restore(files.count(), &files)?, files };
    let mut reader = journal.reader(ledger.tree.size());
    while let Some((index, record)) = reader.next_below(size)? {
        let entry = record.entry();
        succession.follow(index, &entry);
        ledger.push(&entry);
        if index.is_multiple_of(4096) {
            ledger.files.flush()?;
        }
    }
    ledger.files.flush()?;
    Ok((ledger, succession))
}

/// The registry of the first `size` records.
pub(super) fn registry(path: &Path, journal: &Arc<Journal>, size: u64) -> Result<Registry, OpenError> {
    let mut registry = Registry::open(path, size, Background::start("registry")?)?;
    let mut reader = journal.reader(registry.leaves()?);
    let mut enrolments = Vec::new();
    while let Some((leaf, record)) = reader.next_below(size)? {
        match record {
            Record::Batch(batch) => match Batch::unverified(&batch.jws) {
                Ok(payload) => {
                    let hash = Hash::of(batch.jws.as_bytes());
                    let place = Place { hash, leaf, tree_size: batch.tree_size };
                    enrolments.push(Enrolment { device: payload.device, seq: payload.seq, place });
                }
                Err(problem) => tracing::error!(leaf, %problem, "a journaled batch cannot be read"),
            },
            // A device that sends an erased batch again gets its receipt again.
            Record::Erased(ErasedRecord { tree_size, device, seq, entry }) => {
                let place = Place { hash: entry.batch, leaf, tree_size };
                enrolments.push(Enrolment { device, seq, place });
            }
            _ => continue,
        }
        if enrolments.len() >= 1000 {
            registry.enrol(&enrolments, leaf + 1);
            registry.flush()?;
            enrolments.clear();
        }
    }
    registry.enrol(&enrolments, size);
    registry.flush()?;
    Ok(registry)
}
