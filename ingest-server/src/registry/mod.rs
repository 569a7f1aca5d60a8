//! The device registry: which batch holds which sequence number of which device.
//!
//! It makes a resend harmless and a fork visible. Derived from the journal: what its file lacks after a crash is read
//! from there again. So nobody waits for the file: what is enrolled is in memory at once, and is written many at a time
//! by a thread of its own.

mod writing;

use crate::background::Background;
use crate::derived;
use delistening_schema::{DeviceId, Hash};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::HashMap;
use std::path::Path;
use writing::Writing;

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

/// How many devices' newest batches stay in memory.
const REMEMBERED: usize = 100_000;

/// How many batches are written together at least.
const TOGETHER: usize = 128;
/// How many may wait to be written.
const WAITING: usize = 64 * 1024;

/// Batches that are known, and how far.
#[derive(Debug, Default)]
struct Enrolled {
    places: HashMap<(DeviceId, u64), Place>,
    newest: HashMap<DeviceId, (u64, Hash)>,
    leaves: u64,
}

impl Enrolled {
    fn add(&mut self, Enrolment { device, seq, place }: &Enrolment) {
        self.places.entry((*device, *seq)).or_insert(*place);
        let newest = self.newest.entry(*device).or_insert((*seq, place.hash));
        if *seq > newest.0 {
            *newest = (*seq, place.hash);
        }
    }
}

/// The registry.
#[derive(Debug)]
pub struct Registry {
    /// Reads alone.
    database: Connection,
    newest: HashMap<DeviceId, (u64, Hash)>,
    /// Not given to be written yet.
    fresh: Enrolled,
    writing: Writing,
}

/// The disk takes no more of what is known, so no more can be remembered either.
#[derive(Debug)]
pub struct Behind;

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
    /// Opens the registry of a log of `leaves` entries. `background` is the thread that writes.
    pub fn open(path: &Path, leaves: u64, background: Background) -> rusqlite::Result<Self> {
        let writes = derived::open(path, SCHEMA, leaves)?;
        let database = derived::open(path, SCHEMA, leaves)?;
        let fresh = Enrolled { leaves: derived::leaves(&database)?, ..Enrolled::default() };
        Ok(Self { database, newest: HashMap::new(), fresh, writing: Writing::new(writes, background) })
    }

    /// How many entries of the log its file has seen.
    pub fn leaves(&self) -> rusqlite::Result<u64> {
        derived::leaves(&self.database)
    }

    /// The batch with that sequence number.
    pub fn find(&self, device: &DeviceId, seq: u64) -> rusqlite::Result<Option<Place>> {
        // Most batches are the next of their device: nothing to look for.
        if self.newest.get(device).is_some_and(|(newest, _)| seq > *newest) {
            return Ok(None);
        }
        let key = (*device, seq);
        // In this order: what is written meanwhile is then in the file.
        if let Some(place) = self.fresh.places.get(&key) {
            return Ok(Some(*place));
        }
        if let Some(place) = self.writing.present().and_then(|writing| writing.places.get(&key).copied()) {
            return Ok(Some(place));
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
        let fresh = self.fresh.newest.get(device).copied();
        let writing = self.writing.present().and_then(|writing| writing.newest.get(device).copied());
        let written = self
            .database
            .prepare_cached("SELECT seq, hash FROM batches WHERE device = ?1 ORDER BY seq DESC LIMIT 1")?
            .query_row([device.0.0], |row| Ok((row.get(0)?, Hash(row.get(1)?))))
            .optional()?;
        let newest = [fresh, writing, written].into_iter().flatten().max_by_key(|(seq, _)| *seq);
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

    /// Fails where no more can be enrolled, since too much waits to be written.
    pub fn ensure_room(&mut self) -> Result<(), Behind> {
        if self.fresh.places.len() < WAITING {
            return Ok(());
        }
        self.write();
        if self.fresh.places.len() < WAITING { Ok(()) } else { Err(Behind) }
    }

    /// Enters batches, and that the log has `leaves` entries.
    pub fn enrol(&mut self, enrolments: &[Enrolment], leaves: u64) {
        for enrolment in enrolments {
            let Enrolment { device, seq, place } = enrolment;
            self.fresh.add(enrolment);
            // Only what is remembered is updated: for another device a later batch may be on record.
            if let Some(newest) = self.newest.get_mut(device).filter(|newest| *seq > newest.0) {
                *newest = (*seq, place.hash);
            }
        }
        self.fresh.leaves = leaves;
        if self.fresh.places.len() >= TOGETHER {
            self.write();
        }
    }

    /// Has what is fresh written, unless the thread is not done with what it was given before.
    fn write(&mut self) {
        if self.writing.is_free() {
            let lot = self.lot();
            self.writing.give(lot);
        }
    }

    /// Writes everything now, and waits for it.
    pub fn flush(&mut self) -> rusqlite::Result<()> {
        // If what was given before cannot be written, what is fresh stays here.
        self.writing.finish()?;
        let lot = self.lot();
        self.writing.give_and_finish(lot)
    }

    fn lot(&mut self) -> Enrolled {
        let leaves = self.fresh.leaves;
        std::mem::replace(&mut self.fresh, Enrolled { leaves, ..Enrolled::default() })
    }
}

#[cfg(test)]
mod tests;
