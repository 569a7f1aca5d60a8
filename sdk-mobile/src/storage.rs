//! The records of one device in an SQLite file, held by one process at a time.

use delistening_sdk_core::Record;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use std::path::Path;
use std::time::Duration;

/// The layout below. A file of a later one is left alone.
const VERSION: u32 = 1;

/// How long to wait for a process or object that is about to let go of the file.
const PATIENCE: Duration = Duration::from_secs(2);

// An exclusive lock, taken at the first read and held to the end: two that seal would fork the device's chain.
// What was written is on disk when the transaction ends, also if the power goes: a batch may be sent then.
const SET_UP: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS owner (one INTEGER PRIMARY KEY CHECK (one = 1), device TEXT NOT NULL) STRICT;
    PRAGMA user_version = 1;
";

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("it is in use")]
    InUse,
    #[error("it was written by a later version of this SDK (layout {0})")]
    Later(u32),
    #[error("{0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            _ => Self::Sqlite(error),
        }
    }
}

/// An open file of records.
pub struct Storage(Connection);

impl Storage {
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        let database = Connection::open(path)?;
        database.busy_timeout(PATIENCE)?;
        database.execute_batch(SET_UP)?;
        let version: u32 = database.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version > VERSION {
            return Err(StorageError::Later(version));
        }
        database.execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} COMMIT;"))?;
        Ok(Self(database))
    }

    /// The device whose records these are, once there is one.
    pub fn owner(&self) -> Result<Option<String>, StorageError> {
        Ok(self.0.query_row("SELECT device FROM owner", [], |row| row.get(0)).optional()?)
    }

    pub fn set_owner(&self, device: &str) -> Result<(), StorageError> {
        self.0.execute("INSERT INTO owner (one, device) VALUES (1, ?1)", params![device])?;
        Ok(())
    }

    /// Everything that is stored, in the order of the keys.
    pub fn all(&self) -> Result<Vec<Record>, StorageError> {
        let mut statement = self.0.prepare("SELECT key, value FROM records ORDER BY key")?;
        let rows = statement.query_map([], |row| Ok(Record { key: row.get(0)?, value: row.get(1)? }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Writes and deletes: all of it or nothing.
    pub fn write(&mut self, puts: &[Record], deletes: &[String]) -> Result<(), StorageError> {
        let transaction = self.0.transaction()?;
        {
            let mut put =
                transaction.prepare_cached("INSERT OR REPLACE INTO records (key, value) VALUES (?1, ?2)")?;
            for Record { key, value } in puts {
                put.execute(params![key, value])?;
            }
            let mut delete = transaction.prepare_cached("DELETE FROM records WHERE key = ?1")?;
            for key in deletes {
                delete.execute(params![key])?;
            }
        }
        Ok(transaction.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, value: &str) -> Record {
        Record { key: key.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn what_was_written_is_there_again_and_what_was_deleted_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.db");
        let mut storage = Storage::open(&path).unwrap();
        storage.set_owner("device").unwrap();
        storage.write(&[record("b", "1"), record("a", "2"), record("c", "3")], &[]).unwrap();
        storage.write(&[record("b", "4")], &["c".to_owned(), "never there".to_owned()]).unwrap();
        drop(storage);
        let storage = Storage::open(&path).unwrap();
        assert_eq!(storage.owner().unwrap().as_deref(), Some("device"));
        assert_eq!(storage.all().unwrap(), [record("a", "2"), record("b", "4")]);
    }

    #[test]
    fn a_write_that_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut storage = Storage::open(&folder.path().join("records.db")).unwrap();
        let refuse = "CREATE TRIGGER full BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'full'); END";
        storage.write(&[record("a", "1")], &[]).unwrap();
        storage.0.execute_batch(refuse).unwrap();
        storage.write(&[record("b", "2")], &["a".to_owned()]).unwrap_err();
        assert_eq!(storage.all().unwrap(), [record("a", "1")]);
    }

    #[test]
    fn a_file_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.db");
        let first = Storage::open(&path).unwrap();
        assert!(matches!(Storage::open(&path), Err(StorageError::InUse)));
        drop(first);
        assert!(Storage::open(&path).is_ok());
    }

    #[test]
    fn a_file_of_a_later_layout_or_of_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.db");
        Storage::open(&path).unwrap().0.execute_batch("PRAGMA user_version = 2").unwrap();
        assert!(matches!(Storage::open(&path), Err(StorageError::Later(2))));
        let other = folder.path().join("other.db");
        std::fs::write(&other, "a text that is no database, and longer than a header is".repeat(20)).unwrap();
        assert!(matches!(Storage::open(&other), Err(StorageError::Sqlite(_))));
    }
}
