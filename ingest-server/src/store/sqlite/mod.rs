//! The embedded store: one SQLite file.
//!
//! `plays` holds each session's play; `segments` hold the same plays packed for counting (see `packed`), changed in
//! the same transaction; `details` hold what else is asked of them.

mod details;
mod packed;

use super::detail::{Reason, Retention, Told};
use super::query::STEP_MS;
use super::{Addition, Bounds, Change, Dimension, Filter, Rank, Ranked, Series, Store, StoreError};
use crate::derived;
use delistening_schema::play::{Counts, Play, SessionKey, Status};
use packed::{Listeners, Matcher, Name, NameSet, ROW, ROWS, Row};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The form of the file. One of another form is made anew: it is derived.
const FORM: i32 = 4;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -65536;
    CREATE TABLE IF NOT EXISTS names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS plays (
        device BLOB NOT NULL,
        session BLOB NOT NULL,
        place INTEGER NOT NULL,
        listener INTEGER NOT NULL,
        play TEXT NOT NULL,
        PRIMARY KEY (session, device)
    ) WITHOUT ROWID;
    -- The steps of its oldest and newest play, before the rows, so that a segment can be passed by unread.
    CREATE TABLE IF NOT EXISTS segments (
        id INTEGER PRIMARY KEY, oldest INTEGER NOT NULL, newest INTEGER NOT NULL, rows BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS progress (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        leaves INTEGER NOT NULL, version INTEGER NOT NULL, places INTEGER NOT NULL
    );
";

/// This many names are kept at hand.
const NAMES: usize = 200_000;

/// Counts plays in a file of its own.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Mutex<Writer>,
    reader: Mutex<Connection>,
}

#[derive(Debug)]
struct Writer {
    database: Connection,
    /// Names that were looked up, as they are stored.
    names: HashMap<String, Name>,
}

impl SqliteStore {
    /// Opens or makes the file.
    ///
    /// # Panics
    /// When the system gives no random bytes.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = derived::connect(path, FORM)?;
        writer.execute_batch(SCHEMA)?;
        writer.execute_batch(details::SCHEMA)?;
        let mut random = [0; 4];
        getrandom::fill(&mut random).expect("the system gives random bytes");
        // Versions begin somewhere, so that those of a file that was lost do not come again.
        let version = u64::from(u32::from_le_bytes(random)) << 16;
        writer.execute("INSERT OR IGNORE INTO progress VALUES (1, 0, ?1, 0)", [version])?;
        let reader = Connection::open(path)?;
        reader.execute_batch("PRAGMA query_only = ON; PRAGMA mmap_size = 1073741824;")?;
        let writer = Writer { database: writer, names: HashMap::new() };
        Ok(Self { writer: Mutex::new(writer), reader: Mutex::new(reader) })
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SqliteStore {
    fn cursor(&self) -> Result<u64, StoreError> {
        Ok(self.reader().query_row("SELECT leaves FROM progress", [], |row| row.get(0))?)
    }

    fn version(&self) -> Result<u64, StoreError> {
        Ok(self.reader().query_row("SELECT version FROM progress", [], |row| row.get(0))?)
    }

    fn apply(&self, additions: &[Addition], plays: &[Play], cursor: u64) -> Result<Vec<Change>, StoreError> {
        let told = details::told(additions);
        let mut writer = self.writer();
        let Writer { database, names } = &mut *writer;
        if names.len() > NAMES {
            names.clear();
        }
        let transaction = database.transaction()?;
        let result = put(&transaction, names, plays, told).and_then(|changes| {
            transaction
                .prepare_cached("UPDATE progress SET leaves = max(leaves, ?1), version = version + ?2")?
                .execute(params![cursor, !changes.is_empty()])?;
            transaction.commit()?;
            Ok(changes)
        });
        if result.is_err() {
            // What was looked up may be undone.
            names.clear();
        }
        result
    }

    fn erase(&self, listener: &str) -> Result<Vec<Change>, StoreError> {
        let mut writer = self.writer();
        let Writer { database, names } = &mut *writer;
        names.remove(listener);
        let transaction = database.transaction()?;
        let Some(name) = find(&transaction, listener)? else { return Ok(Vec::new()) };
        // Without an index of its own: it is rare, and every write would pay for it.
        let erased: Vec<(u64, String)> = transaction
            .prepare("DELETE FROM plays WHERE listener = ?1 RETURNING place, play")?
            .query_map([name], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (place, _) in &erased {
            write(&transaction, *place, &[0; ROW])?;
            details::remove(&transaction, *place)?;
        }
        transaction.execute("DELETE FROM names WHERE id = ?1", [name])?;
        transaction.execute("UPDATE progress SET version = version + 1", [])?;
        transaction.commit()?;
        derived::scrub(database)?;
        erased
            .iter()
            .map(|(_, text)| Ok(Change { before: Some(serde_json::from_str(text)?), now: None }))
            .collect()
    }

    fn counts(&self, filter: &Filter, bounds: &Bounds) -> Result<Series, StoreError> {
        let reader = self.reader();
        let mut buckets = vec![Counts::default(); bounds.buckets()];
        let mut total = Counts::default();
        let Some(matcher) = Matcher::new(filter, |name| find(&reader, name))? else {
            return Ok(Series { total, buckets });
        };
        let (mut all, mut each) = (NameSet::default(), Listeners::default());
        let steps = bounds.steps();
        let mut bucket = 0;
        scan(&reader, bounds.range(), &matcher, |_, row| {
            // Plays come nearly in order: most lie in the bucket of the one before.
            if !(steps[bucket]..steps[bucket + 1]).contains(&row.step) {
                bucket = steps.partition_point(|step| *step <= row.step) - 1;
            }
            packed::count(&mut buckets[bucket], row);
            if row.status == Status::Valid {
                all.insert(row.listener);
                if buckets.len() > 1 {
                    each.insert(bucket, row.listener);
                }
            }
        })?;
        for counts in &buckets {
            packed::add(&mut total, counts);
        }
        total.listeners = all.len();
        if let [only] = &mut buckets[..] {
            only.listeners = total.listeners;
        }
        each.count(|bucket, listeners| buckets[bucket].listeners = listeners);
        Ok(Series { total, buckets })
    }

    fn top(
        &self,
        dimension: Dimension,
        filter: &Filter,
        bounds: &Bounds,
        after: Option<&Rank>,
        limit: u32,
    ) -> Result<Vec<Ranked>, StoreError> {
        let mut reader = self.reader();
        // Both looks at the plays see the same.
        let reader = reader.transaction()?;
        let Some(matcher) = Matcher::new(filter, |name| find(&reader, name))? else { return Ok(Vec::new()) };
        // For each name its place among the counts, plus one.
        let (mut places, mut all) = (Vec::<u32>::new(), Vec::<(Name, Counts)>::new());
        scan(&reader, bounds.range(), &matcher, |_, row| {
            let name = row.of(dimension);
            if name == 0 {
                return;
            }
            if places.len() <= name as usize {
                places.resize(name as usize + 1, 0);
            }
            let place = &mut places[name as usize];
            if *place == 0 {
                all.push((name, Counts::default()));
                *place = u32::try_from(all.len()).unwrap_or(u32::MAX);
            }
            packed::count(&mut all[*place as usize - 1].1, row);
        })?;
        let chosen = choose(&reader, all, after, limit as usize)?;
        let mut places = HashMap::with_capacity(chosen.len());
        let mut ranked = Vec::with_capacity(chosen.len());
        for (place, (name, id, counts)) in chosen.into_iter().enumerate() {
            places.insert(name, place);
            ranked.push(Ranked { id, counts });
        }
        let mut listeners = Listeners::default();
        scan(&reader, bounds.range(), &matcher, |_, row| {
            if row.status == Status::Valid
                && let Some(place) = places.get(&row.of(dimension))
            {
                listeners.insert(*place, row.listener);
            }
        })?;
        listeners.count(|place, listeners| ranked[place].counts.listeners = listeners);
        Ok(ranked)
    }

    fn retention(&self, filter: &Filter, bounds: &Bounds) -> Result<Retention, StoreError> {
        let mut reader = self.reader();
        // What is found in one table is looked up in another.
        let reader = reader.transaction()?;
        let Some(matcher) = Matcher::new(filter, |name| find(&reader, name))? else {
            return Ok(Retention::default());
        };
        let mut places = Vec::new();
        scan(&reader, bounds.range(), &matcher, |place, row| {
            if Retention::is_of(row.status) {
                places.push(place);
            }
        })?;
        details::retention(&reader, &places)
    }

    fn reasons(&self, filter: &Filter, bounds: &Bounds) -> Result<Vec<Reason>, StoreError> {
        let mut reader = self.reader();
        let reader = reader.transaction()?;
        let Some(matcher) = Matcher::new(filter, |name| find(&reader, name))? else { return Ok(Vec::new()) };
        let mut places = Vec::new();
        scan(&reader, bounds.range(), &matcher, |place, row| {
            if row.status != Status::Valid {
                places.push((place, row.status.as_str()));
            }
        })?;
        details::reasons(&reader, &places)
    }
}

/// The first `limit` after a place, with their names. Names are looked up only where they decide.
fn choose(
    reader: &Connection,
    mut all: Vec<(Name, Counts)>,
    after: Option<&Rank>,
    limit: usize,
) -> Result<Vec<(Name, String, Counts)>, StoreError> {
    all.retain(|(_, counts)| after.is_none_or(|rank| counts.valid <= rank.valid));
    all.sort_unstable_by_key(|(_, counts)| std::cmp::Reverse(counts.valid));
    let mut statement = reader.prepare_cached("SELECT name FROM names WHERE id = ?1")?;
    let mut chosen: Vec<(Name, String, Counts)> = Vec::new();
    for equals in all.chunk_by(|(_, one), (_, other)| one.valid == other.valid) {
        let mut named = Vec::with_capacity(equals.len());
        for (name, counts) in equals {
            let id: String = statement.query_row([name], |row| row.get(0))?;
            if after.is_none_or(|rank| rank.is_before(counts.valid, &id)) {
                named.push((*name, id, counts.clone()));
            }
        }
        named.sort_unstable_by(|(_, one, _), (_, other, _)| one.cmp(other));
        chosen.extend(named);
        if chosen.len() >= limit {
            chosen.truncate(limit);
            break;
        }
    }
    Ok(chosen)
}

/// Goes through the plays that began in a range of steps and fit.
fn scan(
    reader: &Connection,
    (from, to): (u32, u32),
    matcher: &Matcher,
    mut tell: impl FnMut(u64, &Row),
) -> Result<(), StoreError> {
    let mut statement =
        reader.prepare_cached("SELECT rows, id FROM segments WHERE newest >= ?1 AND oldest < ?2")?;
    let mut segments = statement.query([from, to])?;
    while let Some(segment) = segments.next()? {
        let bytes = segment.get_ref(0)?.as_blob().unwrap_or_default();
        let first = segment.get::<_, u64>(1)? * ROWS as u64;
        for (place, bytes) in (first..).zip(bytes.as_chunks::<ROW>().0) {
            if let Some(row) = Row::unpack(bytes)
                && (from..to).contains(&row.step)
                && matcher.fits(&row)
            {
                tell(place, &row);
            }
        }
    }
    Ok(())
}

fn find(database: &Connection, name: &str) -> rusqlite::Result<Option<Name>> {
    database
        .prepare_cached("SELECT id FROM names WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

fn intern(
    transaction: &Transaction<'_>,
    names: &mut HashMap<String, Name>,
    name: &str,
) -> rusqlite::Result<Name> {
    if let Some(known) = names.get(name) {
        return Ok(*known);
    }
    let id = match find(transaction, name)? {
        Some(id) => id,
        None => transaction
            .prepare_cached("INSERT INTO names (name) VALUES (?1) RETURNING id")?
            .query_row([name], |row| row.get(0))?,
    };
    names.insert(name.to_owned(), id);
    Ok(id)
}

fn put(
    transaction: &Transaction<'_>,
    names: &mut HashMap<String, Name>,
    plays: &[Play],
    mut told: BTreeMap<SessionKey, Told>,
) -> Result<Vec<Change>, StoreError> {
    let mut places: u64 = transaction.query_row("SELECT places FROM progress", [], |row| row.get(0))?;
    let before = places;
    // The last one where a session is named twice.
    let newest: BTreeMap<SessionKey, &Play> =
        plays.iter().map(|play| (SessionKey::from(play), play)).collect();
    let mut changes = Vec::new();
    for (key, play) in newest {
        let (device, session) = (key.device.0.0, key.session.as_bytes());
        let known: Option<(u64, String)> = transaction
            .prepare_cached("SELECT place, play FROM plays WHERE device = ?1 AND session = ?2")?
            .query_row(params![device, session], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let text = play.to_text();
        if known.as_ref().is_some_and(|(_, known)| *known == text) {
            continue;
        }
        let row = Row::new(play, |name| intern(transaction, names, name))?;
        let place = known.as_ref().map_or(places, |(place, _)| *place);
        places += u64::from(known.is_none());
        write_row(transaction, place, &row)?;
        let told = told.remove(&key).unwrap_or_default();
        if known.is_none() {
            details::begin(transaction, names, place, play, &told)?;
        } else {
            details::judge(transaction, names, place, play)?;
            details::hear(transaction, place, told)?;
        }
        transaction
            .prepare_cached("INSERT OR REPLACE INTO plays VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![device, session, place, row.listener, text])?;
        let before = known.map(|(_, text)| serde_json::from_str(&text)).transpose()?;
        changes.push(Change { before, now: Some(play.clone()) });
    }
    // Sessions whose plays are what they were.
    for (key, told) in told {
        if let Some(place) = details::place(transaction, &key)? {
            details::hear(transaction, place, told)?;
        }
    }
    if places != before {
        transaction.prepare_cached("UPDATE progress SET places = ?1")?.execute([places])?;
    }
    Ok(changes)
}

fn write_row(transaction: &Transaction<'_>, place: u64, row: &Row) -> Result<(), StoreError> {
    let segment = segment_of(place);
    transaction
        .prepare_cached(
            "INSERT INTO segments VALUES (?1, ?2, ?2, zeroblob(?3)) ON CONFLICT (id) DO UPDATE
             SET oldest = min(oldest, ?2), newest = max(newest, ?2) WHERE oldest > ?2 OR newest < ?2",
        )?
        .execute(params![segment, row.step, ROW * ROWS])?;
    write(transaction, place, &row.pack())
}

fn write(transaction: &Transaction<'_>, place: u64, bytes: &[u8; ROW]) -> Result<(), StoreError> {
    let mut rows = transaction.blob_open("main", "segments", "rows", segment_of(place), false)?;
    let offset = usize::try_from(place).unwrap_or_default() % ROWS * ROW;
    Ok(rows.write_all_at(bytes, offset)?)
}

fn segment_of(place: u64) -> i64 {
    i64::try_from(place / ROWS as u64).unwrap_or(i64::MAX)
}

const _: () = assert!(STEP_MS == 900_000, "rows are written in steps; another step is another form");
