//! Whoever is erased while something of them waits for ClickHouse never arrives there.

use super::model::{EVENTS, Model, Random, addition, any_play};
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
        model.hear(&additions);
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
        left * EVENTS,
        "the events of each session of the others"
    );
    assert_eq!(count("SELECT count() FROM plays FINAL"), left);
    // The log of the file is taken over when it is closed.
    drop(store);
    assert!(!named(folder.path()), "nothing remembers whom it was about");
    agree(&Tested::ClickHouse(open()), &model, &mut random, 3);
}

#[test]
fn who_is_erased_and_comes_back_while_clickhouse_is_away_is_there_again_with_what_came_since() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let connection = engine::database();
    runtime.block_on(migrations::migrate(&connection)).unwrap();
    let store = clickhouse(connection.clone(), "log.example", folder.path(), &runtime);
    let (mut random, mut model) = (Random::new(12), Model::default());
    // Loaded, then waiting, then since: sessions of before go on as well.
    for (leaf, loads, erases) in [(0, true, false), (40, false, true), (80, false, false)] {
        let plays: Vec<Play> = (leaf..leaf + 40).map(|place| any_play(&mut random, place % 60)).collect();
        let additions: Vec<_> = (leaf..).zip(&plays).map(|(leaf, play)| addition(leaf, play)).collect();
        store.apply(&additions, &plays, leaf + 40).unwrap();
        model.apply(&plays);
        model.hear(&additions);
        if loads {
            store.load().unwrap();
        }
        if erases {
            store.erase(GOES).unwrap();
            model.erase(GOES);
        }
    }
    store.load().unwrap();
    let count = |question: &str| runtime.block_on(connection.count(question)).unwrap();
    let of = |what: &str| count(&format!("SELECT {what} WHERE listener = '{GOES}'"));
    let back = model.plays.values().filter(|play| play.listener == GOES).count() as u64;
    assert!(back > 0);
    assert_eq!(of("count() FROM plays FINAL"), back);
    assert_eq!(of("countIf(removed = 1 OR play = 'erased') FROM plays"), 0);
    assert_eq!(of("count() FROM play_events"), of("countIf(leaf >= 80) FROM play_events"));
    assert!(of("count() FROM play_events") >= back);
    assert_eq!(of("count() FROM session_parts"), of("countIf(leaf >= 80) FROM session_parts"));
    agree(&Tested::ClickHouse(store), &model, &mut random, 4);
}

#[test]
fn what_clickhouse_counts_of_who_was_erased_is_taken_away_by_a_node_that_lost_its_folder_as_well() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let connection = engine::database();
    runtime.block_on(migrations::migrate(&connection)).unwrap();
    let (mut random, mut model) = (Random::new(13), Model::default());
    let plays: Vec<Play> = (0..60).map(|session| any_play(&mut random, session)).collect();
    model.apply(&plays);
    let folders = ["one", "other"].map(|name| folder.path().join(name));
    for folder in &folders {
        std::fs::create_dir(folder).unwrap();
    }
    let store = clickhouse(connection.clone(), "log.example", &folders[0], &runtime);
    store.apply(&[], &plays, 1).unwrap();
    store.load().unwrap();
    let store = clickhouse(connection.clone(), "log.example", &folders[1], &runtime);
    store.erase(GOES).unwrap();
    model.erase(GOES);
    // The journal has nothing of them any more.
    let left: Vec<Play> = model.plays.values().cloned().collect();
    store.apply(&[], &left, 1).unwrap();
    store.load().unwrap();
    let named = format!("SELECT count() FROM plays WHERE listener = '{GOES}'");
    assert_eq!(runtime.block_on(connection.count(&named)).unwrap(), 0, "nothing remembers whom it was about");
    agree(&Tested::ClickHouse(store), &model, &mut random, 4);
}
