//! The tables are made by migrations, checked, and not used when they are others.

use super::{clickhouse, engine, runtime};
use delistening_ingest::store::Store as _;
use delistening_ingest::store::StoreError;
use delistening_ingest::store::clickhouse::migrations::{MIGRATIONS, check, migrate};
use delistening_ingest::store::clickhouse::{Connection, Secret};

/// Runs a statement as an administrator would.
fn run(connection: &Connection, statement: &str) {
    runtime().block_on(connection.execute(statement)).unwrap();
}

#[test]
fn migrations_are_applied_once_and_then_found_in_order() {
    let (runtime, connection) = (runtime(), engine::database());
    let error = runtime.block_on(check(&connection)).unwrap_err();
    assert!(error.to_string().contains("run `delistening-ingest migrate`"), "{error}");
    assert_eq!(runtime.block_on(migrate(&connection)).unwrap().len(), MIGRATIONS.len());
    assert_eq!(runtime.block_on(migrate(&connection)).unwrap().len(), 0);
    runtime.block_on(check(&connection)).unwrap();
}

#[test]
fn tables_that_drifted_are_refused_with_a_sentence_and_nothing_is_loaded() {
    let runtime = runtime();
    for (change, told) in [
        ("ALTER TABLE plays DROP COLUMN offline", "plays.offline UInt8 is missing"),
        ("ALTER TABLE plays ADD COLUMN mood String", "plays.mood String was added"),
        ("ALTER TABLE plays MODIFY COLUMN source String", "is now plays.source String"),
        (
            "ALTER TABLE schema_migrations DELETE WHERE version = 5 SETTINGS mutations_sync = 2",
            "migration 5 (shared_sessions) is not applied",
        ),
        ("INSERT INTO schema_migrations (version, name) VALUES (6, 'later')", "is unknown to this program"),
    ] {
        let connection = engine::database();
        runtime.block_on(migrate(&connection)).unwrap();
        run(&connection, change);
        let folder = tempfile::tempdir().unwrap();
        let store = clickhouse(connection, "log.example", folder.path(), &runtime);
        store.apply(&[], &[super::play(1, |_| ())], 1).unwrap();
        let error = store.load().unwrap_err();
        assert!(matches!(error, StoreError::Drift(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(told) && !text.contains('\n'), "{text}");
    }
    // How long rows are kept is for the operator to say.
    let connection = engine::database();
    runtime.block_on(migrate(&connection)).unwrap();
    run(&connection, "ALTER TABLE play_events MODIFY TTL toDateTime(received) + INTERVAL 3 MONTH");
    runtime.block_on(check(&connection)).unwrap();
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let (runtime, right) = (runtime(), engine::database());
    let secret = Secret::new("not it");
    let wrong = Connection::new(right.url(), "any", Some(engine::USER), Some(&secret));
    let error = runtime.block_on(check(&wrong)).unwrap_err().to_string();
    assert!(error.contains("Authentication failed") && !error.contains("not it"), "{error}");
}
