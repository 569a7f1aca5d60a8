//! Whichever side is killed, and wherever: nothing is lost and nothing counts twice.

use super::engine::Engine;
use super::model::{EVENTS, Model, Random, addition, any_play};
use super::{Tested, agree, clickhouse, runtime};
use delistening_ingest::live::Live;
use delistening_ingest::store::clickhouse::migrations;
use delistening_ingest::store::{Store as _, StoreError};
use delistening_schema::play::Play;
use std::time::Duration;

/// Enough for blocks to be under way when the engine is killed.
const PLAYS: u64 = 400;
const ROUNDS: u64 = 5;

#[test]
fn killing_the_engine_at_any_moment_loses_and_doubles_nothing() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let data = folder.path().join("engine");
    let mut engine = Engine::start(&data, 0);
    let port = engine.port;
    let connection = engine.connection("plays");
    runtime.block_on(migrations::migrate(&connection)).unwrap();
    let open = || clickhouse(connection.clone(), "log.example", folder.path(), &runtime);
    let mut store = open();
    let (mut random, mut model, mut cursor) = (Random::new(7), Model::default(), 0);
    for round in 0..ROUNDS {
        let plays: Vec<Play> = (0..PLAYS)
            .map(|_| {
                let session = random.below(2 * PLAYS);
                any_play(&mut random, session)
            })
            .collect();
        let additions: Vec<_> = (cursor..).zip(&plays).map(|(leaf, play)| addition(leaf, play)).collect();
        cursor += PLAYS;
        store.apply(&additions, &plays, cursor).unwrap();
        model.apply(&plays);
        model.hear(&additions);
        // Anywhere from before the first byte to after the last: the kill is not waited for.
        let delay = Duration::from_millis(random.below(60));
        let killer = std::thread::spawn(move || {
            std::thread::sleep(delay);
            engine.kill();
        });
        let _ = store.load();
        killer.join().unwrap();
        assert!(store.load().is_err(), "nothing is there to load into");
        engine = Engine::start(&data, port);
        if round % 2 == 0 {
            // And the server as well: what it knew is what is on its disk.
            store = open();
        }
        // Also of what was sent, and nobody knows whether it arrived.
        super::live::agree(&Live::open(&store).unwrap(), &model);
    }
    store.load().unwrap();
    agree(&Tested::ClickHouse(store), &model, &mut random, 3);
    let events: u64 = runtime.block_on(connection.count("SELECT count() FROM play_events FINAL")).unwrap();
    assert_eq!(events, cursor * EVENTS, "each event once");
    engine.kill();
}

#[test]
fn a_node_that_lost_its_folder_counts_nothing_twice() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let connection = super::engine::database();
    runtime.block_on(migrations::migrate(&connection)).unwrap();
    let mut random = Random::new(3);
    let plays: Vec<Play> = (0..300).map(|session| any_play(&mut random, session)).collect();
    let mut model = Model::default();
    for round in 0..3 {
        // Another folder: everything is taken in from the begin of the journal again.
        let folder = folder.path().join(round.to_string());
        std::fs::create_dir(&folder).unwrap();
        let store = clickhouse(connection.clone(), "log.example", &folder, &runtime);
        if round == 2 {
            // ClickHouse is there again only after some of it was taken in.
            store.apply(&[], &plays[..50], 50).unwrap();
        }
        store.load().unwrap();
        for (cursor, chunk) in (1..).zip(plays.chunks(70)) {
            store.apply(&[], chunk, cursor).unwrap();
            model.apply(chunk);
            store.load().unwrap();
        }
        agree(&Tested::ClickHouse(store), &model, &mut random, 3);
    }
}

#[test]
fn while_clickhouse_is_away_everything_else_goes_on_and_then_it_catches_up() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let data = folder.path().join("engine");
    let engine = Engine::start(&data, 0);
    let (port, connection) = (engine.port, engine.connection("plays"));
    runtime.block_on(migrations::migrate(&connection)).unwrap();
    engine.kill();
    let store = clickhouse(connection.clone(), "log.example", folder.path(), &runtime);
    let (mut random, mut model) = (Random::new(5), Model::default());
    for cursor in 1..=50 {
        let plays: Vec<Play> = (0..20)
            .map(|_| {
                let session = random.below(500);
                any_play(&mut random, session)
            })
            .collect();
        let changes = store.apply(&[], &plays, cursor).unwrap();
        assert!(!changes.is_empty());
        model.apply(&plays);
    }
    assert!(store.load().is_err());
    assert!(store.counts(&super::Filter::default(), &super::Bounds::all()).is_err());
    let live = Live::open(&store).unwrap();
    assert!(!live.has_begun() && live.begin(&store).is_err());
    let engine = Engine::start(&data, port);
    live.begin(&store).unwrap();
    assert!(live.has_begun());
    super::live::agree(&live, &model);
    // Fifty changes of a session are one by now.
    assert_eq!(store.load().unwrap(), 1);
    agree(&Tested::ClickHouse(store), &model, &mut random, 3);
    engine.kill();
}

#[test]
fn when_too_much_waits_no_more_is_put_aside_until_clickhouse_has_taken_it() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let connection = super::engine::database();
    runtime.block_on(migrations::migrate(&connection)).unwrap();
    let store = clickhouse(connection.clone(), "log.example", folder.path(), &runtime);
    let (mut random, mut model) = (Random::new(17), Model::default());
    let plays: Vec<Play> = (0..3).map(|session| any_play(&mut random, session)).collect();
    model.apply(&plays);
    let apply = |leaf: usize| {
        let cursor = leaf as u64 + 1;
        store.apply(&[addition(leaf as u64, &plays[leaf])], &plays[leaf..=leaf], cursor)
    };
    apply(0).unwrap();
    // As after a million batches: the numbers of rows go on, and what is between the first and the last is not counted.
    let outbox = rusqlite::Connection::open(folder.path().join("clickhouse-outbox.sqlite")).unwrap();
    outbox.execute("UPDATE sqlite_sequence SET seq = 1000000 WHERE name = 'waiting'", []).unwrap();
    apply(1).unwrap();
    let error = apply(2).unwrap_err();
    assert!(matches!(error, StoreError::Behind { waiting, .. } if waiting > 1_000_000), "{error}");
    assert!(error.to_string().contains("the journal keeps the rest"), "{error}");
    assert_eq!(store.cursor().unwrap(), 2, "what was refused is taken in again");
    store.load().unwrap();
    apply(2).unwrap();
    store.load().unwrap();
    let batches = runtime.block_on(connection.count("SELECT uniqExact(leaf) FROM play_events")).unwrap();
    assert_eq!(batches, 3);
    let (filter, all) = (super::Filter::default(), super::Bounds::all());
    assert_eq!(store.counts(&filter, &all).unwrap(), model.counts(&filter, &all));
}
