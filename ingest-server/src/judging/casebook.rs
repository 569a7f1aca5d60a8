//! A casebook in a file of its own.

use crate::derived;
use delistening_schema::analysis::Scope;
use delistening_schema::judge::{Case, Casebook, Group, Place};
use delistening_schema::play::{Fragment, Link, Play, SessionKey};
use delistening_schema::{DeviceId, Hash};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Why the casebook cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CasebookError {
    /// SQLite refused.
    #[error("the file of judged sessions cannot be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// What is kept is not what was written.
    #[error("the file of judged sessions holds something that cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

type Result<T, E = CasebookError> = std::result::Result<T, E>;

const SCHEMA: &str = "
    PRAGMA secure_delete = ON;
    -- Session ids begin with the time, so what is written together lies together where they come first. With row ids,
    -- what is large is written at the end, and only its name somewhere among others.
    CREATE TABLE IF NOT EXISTS fragments (
        device BLOB NOT NULL, session BLOB NOT NULL, leaf INTEGER NOT NULL, listener TEXT NOT NULL,
        fragment TEXT NOT NULL, PRIMARY KEY (session, device, leaf)
    );
    CREATE INDEX IF NOT EXISTS fragments_by_leaf ON fragments (leaf);
    CREATE TABLE IF NOT EXISTS links (
        device BLOB NOT NULL, leaf INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, prev BLOB,
        sent_at INTEGER NOT NULL, listener TEXT NOT NULL, PRIMARY KEY (device, hash, leaf)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS links_by_seq ON links (device, seq);
    CREATE INDEX IF NOT EXISTS links_by_prev ON links (prev, device);
    CREATE TABLE IF NOT EXISTS erased (hash BLOB PRIMARY KEY) WITHOUT ROWID;
    -- Each session as it is judged, and how many entries were known when its play became what it is.
    CREATE TABLE IF NOT EXISTS cases (
        device BLOB NOT NULL, session BLOB NOT NULL, changed INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (session, device)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS cases_by_change ON cases (changed);
    CREATE TABLE IF NOT EXISTS members (
        scope INTEGER NOT NULL, name TEXT NOT NULL, week INTEGER NOT NULL, device BLOB NOT NULL, session BLOB NOT NULL,
        PRIMARY KEY (scope, name, week, device, session)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS touched (
        scope INTEGER NOT NULL, name TEXT NOT NULL, week INTEGER NOT NULL, PRIMARY KEY (scope, name, week)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS analysis (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL);
";

/// So many cases stay in memory: those of the devices that are listening now.
const CASES: usize = 20_000;
/// So many sessions' fragments, which are larger, stay in memory.
const FRAGMENTS: usize = 4_000;

/// A casebook in a file that follows the log.
#[derive(Debug)]
pub struct SqliteCasebook {
    database: Connection,
    /// How many entries are known once the present transaction has ended.
    leaves: u64,
    cases: RefCell<Remembered<Case>>,
    fragments: RefCell<Remembered<Vec<Fragment>>>,
}

/// What was read or written last, by session.
#[derive(Debug)]
struct Remembered<T> {
    most: usize,
    by_session: HashMap<SessionKey, Arc<T>>,
}

impl<T> Remembered<T> {
    fn new(most: usize) -> RefCell<Self> {
        RefCell::new(Self { most, by_session: HashMap::new() })
    }

    fn get(&self, key: &SessionKey) -> Option<Arc<T>> {
        self.by_session.get(key).cloned()
    }

    fn insert(&mut self, key: SessionKey, value: &Arc<T>) {
        if self.by_session.len() >= self.most {
            self.by_session.clear();
        }
        self.by_session.insert(key, Arc::clone(value));
    }
}

impl SqliteCasebook {
    pub(super) fn open(path: &Path, leaves: u64, analysis: &str) -> Result<Self> {
        let open = || -> Result<Connection> { Ok(derived::open(path, SCHEMA, leaves)?) };
        let mut database = open()?;
        let begun: Option<String> =
            database.query_row("SELECT text FROM analysis", [], |row| row.get(0)).optional()?;
        if begun.is_some_and(|begun| begun != analysis) {
            tracing::warn!(path = %path.display(), "another analysis judges from now on: every session is judged anew");
            drop(database);
            derived::remove(path);
            database = open()?;
        }
        database.execute("INSERT OR IGNORE INTO analysis VALUES (1, ?1)", [analysis])?;
        Ok(Self { database, leaves: 0, cases: Remembered::new(CASES), fragments: Remembered::new(FRAGMENTS) })
    }

    pub(super) fn leaves(&self) -> Result<u64> {
        Ok(derived::leaves(&self.database)?)
    }

    /// Begins a transaction after which `leaves` entries are known.
    pub(super) fn begin(&mut self, leaves: u64) -> Result<()> {
        self.database.execute_batch("BEGIN IMMEDIATE")?;
        self.leaves = leaves;
        Ok(())
    }

    /// Ends the transaction: keeps or undoes everything in it.
    pub(super) fn end(&mut self, keep: bool) -> Result<()> {
        let ended = if keep {
            derived::advance(&self.database, self.leaves).and_then(|()| self.database.execute_batch("COMMIT"))
        } else {
            self.database.execute_batch("ROLLBACK")
        };
        if !keep || ended.is_err() {
            self.cases.get_mut().by_session.clear();
            self.fragments.get_mut().by_session.clear();
        }
        if ended.is_err() && !self.database.is_autocommit() {
            self.database.execute_batch("ROLLBACK")?;
        }
        Ok(ended?)
    }

    /// Takes what was deleted out of the file's own log as well.
    pub(super) fn forget(&self) -> Result<()> {
        Ok(self.database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    pub(super) fn changed(&self, from: u64, to: u64) -> Result<Vec<Play>> {
        let mut statement = self
            .database
            .prepare_cached("SELECT device, session, body FROM cases WHERE changed > ?1 AND changed <= ?2")?;
        let mut rows = statement.query(params![from, to])?;
        let mut plays = Vec::new();
        while let Some(row) = rows.next()? {
            plays.push(self.read(row)?.play.clone());
        }
        Ok(plays)
    }

    /// A row of device, session and body; from memory where it is there.
    fn read(&self, row: &Row<'_>) -> Result<Arc<Case>> {
        let key = SessionKey { device: DeviceId(Hash(row.get(0)?)), session: Uuid::from_bytes(row.get(1)?) };
        if let Some(case) = self.cases.borrow().get(&key) {
            return Ok(case);
        }
        let case = Arc::new(serde_json::from_str(row.get_ref(2)?.as_str().unwrap_or_default())?);
        self.cases.borrow_mut().insert(key, &case);
        Ok(case)
    }

    /// Whether nothing is kept of a session.
    fn is_new(&self, key: &SessionKey) -> Result<bool> {
        let mut statement = self.database.prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM fragments WHERE device = ?1 AND session = ?2)",
        )?;
        Ok(statement.query_row(params![key.device.0.0, key.session.as_bytes()], |row| row.get(0))?)
    }

    fn leaves_of(&self, sql: &str, params: impl rusqlite::Params) -> Result<BTreeSet<u64>> {
        let mut statement = self.database.prepare_cached(sql)?;
        let leaves = statement.query_map(params, |row| row.get(0))?;
        Ok(leaves.collect::<Result<_, _>>()?)
    }

    fn leave(&self, case: &Case) -> Result<()> {
        let mut delete = self.database.prepare_cached(
            "DELETE FROM members WHERE scope = ?1 AND name = ?2 AND week = ?3 AND device = ?4 AND session = ?5",
        )?;
        let key = case.key();
        for Group { scope, of, week } in Group::of(&case.trace) {
            delete.execute(params![number(scope), of, week, key.device.0.0, key.session.as_bytes()])?;
        }
        Ok(())
    }
}

impl Casebook for SqliteCasebook {
    type Error = CasebookError;

    fn keep_fragment(&mut self, key: &SessionKey, fragment: Fragment) -> Result<()> {
        let (device, session) = (key.device.0.0, key.session.as_bytes());
        let known = match self.fragments.get_mut().get(key) {
            Some(fragments) => Some(fragments),
            None if self.is_new(key)? => Some(Arc::default()),
            None => None,
        };
        let text = serde_json::to_string(&fragment)?;
        let kept = self
            .database
            .prepare_cached("INSERT OR IGNORE INTO fragments VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![device, session, fragment.leaf, fragment.listener, text])?;
        if kept > 0
            && let Some(mut fragments) = known
        {
            let place = fragments.partition_point(|other| other.leaf < fragment.leaf);
            Arc::make_mut(&mut fragments).insert(place, fragment);
            self.fragments.get_mut().insert(*key, &fragments);
        }
        Ok(())
    }

    fn fragments(&self, key: &SessionKey) -> Result<Arc<Vec<Fragment>>> {
        if let Some(fragments) = self.fragments.borrow().get(key) {
            return Ok(fragments);
        }
        let mut statement = self.database.prepare_cached(
            "SELECT fragment FROM fragments WHERE device = ?1 AND session = ?2 ORDER BY leaf",
        )?;
        let mut rows = statement.query(params![key.device.0.0, key.session.as_bytes()])?;
        let mut fragments = Vec::new();
        while let Some(row) = rows.next()? {
            fragments.push(serde_json::from_str(row.get_ref(0)?.as_str().unwrap_or_default())?);
        }
        let fragments = Arc::new(fragments);
        self.fragments.borrow_mut().insert(*key, &fragments);
        Ok(fragments)
    }

    fn erase(&mut self, listener: &str) -> Result<(BTreeSet<SessionKey>, Vec<Place>)> {
        self.fragments.get_mut().by_session.clear();
        // Without indexes of their own: it is rare, and every write would pay for them.
        let mut fragments = self
            .database
            .prepare_cached("DELETE FROM fragments WHERE listener = ?1 RETURNING device, session")?;
        let sessions = fragments.query_map([listener], |row| {
            Ok(SessionKey { device: DeviceId(Hash(row.get(0)?)), session: Uuid::from_bytes(row.get(1)?) })
        })?;
        let sessions = sessions.collect::<Result<_, _>>()?;
        let mut links = self.database.prepare_cached(
            "DELETE FROM links WHERE listener = ?1 RETURNING device, leaf, seq, hash, prev, sent_at",
        )?;
        let places = links.query_map([listener], |row| {
            let prev = row.get::<_, Option<[u8; 32]>>(4)?.map(Hash);
            let (seq, hash, sent_at) = (row.get(2)?, Hash(row.get(3)?), row.get(5)?);
            let link = Link { seq, hash, prev, first_at: 0, sent_at, needed_ms: 0 };
            Ok((DeviceId(Hash(row.get(0)?)), row.get(1)?, link))
        })?;
        Ok((sessions, places.collect::<Result<_, _>>()?))
    }

    fn keep_link(&mut self, device: DeviceId, leaf: u64, link: &Link, listener: &str) -> Result<bool> {
        let Link { seq, hash, prev, sent_at, .. } = link;
        let kept = self
            .database
            .prepare_cached("INSERT OR IGNORE INTO links VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute(params![device.0.0, leaf, seq, hash.0, prev.map(|prev| prev.0), sent_at, listener])?;
        Ok(kept > 0)
    }

    fn keep_erased(&mut self, hash: Hash) -> Result<()> {
        self.database.prepare_cached("INSERT OR IGNORE INTO erased VALUES (?1)")?.execute([hash.0])?;
        Ok(())
    }

    fn knows(&self, device: DeviceId, hash: Hash) -> Result<bool> {
        let mut statement = self.database.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM links WHERE device = ?1 AND hash = ?2)
                 OR EXISTS (SELECT 1 FROM erased WHERE hash = ?2)",
        )?;
        Ok(statement.query_row(params![device.0.0, hash.0], |row| row.get(0))?)
    }

    fn links_after(&self, device: DeviceId, prev: Hash) -> Result<BTreeSet<u64>> {
        self.leaves_of("SELECT leaf FROM links WHERE device = ?1 AND prev = ?2", params![device.0.0, prev.0])
    }

    fn followers(&self, prev: Hash) -> Result<BTreeSet<(DeviceId, u64)>> {
        let mut statement = self.database.prepare_cached("SELECT device, leaf FROM links WHERE prev = ?1")?;
        let followers =
            statement.query_map([prev.0], |row| Ok((DeviceId(Hash(row.get(0)?)), row.get(1)?)))?;
        Ok(followers.collect::<Result<_, _>>()?)
    }

    fn links_at(&self, device: DeviceId, seq: u64) -> Result<BTreeSet<u64>> {
        self.leaves_of("SELECT leaf FROM links WHERE device = ?1 AND seq = ?2", params![device.0.0, seq])
    }

    fn sessions_of(&self, device: DeviceId, leaf: u64) -> Result<BTreeSet<SessionKey>> {
        let mut statement = self.database.prepare_cached("SELECT session FROM fragments WHERE leaf = ?1")?;
        let sessions = statement.query_map([leaf], |row| Ok(Uuid::from_bytes(row.get(0)?)))?;
        sessions.map(|session| Ok(SessionKey { device, session: session? })).collect()
    }

    fn keep_case(&mut self, case: Case) -> Result<()> {
        let key = case.key();
        let (device, session) = (key.device.0.0, key.session.as_bytes());
        let before = self.case(&key)?;
        let groups = Group::of(&case.trace);
        let old = before.as_ref().map(|before| Group::of(&before.trace));
        if old.as_ref() != Some(&groups) {
            if let Some(before) = &before {
                self.leave(before)?;
            }
            let mut insert =
                self.database.prepare_cached("INSERT OR IGNORE INTO members VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for Group { scope, of, week } in &groups {
                insert.execute(params![number(*scope), of, week, device, session])?;
            }
        }
        let body = serde_json::to_string(&case)?;
        if before.as_ref().is_some_and(|before| before.play == case.play) {
            self.database
                .prepare_cached("UPDATE cases SET body = ?3 WHERE device = ?1 AND session = ?2")?
                .execute(params![device, session, body])?;
        } else {
            self.database
                .prepare_cached("INSERT OR REPLACE INTO cases VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![device, session, self.leaves, body])?;
        }
        self.cases.get_mut().insert(key, &Arc::new(case));
        Ok(())
    }

    fn case(&self, key: &SessionKey) -> Result<Option<Arc<Case>>> {
        if let Some(case) = self.cases.borrow().get(key) {
            return Ok(Some(case));
        }
        let mut statement = self
            .database
            .prepare_cached("SELECT device, session, body FROM cases WHERE device = ?1 AND session = ?2")?;
        let mut rows = statement.query(params![key.device.0.0, key.session.as_bytes()])?;
        rows.next()?.map(|row| self.read(row)).transpose()
    }

    fn drop_case(&mut self, key: &SessionKey) -> Result<()> {
        if let Some(case) = self.case(key)? {
            self.leave(&case)?;
        }
        self.database
            .prepare_cached("DELETE FROM cases WHERE device = ?1 AND session = ?2")?
            .execute(params![key.device.0.0, key.session.as_bytes()])?;
        self.cases.get_mut().by_session.remove(key);
        Ok(())
    }

    fn members(&self, group: &Group) -> Result<Vec<Arc<Case>>> {
        let mut statement = self.database.prepare_cached(
            "SELECT device, session, body FROM members JOIN cases USING (device, session)
             WHERE scope = ?1 AND name = ?2 AND week = ?3",
        )?;
        let mut rows = statement.query(params![number(group.scope), group.of, group.week])?;
        let mut members = Vec::new();
        while let Some(row) = rows.next()? {
            members.push(self.read(row)?);
        }
        Ok(members)
    }

    fn touch(&mut self, group: Group) -> Result<()> {
        self.database
            .prepare_cached("INSERT OR IGNORE INTO touched VALUES (?1, ?2, ?3)")?
            .execute(params![number(group.scope), group.of, group.week])?;
        Ok(())
    }

    fn touched(&mut self) -> Result<BTreeSet<Group>> {
        let mut statement =
            self.database.prepare_cached("DELETE FROM touched RETURNING scope, name, week")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get::<_, u8>(0)?, Group { scope: Scope::Session, of: row.get(1)?, week: row.get(2)? }))
        })?;
        let groups = rows.map(|row| {
            let (scope, group) = row?;
            let scope = SCOPES.get(usize::from(scope)).copied();
            Ok(Group { scope: scope.unwrap_or(Scope::Session), ..group })
        });
        groups.collect()
    }
}

/// The numbers that scopes are kept under: never changed.
const SCOPES: [Scope; 4] = [Scope::Session, Scope::Device, Scope::Listener, Scope::Network];

fn number(scope: Scope) -> u8 {
    (0..).zip(SCOPES).find(|(_, known)| *known == scope).map_or(0, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_a_number_of_its_own() {
        for (expected, scope) in (0..).zip(SCOPES) {
            assert_eq!(number(scope), expected);
        }
    }
}
