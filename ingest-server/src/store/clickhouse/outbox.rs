//! What waits to be loaded, and what ClickHouse counts of it already.
//!
//! A local file, derived like every other projection. If it is lost, what ClickHouse holds of this node is read back
//! first (see `loader`), so that nothing is counted a second time.

mod changes;
mod shared;
mod waiting;

pub use changes::{Block, Sent};
pub use shared::{Decision, Untold};
pub use waiting::Rows;

use crate::derived;
use crate::store::{Addition, Change, StoreError};
use changes::{known, put};
use delistening_schema::play::{Play, SessionKey};
use rusqlite::{Connection, params};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The form of the file. One of another form is made anew: it is derived.
const FORM: i32 = 6;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA cache_size = -65536;
    -- Listeners of whom ClickHouse is to forget what stands in the log before this entry, and what was sent in blocks up
    -- to this one. Whoever is erased may come back before that is done.
    CREATE TABLE IF NOT EXISTS erasures (
        listener TEXT PRIMARY KEY, leaves INTEGER NOT NULL, version INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS progress (
        one INTEGER PRIMARY KEY CHECK (one = 1), leaves INTEGER NOT NULL, version INTEGER NOT NULL,
        epoch TEXT NOT NULL, known INTEGER NOT NULL,
        -- The database that is loaded into, once one is.
        database TEXT,
        -- The block of changes that was sent last, and the last change in it.
        block INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0
    );
";

/// A listener whom ClickHouse is to forget.
#[derive(Debug)]
pub struct Erasure {
    /// The pseudonym.
    pub listener: String,
    /// What stands in the log before this entry is to go.
    pub leaves: u64,
    /// So is what was sent in blocks up to this one.
    pub version: u64,
}

/// The outbox.
#[derive(Debug)]
pub struct Outbox {
    database: Connection,
    /// The origin of this node's log.
    node: String,
    path: PathBuf,
}

impl Outbox {
    /// Opens or makes the file of the node whose log is `node`.
    pub fn open(path: &Path, node: &str) -> Result<Self, StoreError> {
        let database = derived::connect(path, FORM)?;
        for schema in [SCHEMA, waiting::SCHEMA, changes::SCHEMA, shared::SCHEMA] {
            database.execute_batch(schema)?;
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("the system gives random bytes");
        // Tokens of a file that was lost never come again.
        let epoch = delistening_schema::bytes::encode(&random);
        database.execute(
            "INSERT OR IGNORE INTO progress (one, leaves, version, epoch, known) VALUES (1, 0, 0, ?1, 0)",
            [epoch],
        )?;
        Ok(Self { database, node: node.to_owned(), path: path.to_owned() })
    }

    /// How many entries of the log it has taken in.
    pub fn cursor(&self) -> rusqlite::Result<u64> {
        self.database.query_row("SELECT leaves FROM progress", [], |row| row.get(0))
    }

    /// How many entries of the log are loaded.
    pub fn loaded(&self) -> rusqlite::Result<u64> {
        let ask = "SELECT min(leaves, ifnull((SELECT leaf FROM waiting ORDER BY id LIMIT 1), leaves),
            ifnull((SELECT leaf FROM changes ORDER BY id LIMIT 1), leaves)) FROM progress";
        self.database.query_row(ask, [], |row| row.get(0))
    }

    /// The number of the last block, and how many entries of the log are loaded.
    pub fn progress(&self) -> rusqlite::Result<(u64, u64)> {
        Ok((self.version()?, self.loaded()?))
    }

    fn version(&self) -> rusqlite::Result<u64> {
        self.database.query_row("SELECT version FROM progress", [], |row| row.get(0))
    }

    /// Takes in what batches say and what sessions are worth.
    pub fn take(
        &mut self,
        additions: &[Addition],
        plays: &[Play],
        cursor: u64,
    ) -> Result<Vec<Change>, StoreError> {
        if !additions.is_empty() {
            self.has_room()?;
        }
        let leaves = self.cursor()?;
        let transaction = self.database.transaction()?;
        let worth: HashMap<SessionKey, &Play> =
            plays.iter().map(|play| (SessionKey::from(play), play)).collect();
        let mut changes = Vec::new();
        for (key, play) in &worth {
            changes.extend(put(&transaction, key, play, cursor)?);
        }
        for addition in additions.iter().filter(|addition| addition.fragment.leaf >= leaves) {
            let earlier = match worth.get(&addition.key) {
                Some(_) => None,
                None => known(&transaction, &addition.key)?,
            };
            let play = worth.get(&addition.key).copied().or(earlier.as_ref());
            waiting::put(&transaction, &self.node, addition, play)?;
        }
        transaction.prepare_cached("UPDATE progress SET leaves = max(leaves, ?1)")?.execute([cursor])?;
        transaction.commit()?;
        Ok(changes)
    }

    /// Forgets everything of a listener, and notes that ClickHouse is to forget it.
    pub fn erase(&mut self, listener: &str) -> Result<Vec<Change>, StoreError> {
        let leaves = self.cursor()?;
        let transaction = self.database.transaction()?;
        transaction.execute("DELETE FROM waiting WHERE listener = ?1", [listener])?;
        // What ClickHouse counts is to be taken away there, and is needed for that until it was.
        let mut erased = shared::erase(&transaction, listener, leaves)?;
        erased.extend(changes::erase(&transaction, listener, leaves)?);
        transaction.execute(
            "DELETE FROM gaps WHERE (session, device) NOT IN (SELECT session, device FROM plays)
             AND (device, session) NOT IN (SELECT device, session FROM shared)",
            [],
        )?;
        transaction.execute(
            "INSERT OR REPLACE INTO erasures SELECT ?1, leaves, max(version, block) FROM progress",
            [listener],
        )?;
        transaction.commit()?;
        derived::scrub(&self.database)?;
        erased
            .iter()
            .map(|text| Ok(Change { before: Some(serde_json::from_str(text)?), now: None }))
            .collect()
    }

    /// What ClickHouse is to forget.
    pub fn erasures(&self) -> rusqlite::Result<Vec<Erasure>> {
        let mut statement = self.database.prepare("SELECT listener, leaves, version FROM erasures")?;
        let erasures = statement.query_map([], |row| {
            Ok(Erasure { listener: row.get(0)?, leaves: row.get(1)?, version: row.get(2)? })
        })?;
        erasures.collect()
    }

    /// Listeners are forgotten everywhere.
    pub fn erased(&mut self, erasures: &[Erasure]) -> rusqlite::Result<()> {
        let transaction = self.database.transaction()?;
        for Erasure { listener, leaves, .. } in erasures {
            // Unless they were erased once more since.
            transaction.execute(
                "DELETE FROM erasures WHERE listener = ?1 AND leaves = ?2",
                params![listener, leaves],
            )?;
        }
        transaction.commit()?;
        derived::scrub(&self.database)
    }

    /// Sees that nothing was loaded from here into another database than this one, and keeps to it from now on.
    pub fn keep_to(&self, database: &str) -> Result<(), StoreError> {
        self.database.execute("UPDATE progress SET database = ?1 WHERE database IS NULL", [database])?;
        let known: String = self.database.query_row("SELECT database FROM progress", [], |row| row.get(0))?;
        if known == database {
            return Ok(());
        }
        Err(StoreError::Drift(format!(
            "the database is {database}; what waits in {} is for {known}, which has what came before. Name that one, or \
             remove this file while the server is stopped: then the other is filled anew from the journal",
            self.path.display()
        )))
    }

    /// Whether it is known what ClickHouse counts, if `version` is the last block that ClickHouse has of this node.
    pub fn agrees(&self, version: u64) -> Result<bool, StoreError> {
        let (own, known): (u64, bool) =
            self.database
                .query_row("SELECT version, known FROM progress", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        // ClickHouse is told a block's number after the block.
        Ok(known && version <= own)
    }

    /// Begins anew from what ClickHouse counts of this node, which `version` was the last block of.
    pub fn restore(&mut self, version: u64, counted: &[Play]) -> Result<(), StoreError> {
        let erased: HashSet<String> = self.erasures()?.into_iter().map(|erasure| erasure.listener).collect();
        let transaction = self.database.transaction()?;
        shared::doubt(&transaction)?;
        changes::restore(&transaction, counted, &erased)?;
        transaction.execute("UPDATE progress SET version = max(version, ?1), known = 1", [version])?;
        // What ClickHouse has of them came before this file, and before it was asked to forget them.
        transaction.execute("UPDATE erasures SET version = max(version, ?1)", [version])?;
        Ok(transaction.commit()?)
    }

    /// What the tokens of this file begin with.
    pub fn epoch(&self) -> rusqlite::Result<String> {
        self.database.query_row("SELECT epoch FROM progress", [], |row| row.get(0))
    }
}
