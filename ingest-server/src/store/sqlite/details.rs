//! What is kept of a play beside its row, under the same place: why it does not count, and what was heard of the track.

use super::{Name, intern};
use crate::store::detail::{Reason, Retention, Told};
use crate::store::{Addition, StoreError};
use delistening_schema::intervals::Intervals;
use delistening_schema::play::{Play, SessionKey};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use std::collections::{BTreeMap, HashMap};

pub const SCHEMA: &str = "
    -- `why`: the name of the codes of what does not count, with a space between them; 0 for what counts.
    CREATE TABLE IF NOT EXISTS details (
        place INTEGER PRIMARY KEY, why INTEGER NOT NULL, length INTEGER NOT NULL, heard TEXT NOT NULL
    );
";

/// What batches tell of each session.
pub fn told(additions: &[Addition]) -> BTreeMap<SessionKey, Told> {
    let mut told: BTreeMap<SessionKey, Told> = BTreeMap::new();
    for addition in additions {
        told.entry(addition.key).or_default().take(&addition.fragment.events);
    }
    told.retain(|_, told| !told.is_empty());
    told
}

/// Begins with a play at a new place.
pub fn begin(
    transaction: &Transaction<'_>,
    names: &mut HashMap<String, Name>,
    place: u64,
    play: &Play,
    told: &Told,
) -> Result<(), StoreError> {
    let why = why(transaction, names, play)?;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO details VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![place, why, told.length_ms, serde_json::to_string(&told.heard)?])?;
    Ok(())
}

/// Keeps why a play is worth what it is now.
pub fn judge(
    transaction: &Transaction<'_>,
    names: &mut HashMap<String, Name>,
    place: u64,
    play: &Play,
) -> Result<(), StoreError> {
    let why = why(transaction, names, play)?;
    transaction
        .prepare_cached("UPDATE details SET why = ?2 WHERE place = ?1 AND why != ?2")?
        .execute(params![place, why])?;
    Ok(())
}

fn why(
    transaction: &Transaction<'_>,
    names: &mut HashMap<String, Name>,
    play: &Play,
) -> rusqlite::Result<Name> {
    let codes = Reason::codes(play);
    if codes.is_empty() { Ok(0) } else { intern(transaction, names, &codes.join(" ")) }
}

/// Adds what batches tell of the session at a place.
pub fn hear(transaction: &Transaction<'_>, place: u64, mut told: Told) -> Result<(), StoreError> {
    if told.is_empty() {
        return Ok(());
    }
    let Some(known) = read(transaction, place)? else { return Ok(()) };
    told.length_ms = told.length_ms.max(known.length_ms);
    told.heard.extend(known.heard.as_slice().iter().copied());
    if told != known {
        transaction
            .prepare_cached("UPDATE details SET length = ?2, heard = ?3 WHERE place = ?1")?
            .execute(params![place, told.length_ms, serde_json::to_string(&told.heard)?])?;
    }
    Ok(())
}

pub fn remove(transaction: &Transaction<'_>, place: u64) -> rusqlite::Result<()> {
    transaction.prepare_cached("DELETE FROM details WHERE place = ?1")?.execute([place]).map(|_| ())
}

fn read(database: &Connection, place: u64) -> Result<Option<Told>, StoreError> {
    let known: Option<(u64, String)> = database
        .prepare_cached("SELECT length, heard FROM details WHERE place = ?1")?
        .query_row([place], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((length_ms, heard)) = known else { return Ok(None) };
    Ok(Some(Told { length_ms, heard: serde_json::from_str::<Intervals>(&heard)? }))
}

/// Where in the track was listened in the sessions at these places.
pub fn retention(database: &Connection, places: &[u64]) -> Result<Retention, StoreError> {
    let (mut retention, mut lengths) = (Retention::default(), Vec::new());
    for place in places {
        let told = read(database, *place)?.filter(|told| told.length_ms > 0);
        if let Some(Told { length_ms, heard }) = told {
            retention.count(length_ms, &heard);
            lengths.push(length_ms);
        }
    }
    retention.measure(lengths);
    Ok(retention)
}

/// Why the plays at these places do not count.
pub fn reasons(database: &Connection, places: &[(u64, &'static str)]) -> Result<Vec<Reason>, StoreError> {
    let mut whys: BTreeMap<(&'static str, Name), u64> = BTreeMap::new();
    let mut statement = database.prepare_cached("SELECT why FROM details WHERE place = ?1")?;
    for (place, status) in places {
        let why: Option<Name> = statement.query_row([place], |row| row.get(0)).optional()?;
        if let Some(why) = why.filter(|why| *why != 0) {
            *whys.entry((status, why)).or_default() += 1;
        }
    }
    let mut counts: BTreeMap<(&'static str, String), u64> = BTreeMap::new();
    let mut statement = database.prepare_cached("SELECT name FROM names WHERE id = ?1")?;
    for ((status, why), sessions) in whys {
        let codes: String = statement.query_row([why], |row| row.get(0))?;
        for code in codes.split(' ') {
            *counts.entry((status, code.to_owned())).or_default() += sessions;
        }
    }
    let reasons = counts.into_iter();
    let mut reasons: Vec<Reason> =
        reasons.map(|((status, reason), sessions)| Reason { status, reason, sessions }).collect();
    Reason::sort(&mut reasons);
    Ok(reasons)
}

/// The place of a session.
pub fn place(database: &Connection, key: &SessionKey) -> rusqlite::Result<Option<u64>> {
    database
        .prepare_cached("SELECT place FROM plays WHERE device = ?1 AND session = ?2")?
        .query_row(params![key.device.0.0, key.session.as_bytes()], |row| row.get(0))
        .optional()
}
