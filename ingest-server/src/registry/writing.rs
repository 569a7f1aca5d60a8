//! The thread that writes the registry's file.

use super::Enrolled;
use crate::background::Background;
use crate::derived;
use rusqlite::{Connection, params};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Writes one lot of batches after the other.
#[derive(Debug)]
pub struct Writing {
    background: Background,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    database: Mutex<Connection>,
    /// What is being written. It stays until it is in the file.
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    lot: Option<Arc<Enrolled>>,
    /// Whether the thread is at it.
    busy: bool,
}

impl Writing {
    pub fn new(database: Connection, background: Background) -> Self {
        let shared = Shared { database: Mutex::new(database), present: Mutex::default() };
        Self { background, shared: Arc::new(shared) }
    }

    /// What is not known to be in the file yet.
    pub fn present(&self) -> Option<Arc<Enrolled>> {
        self.shared.present().lot.clone()
    }

    /// Whether something can be given to be written. What failed before is tried again first.
    pub fn is_free(&self) -> bool {
        let (busy, failed) = {
            let present = self.shared.present();
            (present.busy, present.lot.is_some())
        };
        if failed && !busy {
            self.start();
        }
        !busy && !failed
    }

    /// Has `lot` written: only while the thread is free.
    pub fn give(&self, lot: Enrolled) {
        self.shared.present().lot = Some(Arc::new(lot));
        self.start();
    }

    fn start(&self) {
        self.shared.present().busy = true;
        let shared = Arc::clone(&self.shared);
        self.background.spawn(move || {
            if let Err(error) = shared.write() {
                tracing::warn!(%error, "the registry cannot be written at the moment");
            }
            shared.present().busy = false;
        });
    }

    /// Waits until what was given is written, or writes it.
    pub fn finish(&self) -> rusqlite::Result<()> {
        self.shared.write()
    }

    /// Writes `lot` now. It is not lost if that fails: it will be tried again first.
    pub fn give_and_finish(&self, lot: Enrolled) -> rusqlite::Result<()> {
        self.shared.present().lot = Some(Arc::new(lot));
        self.finish()
    }
}

impl Shared {
    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> rusqlite::Result<()> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lot) = self.present().lot.clone() else { return Ok(()) };
        #[cfg(feature = "faults")]
        derived::may_fail(&database)?;
        // In the order of the file: neighbours go into one page together.
        let mut places: Vec<_> = lot.places.iter().collect();
        places.sort_unstable_by_key(|(key, _)| **key);
        let transaction = database.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT OR IGNORE INTO batches VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for ((device, seq), place) in places {
                insert.execute(params![device.0.0, seq, place.hash.0, place.leaf, place.tree_size])?;
            }
            derived::advance(&transaction, lot.leaves)?;
        }
        transaction.commit()?;
        self.present().lot = None;
        Ok(())
    }
}
