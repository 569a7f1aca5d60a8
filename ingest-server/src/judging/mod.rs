//! Judges the sessions of the log: the contract crate's judge, over a file that follows the log.
//!
//! Stores are told what it says, and the notary enters it. A store that is behind, or new, asks for what changed since.

mod casebook;
mod packed;
mod remembered;

pub use casebook::{CasebookError, SqliteCasebook};

use delistening_schema::Hash;
use delistening_schema::analysis::Analysis;
use delistening_schema::judge::{Heard, Judge};
use delistening_schema::play::{Play, SessionKey};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// What a record has for the bench.
#[derive(Debug)]
pub enum Matter<'a> {
    /// A batch.
    Batch(&'a Heard),
    /// What is left of an erased batch.
    Erased(Hash),
}

/// Where the sessions of a log are judged.
#[derive(Debug)]
pub struct Bench {
    judge: Judge<SqliteCasebook>,
}

impl Bench {
    /// Opens the file of a log of `leaves` entries. It belongs to one analysis: under another it is made anew.
    pub fn open(path: &Path, leaves: u64, analysis: Arc<Analysis>) -> Result<Self, CasebookError> {
        let casebook = SqliteCasebook::open(path, leaves, &analysis.text())?;
        Ok(Self { judge: Judge::new(analysis, casebook) })
    }

    /// How many entries of the log it knows.
    pub fn leaves(&self) -> u64 {
        self.judge.casebook().leaves()
    }

    /// Since when something waits to be written; `None` while nothing does.
    pub fn waits_since(&self) -> Option<Instant> {
        self.judge.casebook().waits_since()
    }

    /// Writes what waits.
    pub fn write(&mut self) -> Result<(), CasebookError> {
        self.judge.casebook_mut().write()
    }

    /// The analysis.
    pub fn analysis(&self) -> &Analysis {
        self.judge.analysis()
    }

    /// Takes what is new, up to the entry before `leaves`; all or none. Gives the sessions that are judged anew. It waits to
    /// be written.
    pub fn take(
        &mut self,
        matters: &[(u64, Matter<'_>)],
        leaves: u64,
    ) -> Result<BTreeSet<SessionKey>, CasebookError> {
        let known = self.leaves();
        if leaves <= known {
            return Ok(BTreeSet::new());
        }
        self.transact(leaves, |judge| {
            let mut touched = BTreeSet::new();
            for (_, matter) in matters.iter().filter(|(leaf, _)| *leaf >= known) {
                match matter {
                    Matter::Batch(heard) => touched.extend(judge.take((*heard).clone())?),
                    Matter::Erased(hash) => touched.extend(judge.erased(*hash)?),
                }
            }
            Ok(touched)
        })
    }

    /// Looks at what stands beside each other, where anything changed. Gives the sessions whose play became another. It
    /// is written at once: told again it may say something else, by what came later, and whoever was told would not
    /// know.
    pub fn examine(&mut self) -> Result<BTreeSet<SessionKey>, CasebookError> {
        let leaves = self.leaves();
        let changed = self.transact(leaves, Judge::examine)?;
        self.write()?;
        Ok(changed)
    }

    /// Forgets everything of a listener. Gives the sessions that are gone, and those that look otherwise without them.
    pub fn erase(&mut self, listener: &str) -> Result<BTreeSet<SessionKey>, CasebookError> {
        let leaves = self.leaves();
        let touched = self.transact(leaves, |judge| {
            let mut touched = judge.erase(listener)?;
            touched.extend(judge.examine()?);
            Ok(touched)
        })?;
        self.write()?;
        self.judge.casebook().forget()?;
        Ok(touched)
    }

    /// The plays of those sessions that are known.
    pub fn plays<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a SessionKey>,
    ) -> Result<Vec<Play>, CasebookError> {
        keys.into_iter().filter_map(|key| self.judge.play(key).transpose()).collect()
    }

    /// The plays that became what they are with the entries from `from` on, up to the entry before `to`.
    pub fn changed(&self, from: u64, to: u64) -> Result<Vec<Play>, CasebookError> {
        self.judge.casebook().changed(from, to)
    }

    fn transact<T>(
        &mut self,
        leaves: u64,
        work: impl FnOnce(&mut Judge<SqliteCasebook>) -> Result<T, CasebookError>,
    ) -> Result<T, CasebookError> {
        self.judge.casebook_mut().begin(leaves)?;
        let done = work(&mut self.judge);
        let ended = self.judge.casebook_mut().end(done.is_ok());
        let done = done?;
        ended.map(|()| done)
    }
}
