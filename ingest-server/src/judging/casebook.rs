//! A casebook in a file of its own.

mod writing;

use super::packed;
use super::remembered::Remembered;
use crate::derived;
use delistening_schema::analysis::Scope;
use delistening_schema::judge::{Case, Casebook, Gone, Group, Linked};
use delistening_schema::play::{Fragment, Play, SessionKey};
use delistening_schema::{DeviceId, Hash};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
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
    /// What is kept of a session is not what was packed.
    #[error("the file of judged sessions holds something of session {0} that cannot be read")]
    Damaged(Uuid),
}

type Result<T, E = CasebookError> = std::result::Result<T, E>;

const SCHEMA: &str = "
    PRAGMA secure_delete = ON;
    -- Session ids begin with the time, so what is written together lies together where they come first. With row ids,
    -- what is large is written at the end, and only its name somewhere among others. Fragments are packed, form 1.
    CREATE TABLE IF NOT EXISTS fragments (
        device BLOB NOT NULL, session BLOB NOT NULL, leaf INTEGER NOT NULL, listener TEXT NOT NULL,
        fragment BLOB NOT NULL, PRIMARY KEY (session, device, leaf)
    );
    -- The chains of devices. `sessions` are the ids of those that a batch speaks of, one after the other.
    CREATE TABLE IF NOT EXISTS linked (
        device BLOB NOT NULL, seq INTEGER NOT NULL, leaf INTEGER NOT NULL, hash BLOB NOT NULL, prev BLOB,
        listener TEXT NOT NULL, sessions BLOB NOT NULL, waits INTEGER NOT NULL, PRIMARY KEY (device, seq, leaf)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS linked_waiting ON linked (prev) WHERE waits;
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
    -- Groups that are to be looked at, written one after the other: what is held twice does no harm.
    CREATE TABLE IF NOT EXISTS touched (scope INTEGER NOT NULL, name TEXT NOT NULL, week INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS analysis (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL);
";

/// So many cases stay in memory at least: those of the devices that are listening now, whose other sessions are looked at
/// with each new one.
const CASES: usize = 20_000;
/// So many sessions' fragments, which are larger, stay in memory.
const FRAGMENTS: usize = 4_000;
/// So many groups' members stay in memory, the smaller ones: those of the devices and listeners of these cases.
const GROUPS: usize = 10_000;
const MEMBERS: usize = 1_000;

/// A casebook in a file that follows the log.
#[derive(Debug)]
pub struct SqliteCasebook {
    database: Connection,
    /// How many entries are known, what waits to be written included.
    known: u64,
    /// How many will be once what is under way has ended.
    then: u64,
    /// Since when something waits.
    waiting: Option<Instant>,
    /// The session of which nothing was found last.
    unknown: Cell<Option<SessionKey>>,
    cases: RefCell<Remembered<SessionKey, Case>>,
    fragments: RefCell<Remembered<SessionKey, Vec<Arc<Fragment>>>>,
    members: RefCell<Remembered<Group, BTreeSet<SessionKey>>>,
    touched: Touched,
}

/// Groups that are to be looked at.
#[derive(Debug, Default)]
struct Touched {
    all: BTreeSet<Group>,
    /// Those of them that are not in the file yet.
    fresh: Vec<Group>,
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
        let touched = Touched { all: touched(&database)?, fresh: Vec::new() };
        let known = derived::leaves(&database)?;
        Ok(Self {
            database,
            known,
            then: known,
            waiting: None,
            unknown: Cell::new(None),
            cases: RefCell::new(Remembered::new(CASES)),
            fragments: RefCell::new(Remembered::new(FRAGMENTS)),
            members: RefCell::new(Remembered::new(GROUPS)),
            touched,
        })
    }

    /// Leaves nothing of what was deleted.
    pub(super) fn forget(&self) -> Result<()> {
        Ok(derived::scrub(&self.database)?)
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
        if let Some(case) = self.cases.borrow_mut().get(&key) {
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
        let new = statement.query_row(params![key.device.0.0, key.session.as_bytes()], |row| row.get(0))?;
        if new {
            self.unknown.set(Some(*key));
        }
        Ok(new)
    }

    fn join(&mut self, key: &SessionKey, groups: &[Group]) -> Result<()> {
        let mut insert =
            self.database.prepare_cached("INSERT OR IGNORE INTO members VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for group @ Group { scope, of, week } in groups {
            insert.execute(params![number(*scope), of, week, key.device.0.0, key.session.as_bytes()])?;
            if let Some(members) = self.members.get_mut().get_mut(group) {
                Arc::make_mut(members).insert(*key);
            }
        }
        Ok(())
    }

    fn leave(&mut self, key: &SessionKey, groups: &[Group]) -> Result<()> {
        let mut delete = self.database.prepare_cached(
            "DELETE FROM members WHERE scope = ?1 AND name = ?2 AND week = ?3 AND device = ?4 AND session = ?5",
        )?;
        for group @ Group { scope, of, week } in groups {
            delete.execute(params![number(*scope), of, week, key.device.0.0, key.session.as_bytes()])?;
            if let Some(members) = self.members.get_mut().get_mut(group) {
                Arc::make_mut(members).remove(key);
            }
        }
        Ok(())
    }

    fn keys_of(&self, group: &Group) -> Result<Arc<BTreeSet<SessionKey>>> {
        if let Some(members) = self.members.borrow_mut().get(group) {
            return Ok(members);
        }
        let mut statement = self.database.prepare_cached(
            "SELECT device, session FROM members WHERE scope = ?1 AND name = ?2 AND week = ?3",
        )?;
        let keys = statement.query_map(params![number(group.scope), group.of, group.week], |row| {
            Ok(SessionKey { device: DeviceId(Hash(row.get(0)?)), session: Uuid::from_bytes(row.get(1)?) })
        })?;
        let keys = Arc::new(keys.collect::<Result<BTreeSet<_>, _>>()?);
        if keys.len() <= MEMBERS {
            self.members.borrow_mut().insert(group.clone(), &keys);
        }
        Ok(keys)
    }
}

impl Casebook for SqliteCasebook {
    type Error = CasebookError;

    fn keep_fragment(&mut self, key: &SessionKey, fragment: Arc<Fragment>) -> Result<()> {
        let (device, session) = (key.device.0.0, key.session.as_bytes());
        let known = match self.fragments.get_mut().get(key) {
            Some(fragments) => Some(fragments),
            None if self.is_new(key)? => Some(Arc::default()),
            None => None,
        };
        let kept = self
            .database
            .prepare_cached("INSERT OR IGNORE INTO fragments VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![device, session, fragment.leaf, fragment.listener, packed::pack(&fragment)])?;
        if kept > 0
            && let Some(mut fragments) = known
        {
            let place = fragments.partition_point(|other| other.leaf < fragment.leaf);
            Arc::make_mut(&mut fragments).insert(place, fragment);
            self.fragments.get_mut().insert(*key, &fragments);
        }
        Ok(())
    }

    fn fragments(&self, key: &SessionKey) -> Result<Arc<Vec<Arc<Fragment>>>> {
        if let Some(fragments) = self.fragments.borrow_mut().get(key) {
            return Ok(fragments);
        }
        let mut statement = self.database.prepare_cached(
            "SELECT fragment, leaf, listener FROM fragments WHERE device = ?1 AND session = ?2 ORDER BY leaf",
        )?;
        let mut rows = statement.query(params![key.device.0.0, key.session.as_bytes()])?;
        let mut fragments = Vec::new();
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(0)?.as_blob().unwrap_or_default();
            let fragment = packed::unpack(key.session, row.get(1)?, row.get(2)?, bytes);
            fragments.push(Arc::new(fragment.ok_or(CasebookError::Damaged(key.session))?));
        }
        let fragments = Arc::new(fragments);
        self.fragments.borrow_mut().insert(*key, &fragments);
        Ok(fragments)
    }

    fn erase(&mut self, listener: &str) -> Result<Gone> {
        self.fragments.get_mut().clear();
        // Without indexes of their own: it is rare, and every write would pay for them.
        let mut fragments = self
            .database
            .prepare_cached("DELETE FROM fragments WHERE listener = ?1 RETURNING device, session")?;
        let sessions = fragments.query_map([listener], |row| {
            Ok(SessionKey { device: DeviceId(Hash(row.get(0)?)), session: Uuid::from_bytes(row.get(1)?) })
        })?;
        let sessions = sessions.collect::<Result<_, _>>()?;
        let mut linked = self.database.prepare_cached(
            "DELETE FROM linked WHERE listener = ?1 RETURNING seq, leaf, hash, prev, sessions, device",
        )?;
        let linked =
            linked.query_map([listener], |row| Ok((DeviceId(Hash(row.get(5)?)), self::linked(row)?)))?;
        Ok((sessions, linked.collect::<Result<_, _>>()?))
    }

    fn keep_linked(&mut self, device: DeviceId, listener: &str, linked: &Linked, waits: bool) -> Result<()> {
        let Linked { seq, leaf, hash, prev, sessions } = linked;
        let sessions: Vec<u8> = sessions.iter().flat_map(|session| *session.as_bytes()).collect();
        let prev = prev.map(|prev| prev.0);
        self.database
            .prepare_cached("INSERT OR IGNORE INTO linked VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
            .execute(params![device.0.0, seq, leaf, hash.0, prev, listener, sessions, waits])?;
        Ok(())
    }

    fn linked(&self, device: DeviceId, seqs: RangeInclusive<u64>) -> Result<Vec<Linked>> {
        let mut statement = self.database.prepare_cached(
            "SELECT seq, leaf, hash, prev, sessions FROM linked WHERE device = ?1 AND seq BETWEEN ?2 AND ?3",
        )?;
        let found = statement.query_map(params![device.0.0, seqs.start(), seqs.end()], linked)?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn keep_erased(&mut self, hash: Hash) -> Result<()> {
        self.database.prepare_cached("INSERT OR IGNORE INTO erased VALUES (?1)")?.execute([hash.0])?;
        Ok(())
    }

    fn is_erased(&self, hash: Hash) -> Result<bool> {
        let mut statement =
            self.database.prepare_cached("SELECT EXISTS (SELECT 1 FROM erased WHERE hash = ?1)")?;
        Ok(statement.query_row([hash.0], |row| row.get(0))?)
    }

    fn waiting_for(&self, prev: Hash) -> Result<BTreeSet<SessionKey>> {
        let mut statement = self.database.prepare_cached(
            "SELECT seq, leaf, hash, prev, sessions, device FROM linked WHERE waits AND prev = ?1",
        )?;
        let batches = statement.query_map([prev.0], |row| Ok((DeviceId(Hash(row.get(5)?)), linked(row)?)))?;
        let mut waiting = BTreeSet::new();
        for batch in batches {
            let (device, linked) = batch?;
            waiting.extend(linked.sessions.into_iter().map(|session| SessionKey { device, session }));
        }
        Ok(waiting)
    }

    fn keep_case(&mut self, case: Case) -> Result<()> {
        let key = case.key();
        let (device, session) = (key.device.0.0, key.session.as_bytes());
        let before = self.case(&key)?;
        let groups = Group::of(&case.trace);
        let old = before.as_ref().map(|before| Group::of(&before.trace));
        if old.as_ref() != Some(&groups) {
            self.leave(&key, &old.unwrap_or_default())?;
            self.join(&key, &groups)?;
        }
        let body = serde_json::to_string(&case)?;
        if before.as_ref().is_some_and(|before| before.play == case.play) {
            self.database
                .prepare_cached("UPDATE cases SET body = ?3 WHERE device = ?1 AND session = ?2")?
                .execute(params![device, session, body])?;
        } else {
            self.database
                .prepare_cached("INSERT OR REPLACE INTO cases VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![device, session, self.then, body])?;
        }
        self.unknown.set(None);
        self.cases.get_mut().insert(key, &Arc::new(case));
        Ok(())
    }

    fn case(&self, key: &SessionKey) -> Result<Option<Arc<Case>>> {
        if let Some(case) = self.cases.borrow_mut().get(key) {
            return Ok(Some(case));
        }
        if self.unknown.get() == Some(*key) {
            return Ok(None);
        }
        let mut statement = self
            .database
            .prepare_cached("SELECT device, session, body FROM cases WHERE device = ?1 AND session = ?2")?;
        let mut rows = statement.query(params![key.device.0.0, key.session.as_bytes()])?;
        let case = rows.next()?.map(|row| self.read(row)).transpose()?;
        if case.is_none() {
            self.unknown.set(Some(*key));
        }
        Ok(case)
    }

    fn drop_case(&mut self, key: &SessionKey) -> Result<()> {
        if let Some(case) = self.case(key)? {
            self.leave(key, &Group::of(&case.trace))?;
        }
        self.database
            .prepare_cached("DELETE FROM cases WHERE device = ?1 AND session = ?2")?
            .execute(params![key.device.0.0, key.session.as_bytes()])?;
        self.cases.get_mut().remove(key);
        Ok(())
    }

    fn members(&self, group: &Group) -> Result<Vec<Arc<Case>>> {
        let keys = self.keys_of(group)?;
        keys.iter().filter_map(|key| self.case(key).transpose()).collect()
    }

    fn touch(&mut self, group: Group) -> Result<()> {
        if !self.touched.all.contains(&group) {
            self.touched.fresh.push(group.clone());
            self.touched.all.insert(group);
        }
        Ok(())
    }

    fn touched(&mut self) -> Result<BTreeSet<Group>> {
        let Touched { all, fresh } = &mut self.touched;
        if all.len() > fresh.len() {
            self.database.execute("DELETE FROM touched", [])?;
        }
        fresh.clear();
        Ok(std::mem::take(all))
    }
}

/// The batch in a row of sequence number, place in the log, hash, hash of the one before, and sessions.
fn linked(row: &Row<'_>) -> rusqlite::Result<Linked> {
    let prev = row.get::<_, Option<[u8; 32]>>(3)?.map(Hash);
    let (sessions, _) = row.get_ref(4)?.as_blob()?.as_chunks();
    let sessions = sessions.iter().map(|id| Uuid::from_bytes(*id)).collect();
    Ok(Linked { seq: row.get(0)?, leaf: row.get(1)?, hash: Hash(row.get(2)?), prev, sessions })
}

fn touched(database: &Connection) -> Result<BTreeSet<Group>> {
    let mut statement = database.prepare_cached("SELECT scope, name, week FROM touched")?;
    let groups = statement.query_map([], |row| {
        let scope = SCOPES.get(row.get::<_, usize>(0)?).copied().unwrap_or(Scope::Session);
        Ok(Group { scope, of: row.get(1)?, week: row.get(2)? })
    })?;
    Ok(groups.collect::<Result<_, _>>()?)
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
