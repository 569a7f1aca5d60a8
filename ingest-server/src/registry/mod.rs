//! The device registry: which batch holds which sequence number of which device.
//!
//! It makes a resend harmless and a fork visible. Derived from the journal: what it lacks after a crash is
//! read from there again.

use crate::background::Background;
use crate::derived;
use delistening_schema::{DeviceId, Hash};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// Its index in the log.
    pub leaf: u64,
    /// The size of the log that its receipt is for.
    pub tree_size: u64,
}

/// How many devices' newest batches stay in memory.
const REMEMBERED: usize = 100_000;

/// How many enrolments SQLite's own log holds before they are taken over into the file.
const CHECKPOINT: usize = 4096;

/// The registry.
#[derive(Debug)]
pub struct Registry {
    database: Connection,
    newest: HashMap<DeviceId, (u64, Hash)>,
    checkpoints: Checkpoints,
}

/// Takes over what SQLite's own log holds, on a thread of its own: it waits for the disk, and acks would wait with it.
#[derive(Debug)]
struct Checkpoints {
    path: PathBuf,
    background: Background,
    /// Whether one is under way.
    busy: Arc<AtomicBool>,
    /// Enrolments since the last.
    enrolled: usize,
}

impl Checkpoints {
    fn enrolled(&mut self, count: usize) {
        self.enrolled += count;
        if self.enrolled < CHECKPOINT || self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        self.enrolled = 0;
        let (path, busy) = (self.path.clone(), Arc::clone(&self.busy));
        self.background.spawn(move || {
            let taken_over = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)
                .and_then(|database| database.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
            if let Err(error) = taken_over {
                tracing::warn!(%error, "the registry's own log cannot be taken over at the moment");
            }
            busy.store(false, Ordering::Release);
        });
    }
}

/// One batch to be entered.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// Whose.
    pub device: DeviceId,
    /// Its sequence number.
    pub seq: u64,
    /// Where it stands.
    pub place: Place,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS batches (
        device BLOB NOT NULL,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL,
        leaf INTEGER NOT NULL,
        tree_size INTEGER NOT NULL,
        PRIMARY KEY (device, seq)
    ) WITHOUT ROWID;
";

impl Registry {
    /// Opens the registry of a log of `leaves` entries. `background` is for what need not be waited for.
    pub fn open(path: &Path, leaves: u64, background: Background) -> rusqlite::Result<Self> {
        let database = derived::open(path, SCHEMA, leaves)?;
        database.pragma_update(None, "wal_autocheckpoint", 0)?;
        let checkpoints =
            Checkpoints { path: path.to_owned(), background, busy: Arc::default(), enrolled: 0 };
        Ok(Self { database, newest: HashMap::new(), checkpoints })
    }

    /// How many entries of the log it has seen.
    pub fn leaves(&self) -> rusqlite::Result<u64> {
        derived::leaves(&self.database)
    }

    /// The batch with that sequence number.
    pub fn find(&self, device: &DeviceId, seq: u64) -> rusqlite::Result<Option<Place>> {
        // Most batches are the next of their device: nothing to look for.
        if self.newest.get(device).is_some_and(|(newest, _)| seq > *newest) {
            return Ok(None);
        }
        self.database
            .prepare_cached("SELECT hash, leaf, tree_size FROM batches WHERE device = ?1 AND seq = ?2")?
            .query_row(params![device.0.0, seq], |row| {
                Ok(Place { hash: Hash(row.get(0)?), leaf: row.get(1)?, tree_size: row.get(2)? })
            })
            .optional()
    }

    /// The device's newest sequence number, and the hash of its batch.
    pub fn newest(&mut self, device: &DeviceId) -> rusqlite::Result<Option<(u64, Hash)>> {
        if let Some(&newest) = self.newest.get(device) {
            return Ok(Some(newest));
        }
        let newest = self
            .database
            .prepare_cached("SELECT seq, hash FROM batches WHERE device = ?1 ORDER BY seq DESC LIMIT 1")?
            .query_row([device.0.0], |row| Ok((row.get(0)?, Hash(row.get(1)?))))
            .optional()?;
        if let Some(newest) = newest {
            self.remember(*device, newest);
        }
        Ok(newest)
    }

    fn remember(&mut self, device: DeviceId, newest: (u64, Hash)) {
        if self.newest.len() >= REMEMBERED {
            self.newest.clear();
        }
        self.newest.insert(device, newest);
    }

    /// Enters batches, all or none, and that the log has `leaves` entries.
    pub fn enrol(&mut self, enrolments: &[Enrolment], leaves: u64) -> rusqlite::Result<()> {
        #[cfg(feature = "faults")]
        derived::may_fail(&self.database)?;
        let transaction = self.database.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT OR IGNORE INTO batches VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for Enrolment { device, seq, place } in enrolments {
                insert.execute(params![device.0.0, seq, place.hash.0, place.leaf, place.tree_size])?;
            }
            derived::advance(&transaction, leaves)?;
        }
        transaction.commit()?;
        self.checkpoints.enrolled(enrolments.len());
        for Enrolment { device, seq, place } in enrolments {
            // Only what is remembered is updated: for another device a later batch may be on record.
            if let Some(newest) = self.newest.get_mut(device).filter(|newest| *seq > newest.0) {
                *newest = (*seq, place.hash);
            }
        }
        Ok(())
    }
}
