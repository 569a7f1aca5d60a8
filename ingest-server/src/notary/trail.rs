//! What the log already says of plays, and what it does not say yet.
//!
//! Derived from the journal, record by record.

use crate::derived;
use crate::journal::{StatementRecord, VerdictsRecord};
use delistening_schema::ledger::{ErasureEntry, RuleEntry, RuleKind};
use delistening_schema::play::{Play, SessionKey, Tally, day_of};
use delistening_schema::{DeviceId, Hash};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use std::collections::BTreeSet;
use std::path::Path;
use uuid::Uuid;

/// What a record says, as far as the trail keeps it.
#[derive(Debug)]
pub enum Step<'a> {
    /// A batch of this listener speaks of these sessions.
    Batch {
        /// Whose plays.
        listener: String,
        /// Which sessions.
        sessions: Vec<SessionKey>,
    },
    /// Sessions were judged.
    Verdicts(&'a VerdictsRecord),
    /// A version of what plays are judged by.
    Rule(&'a RuleEntry),
    /// A day was counted.
    Statement(&'a StatementRecord),
    /// Data is to be erased.
    Erasure(&'a ErasureEntry),
}

/// Where everything of a listener stands in the log, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Indexes of batches.
    pub batches: Vec<u64>,
    /// Verdicts: index of the entry, place in its list.
    pub verdicts: Vec<(u64, u32)>,
}

impl Holdings {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.verdicts.is_empty()
    }

    /// What of these no erasure names yet.
    #[must_use]
    pub fn without(mut self, erasures: &[(u64, ErasureEntry)]) -> Self {
        for (_, ErasureEntry { batches, verdicts, .. }) in erasures {
            self.batches.retain(|batch| batches.binary_search(batch).is_err());
            self.verdicts.retain(|verdict| verdicts.binary_search(verdict).is_err());
        }
        self
    }
}

/// The trail.
#[derive(Debug)]
pub struct Trail {
    database: Connection,
}

const SCHEMA: &str = "
    -- What is deleted is overwritten, and what is sorted out on the way touches no other file.
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    -- Whose batches. Not by listener: that is asked for when one is erased, and written with every batch.
    CREATE TABLE IF NOT EXISTS batches (leaf INTEGER PRIMARY KEY, listener TEXT NOT NULL);
    -- Session ids begin with the time, so what is written together lies together where they come first.
    -- Sessions that a batch spoke of since they were judged, and the newest such batch.
    CREATE TABLE IF NOT EXISTS pending (
        device BLOB NOT NULL, session BLOB NOT NULL, leaf INTEGER NOT NULL, PRIMARY KEY (session, device)
    ) WITHOUT ROWID;
    -- The last verdict of each session.
    CREATE TABLE IF NOT EXISTS verdicts (
        device BLOB NOT NULL, session BLOB NOT NULL, day INTEGER NOT NULL, play TEXT NOT NULL,
        PRIMARY KEY (session, device)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS verdicts_by_day ON verdicts (day);
    -- Every verdict there ever was.
    CREATE TABLE IF NOT EXISTS items (
        leaf INTEGER NOT NULL, item INTEGER NOT NULL, listener TEXT NOT NULL, PRIMARY KEY (leaf, item)
    ) WITHOUT ROWID;
    -- What plays are judged by: what was published last.
    CREATE TABLE IF NOT EXISTS rules (
        kind TEXT PRIMARY KEY, version INTEGER NOT NULL, text TEXT NOT NULL
    ) WITHOUT ROWID;
    -- Days whose last verdicts changed since they were stated, and the newest entry that changed them.
    CREATE TABLE IF NOT EXISTS days (day INTEGER PRIMARY KEY, leaf INTEGER NOT NULL);
    -- Erasures that are entered and not carried out yet.
    CREATE TABLE IF NOT EXISTS erasures (leaf INTEGER PRIMARY KEY, entry TEXT NOT NULL);
    -- The day on which days were stated last.
    CREATE TABLE IF NOT EXISTS stated (one INTEGER PRIMARY KEY CHECK (one = 1), day INTEGER NOT NULL);
    INSERT OR IGNORE INTO stated VALUES (1, 0);
";

impl Trail {
    /// Opens the trail of a log of `leaves` entries.
    pub fn open(path: &Path, leaves: u64) -> rusqlite::Result<Self> {
        Ok(Self { database: derived::open(path, SCHEMA, leaves)? })
    }

    /// How many entries of the log it knows.
    pub fn leaves(&self) -> rusqlite::Result<u64> {
        derived::leaves(&self.database)
    }

    /// Follows records, up to the entry before `leaves`; all or none. What it knows already changes nothing.
    pub fn take(&mut self, steps: &[(u64, Step<'_>)], leaves: u64) -> rusqlite::Result<()> {
        let known = self.leaves()?;
        if leaves <= known {
            return Ok(());
        }
        let transaction = self.database.transaction()?;
        for (leaf, step) in steps.iter().filter(|(leaf, _)| *leaf >= known) {
            match step {
                Step::Batch { listener, sessions } => {
                    transaction
                        .prepare_cached("INSERT OR IGNORE INTO batches VALUES (?1, ?2)")?
                        .execute(params![leaf, listener])?;
                    // As old as what is taken with it: whether a later one has judged it anew is not asked.
                    sessions.iter().try_for_each(|key| pend(&transaction, key, leaves - 1))?;
                }
                Step::Verdicts(record) => verdicts(&transaction, *leaf, record)?,
                Step::Rule(rule) => self::rule(&transaction, rule)?,
                Step::Statement(record) => statement(&transaction, record)?,
                Step::Erasure(entry) => erasure(&transaction, *leaf, entry)?,
            }
        }
        derived::advance(&transaction, leaves)?;
        transaction.commit()
    }

    /// Sessions that are judged anew by the first `leaves` entries, beside those that batches speak of.
    pub fn await_verdicts(
        &mut self,
        keys: impl IntoIterator<Item = SessionKey>,
        leaves: u64,
    ) -> rusqlite::Result<()> {
        let mut keys = keys.into_iter().peekable();
        if keys.peek().is_none() {
            return Ok(());
        }
        let transaction = self.database.transaction()?;
        for key in keys {
            pend(&transaction, &key, leaves.saturating_sub(1))?;
        }
        transaction.commit()
    }

    /// Whether a rule is the one of its kind that was published last: that one is in force.
    pub fn is_in_force(&self, rule: &RuleEntry) -> rusqlite::Result<bool> {
        let last = self
            .database
            .prepare_cached("SELECT version, text FROM rules WHERE kind = ?1")?
            .query_row([kind(rule.of)], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?)))
            .optional()?;
        Ok(last.is_some_and(|(version, text)| version == rule.version && text == rule.text))
    }

    /// Sessions that were not judged since a batch spoke of them, at most `limit`.
    pub fn pending(&self, limit: usize) -> rusqlite::Result<Vec<SessionKey>> {
        let mut statement = self.database.prepare_cached("SELECT device, session FROM pending LIMIT ?1")?;
        let keys = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(SessionKey { device: DeviceId(Hash(row.get(0)?)), session: Uuid::from_bytes(row.get(1)?) })
        })?;
        keys.collect()
    }

    /// Leaves a session alone until a batch speaks of it again.
    pub fn settle(&mut self, keys: &[SessionKey]) -> rusqlite::Result<()> {
        let transaction = self.database.transaction()?;
        for key in keys {
            transaction
                .prepare_cached("DELETE FROM pending WHERE device = ?1 AND session = ?2")?
                .execute(params![key.device.0.0, key.session.as_bytes()])?;
        }
        transaction.commit()
    }

    /// The text of the last verdict on a session.
    pub fn verdict(&self, key: &SessionKey) -> rusqlite::Result<Option<String>> {
        self.database
            .prepare_cached("SELECT play FROM verdicts WHERE device = ?1 AND session = ?2")?
            .query_row(params![key.device.0.0, key.session.as_bytes()], |row| row.get(0))
            .optional()
    }

    /// Days before `today` whose counts changed since they were stated, unless days were stated today already.
    pub fn days_to_state(&self, today: u32) -> rusqlite::Result<Vec<u32>> {
        let mut statement = self.database.prepare_cached(
            "SELECT day FROM days WHERE day < ?1 AND (SELECT day FROM stated) < ?1 ORDER BY day",
        )?;
        let days = statement.query_map([today], |row| row.get(0))?;
        days.collect()
    }

    /// Remembers that days were stated today.
    pub fn stated(&self, today: u32) -> rusqlite::Result<()> {
        self.database.execute("UPDATE stated SET day = ?1", [today]).map(|_| ())
    }

    /// Counts the last verdicts on sessions of a day.
    pub fn tally(&self, day: u32) -> rusqlite::Result<Tally> {
        let mut statement = self.database.prepare_cached("SELECT play FROM verdicts WHERE day = ?1")?;
        let mut rows = statement.query([day])?;
        let mut tally = Tally::default();
        while let Some(row) = rows.next()? {
            if let Ok(play) = serde_json::from_str(row.get_ref(0)?.as_str().unwrap_or_default()) {
                tally.add(&play);
            }
        }
        Ok(tally)
    }

    /// Where everything of a listener stands.
    pub fn holdings(&self, listener: &str) -> rusqlite::Result<Holdings> {
        let mut batches = self.database.prepare_cached("SELECT leaf FROM batches WHERE listener = ?1")?;
        let mut items = self.database.prepare_cached("SELECT leaf, item FROM items WHERE listener = ?1")?;
        Ok(Holdings {
            batches: batches.query_map([listener], |row| row.get(0))?.collect::<Result<_, _>>()?,
            verdicts: items
                .query_map([listener], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?,
        })
    }

    /// Erasures that are entered and not carried out, with their index.
    pub fn erasures(&self) -> rusqlite::Result<Vec<(u64, ErasureEntry)>> {
        let mut statement = self.database.prepare_cached("SELECT leaf, entry FROM erasures ORDER BY leaf")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        let mut erasures = Vec::new();
        for row in rows {
            let (leaf, text) = row?;
            erasures.extend(serde_json::from_str(&text).ok().map(|entry| (leaf, entry)));
        }
        Ok(erasures)
    }

    /// Whose data erasures name, as far as it is still there.
    pub fn erased_listeners(&self, erasures: &[(u64, ErasureEntry)]) -> rusqlite::Result<BTreeSet<String>> {
        let mut batch = self.database.prepare_cached("SELECT listener FROM batches WHERE leaf = ?1")?;
        let mut item =
            self.database.prepare_cached("SELECT listener FROM items WHERE leaf = ?1 AND item = ?2")?;
        let mut listeners = BTreeSet::new();
        for (_, erasure) in erasures {
            for leaf in &erasure.batches {
                listeners.extend(batch.query_row([leaf], |row| row.get(0)).optional()?);
            }
            for (leaf, place) in &erasure.verdicts {
                listeners.extend(item.query_row(params![leaf, place], |row| row.get(0)).optional()?);
            }
        }
        Ok(listeners)
    }

    /// Forgets `listeners` and what `erasures` name, which are carried out; the days that this changes are to be stated
    /// again.
    pub fn erase(
        &mut self,
        listeners: &BTreeSet<String>,
        erasures: &[(u64, ErasureEntry)],
    ) -> rusqlite::Result<()> {
        let transaction = self.database.transaction()?;
        let newest = erasures.iter().map(|(leaf, _)| *leaf).max().unwrap_or(0);
        for listener in listeners {
            transaction.execute(
                "INSERT OR REPLACE INTO days SELECT DISTINCT day, ?2 FROM verdicts
                 WHERE json_extract(play, '$.listener') = ?1",
                params![listener, newest],
            )?;
            for forget in [
                "DELETE FROM verdicts WHERE json_extract(play, '$.listener') = ?1",
                "DELETE FROM batches WHERE listener = ?1",
                "DELETE FROM items WHERE listener = ?1",
            ] {
                transaction.execute(forget, [listener])?;
            }
        }
        for (leaf, _) in erasures {
            transaction.execute("DELETE FROM erasures WHERE leaf = ?1", [leaf])?;
        }
        transaction.commit()?;
        derived::scrub(&self.database)
    }
}

fn pend(transaction: &Transaction<'_>, key: &SessionKey, leaf: u64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO pending VALUES (?1, ?2, ?3)")?
        .execute(params![key.device.0.0, key.session.as_bytes(), leaf])
        .map(|_| ())
}

fn kind(of: RuleKind) -> &'static str {
    match of {
        RuleKind::Play => "play",
        RuleKind::Analysis => "analysis",
    }
}

fn rule(transaction: &Transaction<'_>, rule: &RuleEntry) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT OR REPLACE INTO rules VALUES (?1, ?2, ?3)")?
        .execute(params![kind(rule.of), rule.version, rule.text])
        .map(|_| ())
}

fn verdicts(transaction: &Transaction<'_>, leaf: u64, record: &VerdictsRecord) -> rusqlite::Result<()> {
    for (item, sealed) in record.items.iter().enumerate() {
        let Some(text) = sealed.text() else { continue };
        let Ok(play) = serde_json::from_str::<Play>(text) else { continue };
        let (device, session) = (play.device.0.0, play.session.as_bytes());
        let day = day_of(play.at);
        // The day before, if the session was counted on another one, changes as well.
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO days SELECT day, ?3 FROM verdicts WHERE device = ?1 AND session = ?2",
            )?
            .execute(params![device, session, leaf])?;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO days VALUES (?1, ?2)")?
            .execute(params![day, leaf])?;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO verdicts VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![device, session, day, text])?;
        transaction.prepare_cached("INSERT OR IGNORE INTO items VALUES (?1, ?2, ?3)")?.execute(params![
            leaf,
            i64::try_from(item).unwrap_or(i64::MAX),
            play.listener
        ])?;
        transaction
            .prepare_cached("DELETE FROM pending WHERE device = ?1 AND session = ?2 AND leaf < ?3")?
            .execute(params![device, session, record.through])?;
    }
    Ok(())
}

fn statement(transaction: &Transaction<'_>, record: &StatementRecord) -> rusqlite::Result<()> {
    if record.part == record.parts {
        transaction
            .prepare_cached("DELETE FROM days WHERE day = ?1 AND leaf < ?2")?
            .execute(params![record.day, record.through])?;
    }
    Ok(())
}

fn erasure(transaction: &Transaction<'_>, leaf: u64, erasure: &ErasureEntry) -> rusqlite::Result<()> {
    let text = serde_json::to_string(erasure).expect("an erasure is always representable");
    transaction
        .prepare_cached("INSERT OR IGNORE INTO erasures VALUES (?1, ?2)")?
        .execute(params![leaf, text])
        .map(|_| ())
}
