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
    -- Acks that meet a sync of these files wait for it, so it is often, and little (ADR 0025).
    PRAGMA wal_autocheckpoint = 1;
    -- Keys are hashes, so writes go everywhere: with little memory most pages would be read again, and written early.
    PRAGMA cache_size = -65536;
    CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), leaves INTEGER NOT NULL);
";

/// Opens the file for a log of `leaves` entries, with the tables of `schema`, whose text is its form. What knows more
/// than the log is made anew.
pub fn open(path: &Path, schema: &str, leaves: u64) -> rusqlite::Result<Connection> {
    let form = i32::from_be_bytes(*Hash::of(schema.as_bytes()).0.first_chunk().expect("32 bytes"));
    let open = || -> rusqlite::Result<Connection> {
        let database = connect(path, form)?;
        database.set_prepared_statement_cache_capacity(STATEMENTS);
        database.execute_batch(PROGRESS)?;
        database.execute_batch(schema)?;
        Ok(database)
    };
    let database = open()?;
    let known = self::leaves(&database)?;
    if known <= leaves {
        return Ok(database);
    }
    tracing::warn!(path = %path.display(), known, leaves, "a derived file is ahead of the journal: made anew");
    drop(database);
    remove(path);
    open()
}

/// Opens the file, whose tables have the form of that number. One of another form, or that cannot be read, is made
/// anew, and is empty.
pub fn connect(path: &Path, form: i32) -> rusqlite::Result<Connection> {
    let has_form = |database: &Connection| -> rusqlite::Result<bool> {
        let known: i32 = database.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let empty = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)";
        Ok(known == form || database.query_row(empty, [], |row| row.get(0))?)
    };
    let mut database = Connection::open(path)?;
    let found = has_form(&database);
    if !matches!(found, Ok(true)) {
        tracing::warn!(path = %path.display(), ?found, "a derived file of another form, or unreadable: made anew");
        drop(database);
        remove(path);
        database = Connection::open(path)?;
    }
    database.pragma_update(None, "user_version", form)?;
    Ok(database)
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

/// Writes the file anew, after something was erased from it. What was deleted lies in free pages otherwise; where
/// `secure_delete` overwrites that, the copies that rows leave behind in a page when it is split do; and what was written lies in
/// the file's own log as well.
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

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS things (name TEXT);";

    fn opened(path: &Path, schema: &str, leaves: u64) -> Vec<String> {
        let database = open(path, schema, leaves).unwrap();
        let mut names = database.prepare("SELECT name FROM things").unwrap();
        names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_file_is_kept_unless_it_has_another_form_is_ahead_of_the_log_or_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("things.sqlite");
        let fill = || {
            let database = open(&path, SCHEMA, 5).unwrap();
            database.execute("INSERT INTO things VALUES ('one')", []).unwrap();
            advance(&database, 5).unwrap();
        };
        fill();
        assert_eq!(opened(&path, SCHEMA, 5), ["one"]);
        assert_eq!(opened(&path, SCHEMA, 4), [""; 0], "ahead of the log");
        fill();
        assert_eq!(opened(&path, "CREATE TABLE IF NOT EXISTS things (name);", 5), [""; 0], "another form");
        fill();
        std::fs::write(&path, "this is no database, and long enough to be looked at as one").unwrap();
        assert_eq!(opened(&path, SCHEMA, 5), [""; 0], "unreadable");
    }
}
