//! Live counts begin with everything that a store has taken in, also with what waits to be loaded.

use super::engine::Engine;
use super::model::{Model, Random, any_play};
use super::{Tested, both, clickhouse, runtime};
use delistening_ingest::live::{Live, LiveCounts};
use delistening_ingest::store::clickhouse::migrations;
use delistening_ingest::store::{Change, Store};
use delistening_schema::play::{Play, Status};
use std::collections::BTreeMap;

/// They are those of the model.
pub fn agree(live: &Live, model: &Model) {
    let mut total = LiveCounts::default();
    let (mut tracks, mut artists) = (BTreeMap::<String, LiveCounts>::new(), BTreeMap::new());
    for play in model.plays.values() {
        let artist = play.artist.clone().map(|artist| artists.entry(artist).or_default());
        let track = tracks.entry(play.track.clone()).or_default();
        for counts in [Some(&mut total), Some(track), artist].into_iter().flatten() {
            if play.verdict.status == Status::Valid {
                counts.valid += 1;
                counts.heard_ms += play.verdict.heard_ms;
            } else {
                counts.not_counted += 1;
            }
        }
    }
    let mut frame = live.snapshot();
    for names in [&mut frame.tracks, &mut frame.artists] {
        names.retain(|_, counts| *counts != LiveCounts::default());
    }
    assert_eq!((frame.total, frame.tracks, frame.artists), (total, tracks, artists));
}

fn take(store: &dyn Store, random: &mut Random, model: &mut Model, cursor: u64) -> Vec<Change> {
    let plays: Vec<Play> = (0..100)
        .map(|_| {
            let session = random.below(150);
            any_play(random, session)
        })
        .collect();
    model.apply(&plays);
    store.apply(&[], &plays, cursor).unwrap()
}

#[test]
fn live_counts_begin_with_what_is_counted_and_with_what_waits() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    for tested in both(&runtime, folder.path()) {
        let (store, mut random, mut model) = (tested.store(), Random::new(4), Model::default());
        let mut take = |model: &mut Model, cursor| take(store, &mut random, model, cursor);
        take(&mut model, 1);
        tested.settle();
        agree(&Live::open(store).unwrap(), &model);
        take(&mut model, 2);
        store.erase("listener-1").unwrap();
        model.erase("listener-1");
        let live = Live::open(store).unwrap();
        agree(&live, &model);
        live.apply(&take(&mut model, 3));
        agree(&live, &model);
        tested.settle();
        agree(&Live::open(store).unwrap(), &model);
    }
}

#[test]
fn live_counts_begin_with_a_block_that_arrived_and_was_not_acknowledged() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    let data = folder.path().join("engine");
    let engine = Engine::start(&data, 0);
    let (port, connection) = (engine.port, engine.connection("plays"));
    runtime.block_on(migrations::migrate(&connection)).unwrap();
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    std::fs::create_dir(&one).unwrap();
    std::fs::create_dir(&other).unwrap();
    let (mut random, mut model) = (Random::new(6), Model::default());
    let store = clickhouse(connection.clone(), "log.example", &one, &runtime);
    take(&store, &mut random, &mut model, 1);
    store.load().unwrap();
    engine.kill();
    take(&store, &mut random, &mut model, 2);
    assert!(store.load().is_err());
    drop(store);
    let name = "clickhouse-outbox.sqlite";
    std::fs::copy(one.join(name), other.join(name)).unwrap();
    let engine = Engine::start(&data, port);
    let store = clickhouse(connection.clone(), "log.example", &one, &runtime);
    assert_eq!(store.load().unwrap(), 1);
    // As if the server had been killed before it heard of that, and told how far it is.
    let untold = "ALTER TABLE nodes DELETE WHERE version > 1 SETTINGS mutations_sync = 2";
    runtime.block_on(connection.execute(untold)).unwrap();
    let store = clickhouse(connection.clone(), "log.example", &other, &runtime);
    agree(&Live::open(&store).unwrap(), &model);
    store.load().unwrap();
    super::agree(&Tested::ClickHouse(store), &model, &mut random, 2);
    engine.kill();
}
