//! `npm run bench:store`: how fast both stores take rows in, and how fast they answer.
//!
//! A row is an event; a session has twenty, as a track of three minutes has. What is measured is the store alone:
//! plays are given to it judged. For ClickHouse that is two steps, which take turns here and overlap in a server: rows
//! are put aside in the outbox, and loaded from there to the acknowledgement. What is loaded per second is the figure;
//! both together are told beside it. ClickHouse's limit is its own `INSERT … SELECT` of the same rows, in the order in
//! which they came, into empty tables of the same kind with the same views, in the same run; nothing is merged beside it.
//! It is taken with the settings of our loader, which are most of its speed, and told beside it as ClickHouse does by default.
//!
//! ClickHouse is asked twice: with the parts that a load of three months in a minute leaves, and once the months that are
//! over are merged into one each, as its tables have it done a day after the last play of a month came in.

use clap::Parser;
use delistening_ingest::store::clickhouse::{ClickHouseStore, Connection, migrations};
use delistening_ingest::store::{Bounds, Dimension, Filter, SqliteStore, Store, StoreError};
use delistening_schema::analysis::Analysis;
use delistening_schema::play::Subject;
use delistening_tests::plays::{BEGIN, CHUNK, DAYS, EVENTS, Listening};
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// So many chunks are put aside and then loaded, as after an outage: four million rows.
const CHUNKS: u64 = 800;
/// Each question is put this often; the median counts.
const TIMES: usize = 7;

#[derive(Parser)]
struct Cli {
    /// Python with ClickHouse's engine
    #[arg(long)]
    python: PathBuf,
    /// The program that puts ClickHouse's HTTP interface in front of it
    #[arg(long)]
    server: PathBuf,
    /// Events, for each run
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_000, 10_000_000])]
    events: Vec<u64>,
}

/// What one store did.
struct Figures {
    rows_s: f64,
    worst: Duration,
}

/// The same of ClickHouse, and its slowest answer once months that are over are merged.
struct ClickHouse {
    just_loaded: Figures,
    merged: Duration,
    loader: Loader,
}

/// What waits in the outbox is loaded, beside ClickHouse's own load: by itself, and with putting it there, one after the
/// other; and by itself beside ClickHouse's defaults.
struct Loader {
    rows_s: f64,
    whole: f64,
    by_default: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Cli { python, server, events } = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut last = serde_json::Value::Null;
    for events in events {
        println!("{events} events, {} plays over {DAYS} days", events / EVENTS);
        let folder = tempfile::tempdir()?;
        let sqlite = {
            let store = SqliteStore::open(&folder.path().join("plays.sqlite"))?;
            let rows_s = fill("SQLite", &store, events)?;
            Figures { rows_s, worst: ask("SQLite", &store)? }
        };
        let engine = Engine::start(&python, &server, &folder.path().join("engine"))?;
        let ClickHouse { just_loaded, merged, loader } =
            clickhouse(&runtime, &engine.url, folder.path(), events)?;
        let round = |value: f64, places: i32| (value * 10_f64.powi(places)).round() / 10_f64.powi(places);
        let millis = |time: Duration| round(time.as_secs_f64() * 1e3, 1);
        last = serde_json::json!({
            "events": events,
            "sqlite_rows_s": round(sqlite.rows_s, 0),
            "clickhouse_rows_s": round(just_loaded.rows_s, 0),
            "clickhouse_over_bulk": round(loader.rows_s, 3),
            "clickhouse_over_bulk_by_default": round(loader.by_default, 3),
            "clickhouse_with_outbox_over_bulk": round(loader.whole, 3),
            "worst_query_ms_sqlite": millis(sqlite.worst),
            "worst_query_ms_clickhouse": millis(just_loaded.worst),
            "worst_query_ms_clickhouse_merged": millis(merged),
        });
    }
    println!("{last}");
    Ok(())
}

#[allow(clippy::cast_precision_loss)]
fn per_second(rows: u64, time: Duration) -> f64 {
    rows as f64 / time.as_secs_f64()
}

/// Gives a store everything, and tells how many rows it took per second.
fn fill(name: &str, store: &dyn Store, events: u64) -> Result<f64, Box<dyn Error>> {
    let bar = bar(events);
    let (mut busy, mut cursor) = (Duration::ZERO, 0);
    for (additions, plays) in Listening::new(events / EVENTS) {
        cursor += CHUNK;
        let begin = Instant::now();
        store.apply(&additions, &plays, cursor)?;
        busy += begin.elapsed();
        bar.inc(CHUNK * EVENTS);
    }
    bar.finish_and_clear();
    let rows_s = per_second(events, busy);
    println!("  {name:<10} takes in {rows_s:>12.0} rows/s");
    Ok(rows_s)
}

fn clickhouse(
    runtime: &Runtime,
    url: &str,
    folder: &Path,
    events: u64,
) -> Result<ClickHouse, Box<dyn Error>> {
    let connection = Connection::new(url, "plays", None, None);
    runtime.block_on(migrations::migrate(&connection))?;
    let analysis = Arc::new(Analysis::v1());
    let store = ClickHouseStore::open(
        connection.clone(),
        "bench.example",
        folder,
        analysis,
        runtime.handle().clone(),
    )?;
    let bar = bar(events);
    // What is given is made meanwhile, and that is not counted.
    let (mut put_aside, mut loading, mut cursor) = (Duration::ZERO, Duration::ZERO, 0);
    let mut load = || -> Result<(), StoreError> {
        let begin = Instant::now();
        store.load()?;
        loading += begin.elapsed();
        Ok(())
    };
    for (place, (additions, plays)) in (1..).zip(Listening::new(events / EVENTS)) {
        cursor += CHUNK;
        let begin = Instant::now();
        store.apply(&additions, &plays, cursor)?;
        put_aside += begin.elapsed();
        if place % CHUNKS == 0 {
            load()?;
        }
        bar.inc(CHUNK * EVENTS);
    }
    load()?;
    bar.finish_and_clear();
    let (rows_s, whole) = (per_second(events, loading), per_second(events, put_aside + loading));
    println!("  ClickHouse put aside{:>12.0} rows/s", per_second(events, put_aside));
    println!("  ClickHouse loads    {rows_s:>12.0} rows/s");
    println!("  ClickHouse both     {whole:>12.0} rows/s");

    let came = Connection::new(url, "plays", None, None);
    // Tables keep rows in an order of their own. Of `plays` that is the order in which they came.
    runtime.block_on(
        came.execute("CREATE TABLE came ENGINE = MergeTree ORDER BY leaf AS SELECT * FROM play_events"),
    )?;
    runtime.block_on(came.execute("OPTIMIZE TABLE came FINAL"))?;
    let by_default = copy(runtime, url, "by_default", events, "")?;
    let as_we_do = " SETTINGS optimize_on_insert = 0, parallel_view_processing = 1";
    let limit = copy(runtime, url, "as_we_do", events, as_we_do)?;
    println!("  ClickHouse's own load: {by_default:.0} rows/s by its defaults, {limit:.0} with our settings");
    runtime.block_on(came.execute("DROP TABLE came SYNC"))?;
    settle(runtime, &came)?;
    let worst = ask("ClickHouse", &store)?;
    merge_months(runtime, &came)?;
    println!("  Months that are over are merged.");
    Ok(ClickHouse {
        just_loaded: Figures { rows_s, worst },
        merged: ask("ClickHouse", &store)?,
        loader: Loader { rows_s: rows_s / limit, whole: whole / limit, by_default: rows_s / by_default },
    })
}

/// Has months that are over merged into one part each.
fn merge_months(runtime: &Runtime, connection: &Connection) -> Result<(), StoreError> {
    let months = "SELECT DISTINCT concat(table, ' PARTITION ', partition) FROM system.parts
        WHERE active AND database = 'plays' AND match(table, '^(plays|listeners)_by_')
            AND partition < (SELECT max(partition) FROM system.parts WHERE active AND table = 'plays_by_day')";
    for month in runtime.block_on(connection.texts(months))? {
        runtime.block_on(connection.execute(&format!("OPTIMIZE TABLE {month} FINAL")))?;
    }
    Ok(())
}

/// Has ClickHouse insert the same rows itself, into tables of their own; rows per second.
fn copy(
    runtime: &Runtime,
    url: &str,
    database: &str,
    events: u64,
    settings: &str,
) -> Result<f64, Box<dyn Error>> {
    let tables = Connection::new(url, database, None, None);
    runtime.block_on(migrations::migrate(&tables))?;
    settle(runtime, &tables)?;
    let begin = Instant::now();
    for (table, select) in [
        ("play_events", "* FROM plays.came"),
        ("session_parts", "* FROM plays.session_parts"),
        (
            "play_changes",
            "1, removed, version, node, device, session, listener, track, artist, at, status, heard_ms, played_ms, \
             country, platform, source, offline, play FROM plays.plays",
        ),
    ] {
        let begin = Instant::now();
        runtime.block_on(tables.execute(&format!("INSERT INTO {table} SELECT {select}{settings}")))?;
        println!("  ClickHouse copies {table:<13} {:>8.0} ms", begin.elapsed().as_secs_f64() * 1e3);
    }
    let rows_s = per_second(events, begin.elapsed());
    runtime.block_on(tables.execute(&format!("DROP DATABASE {database} SYNC")))?;
    Ok(rows_s)
}

/// Waits until nothing is merged any more.
fn settle(runtime: &Runtime, connection: &Connection) -> Result<(), StoreError> {
    while runtime.block_on(connection.count("SELECT count() FROM system.merges"))? > 0 {
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// A question by its name.
type Question<'a> = (&'a str, &'a dyn Fn() -> Result<(), StoreError>);

/// Puts the questions of a dashboard, and tells the slowest.
fn ask(name: &str, store: &dyn Store) -> Result<Duration, Box<dyn Error>> {
    let end = BEGIN + DAYS * DAY_MS;
    let every = |from: u64, step: u64| Bounds::new((from..=end).step_by(usize::try_from(step).unwrap_or(1)));
    let all = Bounds::all();
    let month = Bounds::new([end - 30 * DAY_MS, end]).ok_or("a month")?;
    let days = every(BEGIN, DAY_MS).ok_or("days")?;
    // As in a time zone that is half an hour off.
    let other_days = every(BEGIN + DAY_MS / 48, DAY_MS).ok_or("days")?;
    let hours = every(end - 7 * DAY_MS, DAY_MS / 24).ok_or("hours")?;
    let plain = Filter::default;
    let track = Filter { subject: Subject::Track("track-0".into()), ..plain() };
    let artist = Filter { subject: Subject::Artist("artist-0".into()), ..plain() };
    let country = Filter { country: Some("DE".into()), ..plain() };
    let counted = |filter: &Filter, bounds: &Bounds| store.counts(filter, bounds).map(|_| ());
    let top = |dimension, filter: &Filter, bounds: &Bounds| {
        store.top(dimension, filter, bounds, None, 100).map(|_| ())
    };
    let questions: [Question<'_>; 11] = [
        ("all, all time", &|| counted(&plain(), &all)),
        ("all, by day", &|| counted(&plain(), &days)),
        ("all, by day, half an hour off", &|| counted(&plain(), &other_days)),
        ("all, a week by hour", &|| counted(&plain(), &hours)),
        ("a country, by day", &|| counted(&country, &days)),
        ("a track, by day", &|| counted(&track, &days)),
        ("an artist, by day", &|| counted(&artist, &days)),
        ("top tracks, all time", &|| top(Dimension::Track, &plain(), &all)),
        ("top tracks, a month", &|| top(Dimension::Track, &plain(), &month)),
        ("top artists, all time", &|| top(Dimension::Artist, &plain(), &all)),
        ("top tracks of a country", &|| top(Dimension::Track, &country, &month)),
    ];
    let mut worst = Duration::ZERO;
    for (what, question) in questions {
        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let begin = Instant::now();
            question()?;
            times.push(begin.elapsed());
        }
        times.sort();
        let median = times[TIMES / 2];
        println!("  {name:<10} {what:<30} {:>8.1} ms", median.as_secs_f64() * 1e3);
        worst = worst.max(median);
    }
    Ok(worst)
}

fn bar(events: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} events, {eta} left");
    let bar = ProgressBar::new(events);
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

/// The engine, in a process that ends with this one.
struct Engine {
    child: Child,
    url: String,
}

impl Engine {
    fn start(python: &Path, server: &Path, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(python)
            .arg(server)
            .args(["--with-parent", "--data"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("stdout is piped")?).read_line(&mut line)?;
        let url = line.trim().rsplit(' ').next().filter(|url| url.starts_with("http"));
        let url = url.ok_or("the engine did not start")?.to_owned();
        Ok(Self { child, url })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
