//! What a witness saw last of each log. Comparing with it and replacing it are one step.

use delistening_schema::Hash;
use delistening_schema::ledger::{Checkpoint, merkle};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use std::path::Path;

/// What came of comparing a checkpoint with what was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The log has only grown; the checkpoint is remembered, durably.
    Grown,
    /// Another size was seen last.
    OtherSize(u64),
    /// It contradicts what was seen, or the proof does not show that it does not.
    Contradiction,
}

/// The memory.
#[derive(Debug)]
pub struct Memory {
    database: Connection,
}

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS logs (
        origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL
    ) WITHOUT ROWID;
";

impl Memory {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let database = Connection::open(path)?;
        database.execute_batch(SCHEMA)?;
        Ok(Self { database })
    }

    /// Compares `checkpoint` with what was seen last, which the caller takes to be `old_size`, and remembers it if
    /// `proof` shows that the log has only grown.
    pub fn compare(
        &mut self,
        checkpoint: &Checkpoint,
        old_size: u64,
        proof: &[Hash],
    ) -> rusqlite::Result<Seen> {
        let transaction = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (size, root) = transaction
            .query_row("SELECT size, root FROM logs WHERE origin = ?1", [&checkpoint.origin], |row| {
                Ok((row.get(0)?, Hash(row.get(1)?)))
            })
            .optional()?
            .unwrap_or((0, merkle::empty_root()));
        if size != old_size {
            return Ok(Seen::OtherSize(size));
        }
        let Checkpoint { origin, size: new_size, root: new_root } = checkpoint;
        if !merkle::verify_consistency(size, &root, *new_size, new_root, proof) {
            return Ok(Seen::Contradiction);
        }
        transaction.execute(
            "INSERT OR REPLACE INTO logs VALUES (?1, ?2, ?3)",
            params![origin, new_size, new_root.0],
        )?;
        transaction.commit()?;
        Ok(Seen::Grown)
    }
}
