//! What waits is loaded in large blocks.

use super::{clickhouse, engine, runtime};
use delistening_ingest::store::Store as _;
use delistening_ingest::store::clickhouse::migrations;
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
