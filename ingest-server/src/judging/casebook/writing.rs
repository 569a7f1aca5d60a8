//! What is judged waits until it is to be written. After a crash the journal tells it again.

use super::{Result, SqliteCasebook, Touched, number, touched};
use crate::derived;
use delistening_schema::judge::Group;
use rusqlite::params;
use std::time::Instant;

impl SqliteCasebook {
    /// How many entries are known.
    pub(in crate::judging) fn leaves(&self) -> u64 {
        self.known
    }

    /// Since when something waits.
    pub(in crate::judging) fn waits_since(&self) -> Option<Instant> {
        self.waiting
    }

    /// Begins what will be known whole or not at all: `leaves` entries, once it has ended.
    pub(in crate::judging) fn begin(&mut self, leaves: u64) -> Result<()> {
        if self.waiting.is_none() {
            self.database.execute_batch("BEGIN IMMEDIATE")?;
            self.waiting = Some(Instant::now());
        }
        self.then = leaves;
        Ok(())
    }

    /// Ends what was begun. If it is not to be kept, all that waits is undone with it, and is to be told again.
    pub(in crate::judging) fn end(&mut self, keep: bool) -> Result<()> {
        if !keep {
            return self.undo();
        }
        self.known = self.then;
        Ok(())
    }

    /// Writes what waits.
    pub(in crate::judging) fn write(&mut self) -> Result<()> {
        if self.waiting.is_none() {
            return Ok(());
        }
        let written = self.commit();
        if written.is_err() {
            self.undo()?;
        }
        written
    }

    fn commit(&mut self) -> Result<()> {
        let mut touch = self.database.prepare_cached("INSERT INTO touched VALUES (?1, ?2, ?3)")?;
        for Group { scope, of, week } in self.touched.fresh.drain(..) {
            touch.execute(params![number(scope), of, week])?;
        }
        derived::advance(&self.database, self.known)?;
        self.database.execute_batch("COMMIT")?;
        self.waiting = None;
        Ok(())
    }

    fn undo(&mut self) -> Result<()> {
        self.waiting = None;
        self.unknown.set(None);
        self.cases.get_mut().clear();
        self.fragments.get_mut().clear();
        self.members.get_mut().clear();
        if !self.database.is_autocommit() {
            self.database.execute_batch("ROLLBACK")?;
        }
        self.known = derived::leaves(&self.database)?;
        self.touched = Touched { all: touched(&self.database)?, fresh: Vec::new() };
        Ok(())
    }
}

impl Drop for SqliteCasebook {
    fn drop(&mut self) {
        if let Err(error) = self.write() {
            tracing::warn!(%error, "what was judged last is not written: the next start judges it again");
        }
    }
}
