//! Questions, put to the coarsest table whose steps the bounds fall on.

use super::connection::{Connection, patiently, rows};
use super::details;
use crate::store::query::{step_of, time_of};
use crate::store::{Bounds, Dimension, Filter, Rank, Ranked, Series, StoreError};
use clickhouse::Row;
use clickhouse::query::Query;
use delistening_schema::play::{Counts, Subject};
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt::Write as _;

const STEPS_OF_HOUR: u32 = 4;
const STEPS_OF_DAY: u32 = 24 * STEPS_OF_HOUR;
/// More runs of buckets than this are looked up: each is a comparison for every row.
const RUNS: usize = 16;

/// Sums that take more memory than this, in bytes, are written to ClickHouse's disk meanwhile: those of millions of tracks.
const MOST_MEMORY: u32 = 1 << 30;

const SUMS: &str = "sum(valid) AS v, sum(short) AS s, sum(muted) AS m, sum(suspect) AS u, sum(invalid) AS i, sum(heard_ms) AS h";

/// Either the plays of a bucket, or the listeners of one or of all.
#[derive(Row, Deserialize)]
struct BucketRow {
    bucket: u32,
    v: i64,
    s: i64,
    m: i64,
    u: i64,
    i: i64,
    h: i64,
    plays: u8,
    whole: u8,
    listeners: u64,
    taken_away: u64,
}

#[derive(Row, Deserialize)]
struct BucketListeners {
    bucket: u32,
    whole: u8,
    listeners: u64,
}

#[derive(Row, Deserialize)]
struct TopRow {
    name: String,
    v: i64,
    s: i64,
    m: i64,
    u: i64,
    i: i64,
    h: i64,
}

#[derive(Row, Deserialize)]
struct NameListeners {
    name: String,
    listeners: u64,
    taken_away: u64,
}

/// A number that is another one after every block of any node.
pub async fn version(connection: &Connection) -> Result<u64, StoreError> {
    let query = connection.query("SELECT sum(version) FROM nodes FINAL");
    patiently(query.fetch_one()).await
}

/// Counts by when plays began.
///
/// A listener counts where the sum of their valid plays is above zero. To sum them up for each costs twice as much as to
/// count different listeners, so that is done only where rows take something away: they are few, and gone when the parts
/// that hold them are merged.
pub async fn counts(connection: &Connection, filter: &Filter, bounds: &Bounds) -> Result<Series, StoreError> {
    let (table, step) = table(bounds);
    let condition = Condition::new(filter, bounds);
    let bucket = bucket(bounds, step);
    // As one question: what is asked in turn is waited for in turn.
    let text = format!(
        "SELECT {bucket} AS bucket, {SUMS}, toUInt8(1) AS plays, toUInt8(0) AS whole, toUInt64(0) AS listeners,
            toUInt64(0) AS taken_away
         FROM {plays} WHERE {condition} GROUP BY bucket
         UNION ALL
         SELECT {bucket} AS bucket, toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toInt64(0), toUInt8(0),
            toUInt8(grouping(bucket)), uniqExact(listener), countIf(valid < 0)
         FROM listeners_by_{table} WHERE {condition} GROUP BY bucket WITH ROLLUP",
        plays = condition.plays(table, "id"),
        condition = condition.text
    );
    let query = condition.bind(condition.bind(connection.query(&text)));
    let mut series = Series { total: Counts::default(), buckets: vec![Counts::default(); bounds.buckets()] };
    let place =
        |begin: u32| bounds.steps().binary_search(&step_of(u64::from(begin) * 1000)).unwrap_or_default();
    let mut taken_away = false;
    for row in rows::<BucketRow>(query).await? {
        if row.plays == 1 {
            let counts = whole([row.v, row.s, row.m, row.u, row.i, row.h]);
            add(&mut series.total, &counts);
            let bucket = &mut series.buckets[place(row.bucket)];
            *bucket = Counts { listeners: bucket.listeners, ..counts };
        } else if row.whole == 1 {
            series.total.listeners = row.listeners;
            taken_away = row.taken_away > 0;
        } else {
            series.buckets[place(row.bucket)].listeners = row.listeners;
        }
    }
    if !taken_away {
        return Ok(series);
    }
    let text = format!(
        "SELECT bucket, toUInt8(grouping(bucket)) AS whole, uniqExactIf(listener, counts) AS listeners
         FROM (SELECT {bucket} AS bucket, listener, sum(valid) > 0 AS counts FROM listeners_by_{table}
            WHERE {} GROUP BY bucket, listener)
         GROUP BY bucket WITH ROLLUP",
        condition.text
    );
    for row in rows::<BucketListeners>(condition.bind(connection.query(&text))).await? {
        let counts = if row.whole == 1 { &mut series.total } else { &mut series.buckets[place(row.bucket)] };
        counts.listeners = row.listeners;
    }
    Ok(series)
}

/// The most played.
pub async fn top(
    connection: &Connection,
    dimension: Dimension,
    filter: &Filter,
    bounds: &Bounds,
    after: Option<&Rank>,
    limit: u32,
) -> Result<Vec<Ranked>, StoreError> {
    if let (Dimension::Track, Subject::Artist(_)) = (dimension, &filter.subject) {
        return details::tracks(connection, filter, bounds, after, limit).await;
    }
    let (table, _) = table(bounds);
    let (condition, column) = match dimension {
        Dimension::Track | Dimension::Artist => (Condition::each(dimension, filter, bounds), "id"),
        _ => (Condition::new(filter, bounds), dimension.as_str()),
    };
    let text = format!(
        "SELECT {column} AS name, {SUMS} FROM {plays} WHERE {} AND {column} != '' GROUP BY name
         HAVING v + s + m + u + i > 0 AND (v < ? OR (v = ? AND name > ?)) ORDER BY v DESC, name LIMIT ?
         SETTINGS max_bytes_before_external_group_by = {MOST_MEMORY}",
        condition.text,
        plays = condition.plays(table, column)
    );
    let (valid, id) =
        after.map_or((i64::MAX, ""), |rank| (rank.valid.try_into().unwrap_or(i64::MAX), &rank.id));
    let query = condition.bind(connection.query(&text)).bind(valid).bind(valid).bind(id).bind(limit);
    let top: Vec<TopRow> = rows(query).await?;
    let names = top.iter().map(|row| row.name.as_str());
    let listeners_of = listeners(connection, table, column, &condition, names).await?;
    Ok(top
        .into_iter()
        .map(|row| {
            let mut counts = whole([row.v, row.s, row.m, row.u, row.i, row.h]);
            counts.listeners = listeners_of.get(&row.name).copied().unwrap_or_default();
            Ranked { id: row.name, counts }
        })
        .collect())
}

/// How many different listeners there are under each of these names in a column; as for [`counts`].
async fn listeners<'a>(
    connection: &Connection,
    table: &str,
    column: &str,
    condition: &Condition,
    names: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, u64>, StoreError> {
    let names: Vec<&str> = names.collect();
    let ask = async |text: String, names: &[&str]| -> Result<Vec<NameListeners>, StoreError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        rows(condition.bind(connection.query(&text)).bind(names)).await
    };
    let text = format!(
        "SELECT {column} AS name, uniqExact(listener) AS listeners, countIf(valid < 0) AS taken_away
         FROM listeners_by_{table} WHERE {} AND {column} IN ? GROUP BY name",
        condition.text
    );
    let counted = ask(text, &names).await?;
    let doubtful: Vec<&str> =
        counted.iter().filter(|row| row.taken_away > 0).map(|row| row.name.as_str()).collect();
    let text = format!(
        "SELECT name, countIf(counts) AS listeners, toUInt64(0) AS taken_away
         FROM (SELECT {column} AS name, listener, sum(valid) > 0 AS counts FROM listeners_by_{table}
            WHERE {} AND {column} IN ? GROUP BY name, listener)
         GROUP BY name",
        condition.text
    );
    let summed_up = ask(text, &doubtful).await?;
    Ok(counted.into_iter().chain(summed_up).map(|row| (row.name, row.listeners)).collect())
}

/// The coarsest tables that can answer, and their step.
fn table(bounds: &Bounds) -> (&'static str, u32) {
    let (from, to) = bounds.range();
    let on = |every: u32| bounds.steps()[1..bounds.buckets()].iter().all(|step| step % every == 0);
    // All time ends somewhere within a day.
    let ends_on = |every: u32| from % every == 0 && (to % every == 0 || to == Bounds::all().range().1);
    if on(STEPS_OF_DAY) && ends_on(STEPS_OF_DAY) {
        ("day", STEPS_OF_DAY)
    } else if on(STEPS_OF_HOUR) && ends_on(STEPS_OF_HOUR) {
        ("hour", STEPS_OF_HOUR)
    } else {
        ("quarter_hour", 1)
    }
}

/// The second at which the bucket of a row begins, in a table of this step.
fn bucket(bounds: &Bounds, step: u32) -> String {
    let begins = &bounds.steps()[..bounds.buckets()];
    if let [begin] = begins {
        return format!("toUInt32({})", second(*begin));
    }
    let runs = runs(bounds);
    if let [Run { width, .. }] = runs[..]
        && width == step
    {
        return "toUInt32(since)".to_owned();
    }
    if runs.len() > RUNS {
        let begins: Vec<String> = begins.iter().map(|step| format!("toUInt32({})", second(*step))).collect();
        return format!("roundDown(toUInt32(since), [{}])", begins.join(","));
    }
    let begins = runs.iter().map(|Run { begin, width, .. }| {
        let (begin, width) = (second(*begin), second(*width));
        format!("{begin} + intDiv(toUInt32(since) - {begin}, {width}) * {width}")
    });
    let mut text = String::new();
    for (place, (run, begin)) in runs.iter().zip(begins).enumerate() {
        if place + 1 < runs.len() {
            // Writing to a string cannot fail.
            let _ = write!(text, "if(toUInt32(since) < {}, ", second(run.end));
        }
        text.push_str(&begin);
        if place + 1 < runs.len() {
            text.push_str(", ");
        }
    }
    format!("toUInt32({text}{})", ")".repeat(runs.len() - 1))
}

/// Buckets of the same width that follow each other, in steps.
#[derive(Debug, PartialEq)]
struct Run {
    begin: u32,
    end: u32,
    width: u32,
}

/// Days have one width, but for two in a year where clocks change; a row's bucket is computed from that sooner than it is
/// looked up.
fn runs(bounds: &Bounds) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (begin, end) in bounds.steps().iter().zip(&bounds.steps()[1..]) {
        let width = end - begin;
        match runs.last_mut() {
            Some(run) if run.width == width => run.end = *end,
            _ => runs.push(Run { begin: *begin, end: *end, width }),
        }
    }
    runs
}

fn second(step: u32) -> u64 {
    time_of(step) / 1000
}

/// What follows `WHERE`, and the values of its `?`.
struct Condition {
    text: String,
    of: &'static str,
    id: Option<String>,
    range: Option<(u64, u64)>,
    texts: Vec<String>,
    offline: Option<bool>,
}

impl Condition {
    /// Plays of the filter's subject.
    fn new(filter: &Filter, bounds: &Bounds) -> Self {
        let (of, id) = match &filter.subject {
            // Whose id is always the same: it need not be read.
            Subject::All => ("all", None),
            Subject::Track(id) => ("track", Some(id.as_str())),
            Subject::Artist(id) => ("artist", Some(id.as_str())),
        };
        Self::with(of, id, filter, bounds)
    }

    /// Plays of every track or artist.
    fn each(dimension: Dimension, filter: &Filter, bounds: &Bounds) -> Self {
        Self::with(dimension.as_str(), None, filter, bounds)
    }

    fn with(of: &'static str, id: Option<&str>, filter: &Filter, bounds: &Bounds) -> Self {
        let mut text = "of = ?".to_owned();
        if id.is_some() {
            text.push_str(" AND id = ?");
        }
        // All time is every row.
        let range = (*bounds != Bounds::all()).then(|| bounds.range());
        if range.is_some() {
            text.push_str(" AND since >= toDateTime(?, 'UTC') AND since < toDateTime(?, 'UTC')");
        }
        let mut texts = Vec::new();
        for (part, value) in [
            (" AND country = ?", &filter.country),
            (" AND platform = ?", &filter.platform),
            (" AND source = ?", &filter.source),
        ] {
            if let Some(value) = value {
                text.push_str(part);
                texts.push(value.clone());
            }
        }
        if filter.offline.is_some() {
            text.push_str(" AND offline = ?");
        }
        let range = range.map(|(from, to)| (second(from), second(to)));
        Self { text, of, id: id.map(str::to_owned), range, texts, offline: filter.offline }
    }

    /// The table of plays that answers, of that step where days matter; `column` is what rows are told apart by.
    fn plays(&self, step: &str, column: &str) -> String {
        let of_all_time = self.range.is_none() && self.texts.is_empty() && self.offline.is_none();
        if of_all_time && column == "id" {
            "plays_of_all_time".to_owned()
        } else {
            format!("plays_by_{step}")
        }
    }

    fn bind(&self, query: Query) -> Query {
        let mut query = query.bind(self.of);
        if let Some(id) = &self.id {
            query = query.bind(id);
        }
        if let Some((from, to)) = self.range {
            query = query.bind(from).bind(to);
        }
        for text in &self.texts {
            query = query.bind(text);
        }
        match self.offline {
            Some(offline) => query.bind(u8::from(offline)),
            None => query,
        }
    }
}

fn whole([valid, short, muted, suspect, invalid, heard_ms]: [i64; 6]) -> Counts {
    // A sum is below zero only while one of two parts that belong together is there.
    let whole = |sum: i64| u64::try_from(sum).unwrap_or_default();
    Counts {
        valid: whole(valid),
        short: whole(short),
        muted: whole(muted),
        suspect: whole(suspect),
        invalid: whole(invalid),
        listeners: 0,
        heard_ms: whole(heard_ms),
    }
}

fn add(total: &mut Counts, counts: &Counts) {
    total.valid += counts.valid;
    total.short += counts.short;
    total.muted += counts.muted;
    total.suspect += counts.suspect;
    total.invalid += counts.invalid;
    total.heard_ms += counts.heard_ms;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(steps: impl IntoIterator<Item = u32>) -> Bounds {
        Bounds::new(steps.into_iter().map(time_of)).unwrap()
    }

    #[test]
    fn where_a_row_belongs_is_computed_unless_buckets_are_all_different() {
        let days = bounds((1..5).map(|day| day * STEPS_OF_DAY));
        assert_eq!(bucket(&days, STEPS_OF_DAY), "toUInt32(since)");
        assert_eq!(bucket(&days, 1), "toUInt32(86400 + intDiv(toUInt32(since) - 86400, 86400) * 86400)");
        // Clocks go forward on the second day.
        let spring = bounds([94, 190, 282, 378]);
        assert_eq!(
            runs(&spring),
            [(94, 190, 96), (190, 282, 92), (282, 378, 96)].map(|(begin, end, width)| Run {
                begin,
                end,
                width
            })
        );
        assert_eq!(
            bucket(&spring, 1),
            "toUInt32(if(toUInt32(since) < 171000, 84600 + intDiv(toUInt32(since) - 84600, 86400) * 86400, \
             if(toUInt32(since) < 253800, 171000 + intDiv(toUInt32(since) - 171000, 82800) * 82800, \
             253800 + intDiv(toUInt32(since) - 253800, 86400) * 86400)))"
        );
        let odd = bounds((0..40).map(|place: u32| place * place + 1));
        assert!(bucket(&odd, 1).starts_with("roundDown(toUInt32(since), [toUInt32(900),toUInt32(1800),"));
    }
}
