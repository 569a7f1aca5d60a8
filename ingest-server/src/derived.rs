//! SQLite files that follow the log. They are derived from the journal: one that is lost, cannot be read, or knows
//! more than the log is made anew.

use delistening_schema::Hash;
use rusqlite::{Connection, OptionalExtension as _};
use std::path::{Path, PathBuf};

/// Statements that are kept prepared: more than any of these files has.
const STATEMENTS: usize = 64;

const PROGRESS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    -- Keys are hashes, so writes go everywhere: with little memory most pages would be read again, and written early.
    PRAGMA cache_size = -65536;
    PRAGMA wal_autocheckpoint = 8000;
    CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), leaves INTEGER NOT NULL);
";

/// Opens the file, in the form that `schema` gives it, for a log of `leaves` entries, and makes the tables of `schema`.
pub fn open(path: &Path, schema: &str, leaves: u64) -> rusqlite::Result<Connection> {
    let form = i32::from_be_bytes(*Hash::of(schema.as_bytes()).0.first_chunk().expect("32 bytes"));
    let open = || -> rusqlite::Result<Connection> {
        let database = Connection::open(path)?;
        let known: i32 = database.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let is_empty: bool =
            database.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?;
        if !is_empty && known != form {
            return Err(rusqlite::Error::IntegralValueOutOfRange(0, known.into()));
        }
        database.set_prepared_statement_cache_capacity(STATEMENTS);
        database.execute_batch(PROGRESS)?;
        database.execute_batch(schema)?;
        database.pragma_update(None, "user_version", form)?;
        Ok(database)
    };
    match open().and_then(|database| Ok((self::leaves(&database)?, database))) {
        Ok((known, database)) if known <= leaves => return Ok(database),
        Ok((known, _)) => {
            tracing::warn!(path = %path.display(), known, leaves, "a derived file is ahead of the journal: made anew");
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "a derived file cannot be read: made anew");
        }
    }
    remove(path);
    open()
}

/// Removes the file, with what belongs to it.
pub fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        // Whether it existed does not matter: what cannot be removed fails to open below.
        let _ = std::fs::remove_file(PathBuf::from(file));
    }
}

/// Writes the file anew, after something was erased from it. `secure_delete` overwrites what is deleted, but not the
/// copies that rows leave behind in a page when it is split; and what was written lies in the file's own log as well.
pub fn scrub(database: &Connection) -> rusqlite::Result<()> {
    database.execute_batch("VACUUM")?;
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// How many entries of the log the file knows.
pub fn leaves(database: &Connection) -> rusqlite::Result<u64> {
    let leaves =
        database.prepare_cached("SELECT leaves FROM progress")?.query_row([], |row| row.get(0)).optional()?;
    Ok(leaves.unwrap_or(0))
}

/// Notes that the file knows `leaves` entries, in the transaction with what it learned from them.
pub fn advance(database: &Connection, leaves: u64) -> rusqlite::Result<()> {
    database.prepare_cached("INSERT OR REPLACE INTO progress VALUES (1, ?1)")?.execute([leaves]).map(|_| ())
}

/// Fails as on a full disk, if the file's writes are to fail; for tests alone.
#[cfg(feature = "faults")]
pub fn may_fail(database: &Connection) -> rusqlite::Result<()> {
    use crate::disk::faults::{Op, before};
    let full =
        |_| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL), None);
    before(Op::Write, Path::new(database.path().unwrap_or_default())).map_err(full)
}
