//! Sessions of which other nodes hold parts as well: what this node's log says of them, and whether they are counted
//! here.

use super::Outbox;
use super::changes::{count, known, mark_erased, play};
use crate::store::StoreError;
use delistening_schema::judge::has_gap;
use delistening_schema::play::{Play, SessionKey};
use delistening_schema::{DeviceId, Hash};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use uuid::Uuid;

pub(super) const SCHEMA: &str = "
    -- `own` is what this node's log says, which `plays` has for all other sessions. `first` is the part that was received
    -- first, where that is another node's, which then counts the session. `seen` is what was known when it was decided
    -- who counts; `stale` where `own` changed since, and `untold` where that node is still to be told of `own`.
    CREATE TABLE IF NOT EXISTS shared (
        device BLOB NOT NULL, session BLOB NOT NULL, own TEXT NOT NULL, first TEXT, seen TEXT NOT NULL,
        stale INTEGER NOT NULL, untold INTEGER NOT NULL, PRIMARY KEY (device, session)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS shared_stale ON shared (stale) WHERE stale = 1;
    CREATE INDEX IF NOT EXISTS shared_untold ON shared (untold) WHERE untold = 1;
    -- Sessions whose batches follow one that is not in this node's log, and may be in another's; `fresh` where that was
    -- not looked for.
    CREATE TABLE IF NOT EXISTS gaps (
        device BLOB NOT NULL, session BLOB NOT NULL, fresh INTEGER NOT NULL, PRIMARY KEY (device, session)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS gaps_fresh ON gaps (fresh) WHERE fresh = 1;
    -- Until when, by ClickHouse's clock, such sessions were looked for.
    CREATE TABLE IF NOT EXISTS looked (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL);
";

/// What is counted of a session that several nodes hold parts of.
#[derive(Debug)]
pub struct Decision {
    /// The session.
    pub key: SessionKey,
    /// What this node's log said of it.
    pub own: Play,
    /// Everything else that it was decided by.
    pub seen: String,
    /// The part that was received first, if it is another node's.
    pub first: Option<String>,
    /// What is to be counted of it here.
    pub counted: Option<Play>,
}

/// What the node that counts a session is to be told.
#[derive(Debug)]
pub struct Untold {
    /// What this node's log says of it, and no longer counts.
    pub own: Play,
    /// The part that was received first.
    pub first: String,
}

impl Outbox {
    /// What this node's log says of a session.
    pub fn own(&self, key: &SessionKey) -> Result<Option<Play>, StoreError> {
        known(&self.database, key)
    }

    /// What a session was decided by, unless that changed here.
    pub fn seen(&self, key: &SessionKey) -> rusqlite::Result<Option<String>> {
        self.database
            .prepare_cached("SELECT seen FROM shared WHERE device = ?1 AND session = ?2 AND stale = 0")?
            .query_row(params![key.device.0.0, key.session.as_bytes()], |row| row.get(0))
            .optional()
    }

    /// Some of the sessions to decide on again, because of what changed here.
    pub fn stale(&self, most: usize) -> rusqlite::Result<Vec<SessionKey>> {
        let mut statement =
            self.database.prepare_cached("SELECT device, session FROM shared WHERE stale = 1 LIMIT ?1")?;
        let keys = statement.query_map([i64::try_from(most).unwrap_or(i64::MAX)], key)?;
        keys.collect()
    }

    /// Some of the sessions with a gap for whose batches was not looked.
    pub fn fresh_gaps(&self, most: usize) -> rusqlite::Result<Vec<SessionKey>> {
        let mut statement =
            self.database.prepare_cached("SELECT device, session FROM gaps WHERE fresh = 1 LIMIT ?1")?;
        let keys = statement.query_map([i64::try_from(most).unwrap_or(i64::MAX)], key)?;
        keys.collect()
    }

    /// The devices that have sessions with gaps; so many at most.
    pub fn devices_with_gaps(&self, most: usize) -> rusqlite::Result<Vec<DeviceId>> {
        let mut statement = self.database.prepare_cached("SELECT DISTINCT device FROM gaps LIMIT ?1")?;
        let devices = statement
            .query_map([i64::try_from(most).unwrap_or(i64::MAX)], |row| Ok(DeviceId(Hash(row.get(0)?))))?;
        devices.collect()
    }

    /// A device's sessions with gaps.
    pub fn gaps_of(&self, device: DeviceId) -> rusqlite::Result<Vec<SessionKey>> {
        let mut statement =
            self.database.prepare_cached("SELECT device, session FROM gaps WHERE device = ?1")?;
        let keys = statement.query_map([device.0.0], key)?;
        keys.collect()
    }

    /// The batches that these sessions miss were looked for.
    pub fn looked_for(&mut self, keys: impl IntoIterator<Item = SessionKey>) -> rusqlite::Result<()> {
        let transaction = self.database.transaction()?;
        for key in keys {
            transaction
                .prepare_cached("UPDATE gaps SET fresh = 0 WHERE device = ?1 AND session = ?2 AND fresh = 1")?
                .execute(params![key.device.0.0, key.session.as_bytes()])?;
        }
        transaction.commit()
    }

    /// From now on sessions are counted like this. Gives whether that is otherwise than before.
    pub fn decide(&mut self, decisions: &[Decision]) -> Result<bool, StoreError> {
        let leaves = self.cursor()?;
        let transaction = self.database.transaction()?;
        let mut changed = false;
        for Decision { key, own, seen, first, counted } in decisions {
            // What happened since it was read is decided on next.
            let Some(now) = known(&transaction, key)? else { continue };
            transaction
                .prepare_cached(
                    "INSERT INTO shared VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET first = ?4,
                     seen = ?5, stale = ?6, untold = ?4 IS NOT NULL AND (untold OR first IS NOT ?4)",
                )?
                .execute(params![
                    key.device.0.0,
                    key.session.as_bytes(),
                    now.to_text(),
                    first,
                    seen,
                    now != *own,
                    first.is_some(),
                ])?;
            changed |= count(&transaction, key, counted.as_ref(), leaves)?;
        }
        transaction.commit()?;
        Ok(changed)
    }

    /// What is to be told to the nodes that count. ClickHouse has acknowledged that it counts nothing of these here.
    pub fn untold(&self) -> Result<Vec<Untold>, StoreError> {
        let mut statement = self.database.prepare_cached(
            "SELECT own, first FROM shared WHERE untold = 1
             AND (session, device) NOT IN (SELECT session, device FROM plays)
             AND (session, device) NOT IN (SELECT session, device FROM changes)",
        )?;
        let mut rows = statement.query([])?;
        let mut untold = Vec::new();
        while let Some(row) = rows.next()? {
            let Some(own) = play(row, 0)? else { continue };
            untold.push(Untold { own, first: row.get(1)? });
        }
        Ok(untold)
    }

    /// A number for what is told: greater than those before.
    pub fn telling(&self) -> rusqlite::Result<u64> {
        self.database
            .query_row("UPDATE progress SET version = version + 1 RETURNING version", [], |row| row.get(0))
    }

    /// They were told.
    pub fn told(&mut self, told: &[Untold]) -> rusqlite::Result<()> {
        let transaction = self.database.transaction()?;
        for Untold { own, first } in told {
            transaction
                .prepare_cached(
                    "UPDATE shared SET untold = 0
                     WHERE device = ?1 AND session = ?2 AND own = ?3 AND first = ?4",
                )?
                .execute(params![own.device.0.0, own.session.as_bytes(), own.to_text(), first])?;
        }
        transaction.commit()
    }

    /// Until when, by ClickHouse's clock, shared sessions were looked for.
    pub fn looked(&self) -> rusqlite::Result<i64> {
        let looked = self.database.query_row("SELECT at FROM looked", [], |row| row.get(0)).optional()?;
        Ok(looked.unwrap_or_default())
    }

    /// They were looked for until then.
    pub fn set_looked(&self, at: i64) -> rusqlite::Result<()> {
        self.database
            .prepare_cached("INSERT OR REPLACE INTO looked VALUES (1, ?1)")?
            .execute([at])
            .map(|_| ())
    }
}

/// Notes what this node's log says from now on of a session that is shared; false if it is not.
pub(super) fn put(transaction: &Transaction<'_>, key: &SessionKey, play: &Play) -> rusqlite::Result<bool> {
    let changed = transaction
        .prepare_cached(
            "UPDATE shared SET own = ?3, stale = 1, untold = first IS NOT NULL WHERE device = ?1 AND session = ?2",
        )?
        .execute(params![key.device.0.0, key.session.as_bytes(), play.to_text()])?;
    Ok(changed > 0)
}

/// Notes whether a session has a gap, if that is otherwise than before.
pub(super) fn note_gap(
    transaction: &Transaction<'_>,
    key: &SessionKey,
    before: Option<&Play>,
    now: &Play,
) -> rusqlite::Result<()> {
    let statement = match (before.is_some_and(has_gap), has_gap(now)) {
        (false, true) => "INSERT OR IGNORE INTO gaps VALUES (?1, ?2, 1)",
        (true, false) => "DELETE FROM gaps WHERE device = ?1 AND session = ?2",
        _ => return Ok(()),
    };
    let parameters = params![key.device.0.0, key.session.as_bytes()];
    transaction.prepare_cached(statement)?.execute(parameters).map(|_| ())
}

/// Forgets what is shared of a listener; gives what this node's log said of it.
pub(super) fn erase(
    transaction: &Transaction<'_>,
    listener: &str,
    leaves: u64,
) -> Result<Vec<String>, StoreError> {
    let mut statement = transaction.prepare(
        "DELETE FROM shared WHERE json_extract(own, '$.listener') = ?1 RETURNING device, session, own",
    )?;
    let erased: Vec<(SessionKey, String)> =
        statement.query_map([listener], |row| Ok((key(row)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
    for (key, _) in &erased {
        count(transaction, key, None, leaves)?;
        mark_erased(transaction, key)?;
    }
    Ok(erased.into_iter().map(|(_, own)| own).collect())
}

/// Nothing is known any more of what other nodes do.
pub(super) fn doubt(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch("UPDATE shared SET stale = 1, untold = first IS NOT NULL; UPDATE gaps SET fresh = 1; DELETE FROM looked;")
}

fn key(row: &Row<'_>) -> rusqlite::Result<SessionKey> {
    Ok(SessionKey { device: DeviceId(Hash(row.get(0)?)), session: Uuid::from_bytes(row.get(1)?) })
}
