//! Questions that counts do not answer, put to plays and to what devices said.

use super::connection::{Connection, patiently, rows};
use crate::store::detail::PARTS;
use crate::store::query::time_of;
use crate::store::{Bounds, Filter, Rank, Ranked, Reason, Retention, StoreError};
use clickhouse::Row;
use clickhouse::query::Query;
use delistening_schema::play::{Counts, Status, Subject};
use serde::Deserialize;

#[derive(Row, Deserialize)]
struct RetentionRow {
    sessions: u64,
    length_ms: u64,
    heard: Vec<u64>,
    started: Vec<u64>,
    ended: Vec<u64>,
}

#[derive(Row, Deserialize)]
struct TrackRow {
    name: String,
    v: u64,
    s: u64,
    m: u64,
    u: u64,
    i: u64,
    l: u64,
    h: u64,
}

impl From<TrackRow> for Ranked {
    fn from(row: TrackRow) -> Self {
        let counts = Counts {
            valid: row.v,
            short: row.s,
            muted: row.m,
            suspect: row.u,
            invalid: row.i,
            listeners: row.l,
            heard_ms: row.h,
        };
        Self { id: row.name, counts }
    }
}

#[derive(Row, Deserialize)]
struct ReasonRow {
    status: String,
    reason: String,
    sessions: u64,
}

/// Where in what was played people listen. Rows that are there twice say the same twice. What their rows are under is told
/// by the parts of sessions, so that not all of the table is read.
pub async fn retention(
    connection: &Connection,
    filter: &Filter,
    bounds: &Bounds,
) -> Result<Retention, StoreError> {
    let plays = Plays::new(filter, bounds);
    let judged = format!(
        "SELECT device, session FROM plays FINAL WHERE {} AND status IN ('valid', 'short')",
        plays.text
    );
    let text = format!(
        "WITH range({PARTS}) AS every
         SELECT count() AS sessions, quantileExact(0.5)(length) AS length_ms,
            sumForEach(arrayMap(part -> toUInt64(has(parts, part)), every)) AS heard,
            sumForEach(arrayMap(part -> toUInt64(notEmpty(parts) AND part = arrayMin(parts)), every)) AS started,
            sumForEach(arrayMap(part -> toUInt64(notEmpty(parts) AND part = arrayMax(parts)), every)) AS ended
         FROM (
            SELECT length, arrayDistinct(arrayFlatten(arrayMap(span -> range(
                    least(toUInt64({PARTS}), intDiv(span.1 * {PARTS}, length)),
                    least(toUInt64({PARTS}), toUInt64(intDiv(span.2 * {PARTS} + length - 1, length)))
                ), spans))) AS parts
            FROM (
                SELECT max(JSONExtractUInt(body, 'duration_ms')) AS length,
                    groupArrayArray(JSONExtract(body, 'heard', 'Array(Tuple(UInt64, UInt64))')) AS spans
                FROM play_events
                WHERE type IN ('play.started', 'play.progress', 'play.ended')
                    AND artist GLOBAL IN (
                        SELECT JSONExtractString(part, 'artist') FROM session_parts
                        WHERE (device, session) GLOBAL IN ({judged})
                    )
                    AND track GLOBAL IN (
                        SELECT arrayJoin(JSONExtract(part, 'tracks', 'Array(String)')) FROM session_parts
                        WHERE (device, session) GLOBAL IN ({judged})
                    )
                    AND (device, session) GLOBAL IN ({judged})
                GROUP BY device, session
                HAVING length > 0
            )
         )"
    );
    let query = (0..3).fold(connection.query(&text), |query, _| plays.bind(query));
    let row: RetentionRow = patiently(query.fetch_one()).await?;
    if row.sessions == 0 {
        return Ok(Retention::default());
    }
    let RetentionRow { sessions, length_ms, heard, started, ended } = row;
    Ok(Retention { sessions, length_ms, heard, started, ended })
}

/// The most played tracks of an artist: there are no sums of them, and few plays to go through.
pub async fn tracks(
    connection: &Connection,
    filter: &Filter,
    bounds: &Bounds,
    after: Option<&Rank>,
    limit: u32,
) -> Result<Vec<Ranked>, StoreError> {
    let plays = Plays::new(filter, bounds);
    let (last, id) = after.map_or((u64::MAX, ""), |rank| (rank.valid, &rank.id));
    let text = format!(
        "SELECT track AS name, countIf(status = 'valid') AS v, countIf(status = 'short') AS s,
            countIf(status = 'muted') AS m, countIf(status = 'suspect') AS u, countIf(status = 'invalid') AS i,
            uniqExactIf(listener, status = 'valid') AS l, sumIf(heard_ms, status = 'valid') AS h
         FROM plays FINAL WHERE {} GROUP BY name
         HAVING v < ? OR (v = ? AND name > ?) ORDER BY v DESC, name LIMIT ?",
        plays.text
    );
    let query = plays.bind(connection.query(&text)).bind(last).bind(last).bind(id).bind(limit);
    let tracks: Vec<TrackRow> = rows(query).await?;
    Ok(tracks.into_iter().map(Ranked::from).collect())
}

/// Why plays do not count.
pub async fn reasons(
    connection: &Connection,
    filter: &Filter,
    bounds: &Bounds,
) -> Result<Vec<Reason>, StoreError> {
    let plays = Plays::new(filter, bounds);
    let text = format!(
        "SELECT toString(status) AS status, reason, count() AS sessions FROM plays FINAL
         ARRAY JOIN if(status = 'suspect',
            JSONExtract(play, 'verdict', 'suspicion', 'signals', 'Array(String)'),
            JSONExtract(play, 'verdict', 'reasons', 'Array(String)')
         ) AS reason
         WHERE {} AND status != 'valid'
         GROUP BY status, reason",
        plays.text
    );
    let counted: Vec<ReasonRow> = rows(plays.bind(connection.query(&text))).await?;
    let status = |word: &str| {
        let all = [Status::Short, Status::Muted, Status::Suspect, Status::Invalid];
        all.map(Status::as_str).into_iter().find(|status| *status == word)
    };
    let known = counted.into_iter().filter_map(|row| {
        status(&row.status).map(|status| Reason { status, reason: row.reason, sessions: row.sessions })
    });
    let mut reasons: Vec<Reason> = known.collect();
    Reason::sort(&mut reasons);
    Ok(reasons)
}

/// Which rows of `plays` are asked of, and the values of the `?`.
struct Plays {
    text: String,
    range: (u64, u64),
    texts: Vec<String>,
    offline: Option<bool>,
}

impl Plays {
    fn new(filter: &Filter, bounds: &Bounds) -> Self {
        let mut text = "at >= toDateTime64(?, 3, 'UTC') AND at < toDateTime64(?, 3, 'UTC')".to_owned();
        let mut texts = Vec::new();
        let (track, artist) = match &filter.subject {
            Subject::All => (None, None),
            Subject::Track(id) => (Some(id), None),
            Subject::Artist(id) => (None, Some(id)),
        };
        for (part, value) in [
            (" AND track = ?", track),
            (" AND artist = ?", artist),
            (" AND country = ?", filter.country.as_ref()),
            (" AND platform = ?", filter.platform.as_ref()),
            (" AND source = ?", filter.source.as_ref()),
        ] {
            if let Some(value) = value {
                text.push_str(part);
                texts.push(value.clone());
            }
        }
        if filter.offline.is_some() {
            text.push_str(" AND offline = ?");
        }
        let (from, to) = bounds.range();
        Self { text, range: (time_of(from) / 1000, time_of(to) / 1000), texts, offline: filter.offline }
    }

    fn bind(&self, query: Query) -> Query {
        let query = query.bind(self.range.0).bind(self.range.1);
        let query = self.texts.iter().fold(query, |query, text| query.bind(text));
        match self.offline {
            Some(offline) => query.bind(u8::from(offline)),
            None => query,
        }
    }
}
