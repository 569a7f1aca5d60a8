//! What waits is loaded in large blocks, and into the database that has what came before.

use super::{clickhouse, engine, runtime};
use delistening_ingest::store::clickhouse::migrations;
use delistening_ingest::store::{Bounds, Filter, Store, StoreError};
use delistening_tests::plays::{EVENTS, Listening};

/// More events than are unpacked together.
const PLAYS: u64 = 600;

#[test]
fn a_large_block_is_sent_in_pieces_and_becomes_one_part_of_each_month() {
    let (runtime, connection, folder) = (runtime(), engine::database(), tempfile::tempdir().unwrap());
    runtime.block_on(migrations::migrate(&connection)).unwrap();
    // So that parts are counted as they came.
    runtime.block_on(connection.execute("SYSTEM STOP MERGES play_events")).unwrap();
    let store = clickhouse(connection.clone(), "log.example", folder.path(), &runtime);
    let mut cursor = 0;
    for (additions, plays) in Listening::new(PLAYS) {
        cursor += additions.len() as u64;
        store.apply(&additions, &plays, cursor).unwrap();
    }
    store.load().unwrap();
    let count = |question: &str| runtime.block_on(connection.count(question)).unwrap();
    assert_eq!(count("SELECT count() FROM play_events"), PLAYS * EVENTS);
    assert_eq!(count("SELECT uniqExact(event) FROM play_events"), PLAYS * EVENTS);
    assert_eq!(count("SELECT count() FROM session_parts"), PLAYS);
    let months = count("SELECT uniqExact(toYYYYMM(received)) FROM play_events");
    let parts = format!(
        "SELECT count() FROM system.parts WHERE active AND table = 'play_events' AND database = '{}'",
        connection.database()
    );
    assert_eq!(count(&parts), months);
}

#[test]
fn another_database_is_refused_until_it_can_be_filled_from_the_beginning() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let [first, second] = [(); 2].map(|()| engine::database());
    for connection in [&first, &second] {
        runtime.block_on(migrations::migrate(connection)).unwrap();
    }
    let open = |connection| clickhouse(connection, "log.example", folder.path(), &runtime);
    let (additions, plays) = Listening::new(50).next().unwrap();
    let store = open(first);
    store.apply(&additions, &plays, 50).unwrap();
    store.load().unwrap();
    let everything = |store: &dyn Store| store.counts(&Filter::default(), &Bounds::all()).unwrap();
    let counted = everything(&store);
    drop(store);

    let file = folder.path().join("clickhouse-outbox.sqlite");
    let other = open(second.clone());
    // At the start, and where ClickHouse was away then.
    for error in [runtime.block_on(other.check()).unwrap_err(), other.load().unwrap_err()] {
        assert!(matches!(error, StoreError::Drift(_)), "{error}");
        assert!(error.to_string().contains(&format!("what waits in {} is for ", file.display())), "{error}");
    }
    drop(other);

    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
    let store = open(second);
    assert_eq!(store.cursor().unwrap(), 0, "everything comes again");
    store.apply(&additions, &plays, 50).unwrap();
    store.load().unwrap();
    assert_eq!(everything(&store), counted);
}
