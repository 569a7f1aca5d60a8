//! Whoever is erased while something of them waits for ClickHouse never arrives there.

use super::model::{Model, Random, addition, any_play};
use super::{Tested, agree, clickhouse, engine, runtime};
use delistening_ingest::store::Store as _;
use delistening_ingest::store::clickhouse::migrations;
use delistening_schema::play::Play;
use std::path::Path;

const GOES: &str = "listener-1";

/// Whether a file of the outbox names the listener.
fn named(folder: &Path) -> bool {
    ["", "-wal"].iter().any(|suffix| {
        let bytes =
            std::fs::read(folder.join(format!("clickhouse-outbox.sqlite{suffix}"))).unwrap_or_default();
        bytes.windows(GOES.len()).any(|window| window == GOES.as_bytes())
    })
}

#[test]
fn what_waits_of_an_erased_listener_is_never_loaded() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let connection = engine::database();
    runtime.block_on(migrations::migrate(&connection)).unwrap();
    let open = || clickhouse(connection.clone(), "log.example", folder.path(), &runtime);
    let count = |question: &str| runtime.block_on(connection.count(question)).unwrap();
    let (mut store, mut random, mut model, mut leaf) = (open(), Random::new(9), Model::default(), 0);
    // Of what is loaded, and of what waits; each in a session of its own, and of a listener whose name no other begins with.
    for loads in [true, false] {
        let plays: Vec<Play> = (leaf..leaf + 60).map(|session| any_play(&mut random, session)).collect();
        let additions: Vec<_> = (leaf..).zip(&plays).map(|(leaf, play)| addition(leaf, play)).collect();
        leaf += 60;
        store.apply(&additions, &plays, leaf).unwrap();
        model.apply(&plays);
        if loads {
            store.load().unwrap();
            assert!(count("SELECT count() FROM play_events WHERE listener = 'listener-1'") > 0);
        }
    }
    assert!(named(folder.path()));
    store.erase(GOES).unwrap();
    model.erase(GOES);
    // And the server ends before anything more is loaded.
    drop(store);
    store = open();
    store.load().unwrap();
    for table in ["play_events", "session_parts", "plays", "shared_plays"] {
        assert_eq!(count(&format!("SELECT count() FROM {table} WHERE listener = '{GOES}'")), 0, "{table}");
    }
    let left = model.plays.len() as u64;
    assert_eq!(
        count("SELECT count() FROM play_events FINAL"),
        left,
        "an event of each session of the others"
    );
    assert_eq!(count("SELECT count() FROM plays FINAL"), left);
    // The log of the file is taken over when it is closed.
    drop(store);
    assert!(!named(folder.path()), "nothing remembers whom it was about");
    agree(&Tested::ClickHouse(open()), &model, &mut random, 3);
}
