//! How few rows and partitions the tables of counts have.

use super::model::{BEGIN, DAY, play};
use super::{clickhouse, engine, runtime};
use delistening_ingest::store::clickhouse::migrations;
use delistening_ingest::store::{Bounds, Filter, Store as _};
use serde_json::json;

#[test]
fn a_listener_of_whom_as_much_counts_as_before_has_no_other_row() {
    let (runtime, connection, folder) = (runtime(), engine::database(), tempfile::tempdir().unwrap());
    runtime.block_on(migrations::migrate(&connection)).unwrap();
    runtime.block_on(connection.execute("SYSTEM STOP MERGES listeners_by_day")).unwrap();
    let store = clickhouse(connection.clone(), "log.example", folder.path(), &runtime);
    let count = |question: &str| runtime.block_on(connection.count(question)).unwrap();
    // As a session that goes on is judged again and again.
    for (cursor, heard_ms) in [(1, 31_000), (2, 61_000), (3, 91_000)] {
        let play = play(1, |play| play["verdict"]["heard_ms"] = json!(heard_ms));
        store.apply(&[], &[play], cursor).unwrap();
        store.load().unwrap();
        assert_eq!(count("SELECT count() FROM listeners_by_day"), 3, "of all, of the track, of the artist");
        let total = store.counts(&Filter::default(), &Bounds::all()).unwrap().total;
        assert_eq!((total.valid, total.listeners, total.heard_ms), (1, 1, heard_ms));
    }
}

#[test]
fn what_is_claimed_of_long_ago_is_one_partition() {
    let (runtime, connection, folder) = (runtime(), engine::database(), tempfile::tempdir().unwrap());
    runtime.block_on(migrations::migrate(&connection)).unwrap();
    let store = clickhouse(connection.clone(), "log.example", folder.path(), &runtime);
    let long_ago = (0..60).map(|month| month * 31 * DAY);
    let plays: Vec<_> = (1..)
        .zip(long_ago.chain([BEGIN, BEGIN + 31 * DAY]))
        .map(|(session, at)| play(session, |play| play["at"] = json!(at)))
        .collect();
    store.apply(&[], &plays, 1).unwrap();
    store.load().unwrap();
    for table in ["plays_by_day", "listeners_by_quarter_hour"] {
        let partitions = format!(
            "SELECT uniqExact(partition) FROM system.parts WHERE active AND table = '{table}' AND database = '{}'",
            connection.database()
        );
        assert_eq!(runtime.block_on(connection.count(&partitions)).unwrap(), 3, "{table}");
    }
    assert_eq!(store.counts(&Filter::default(), &Bounds::all()).unwrap().total.valid, plays.len() as u64);
}
