//! One suite for both stores: whatever they are told, they give the same answers, those of a plain model.

mod counts;
mod engine;
mod erasure;
mod faults;
mod live;
mod loading;
mod migrations;
mod model;
mod sharing;

use delistening_ingest::store::clickhouse::{ClickHouseStore, Connection, migrations as tables};
use delistening_ingest::store::{Bounds, Change, Dimension, Filter, Rank, SqliteStore, Store};
use delistening_schema::analysis::Analysis;
use delistening_schema::play::{Play, Subject};
use model::{BEGIN, DAY, Model, Random, STEP, addition, any_bounds, any_filter, any_play, play};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

const DIMENSIONS: [Dimension; 5] =
    [Dimension::Track, Dimension::Artist, Dimension::Country, Dimension::Platform, Dimension::Source];

/// A store, and how it is brought up to date.
enum Tested {
    Sqlite(Box<SqliteStore>),
    ClickHouse(ClickHouseStore),
}

impl Tested {
    fn store(&self) -> &dyn Store {
        match self {
            Self::Sqlite(store) => &**store,
            Self::ClickHouse(store) => store,
        }
    }

    /// Loads what waits to be loaded.
    fn settle(&self) {
        if let Self::ClickHouse(store) = self {
            store.load().unwrap();
            assert_eq!(store.loaded().unwrap(), store.cursor().unwrap());
        }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// The store of a node that loads into ClickHouse.
fn clickhouse(connection: Connection, node: &str, folder: &Path, runtime: &Runtime) -> ClickHouseStore {
    let analysis = Arc::new(Analysis::v1());
    ClickHouseStore::open(connection, node, folder, analysis, runtime.handle().clone()).unwrap()
}

/// Both stores, empty.
fn both(runtime: &Runtime, folder: &Path) -> [Tested; 2] {
    let connection = engine::database();
    runtime.block_on(tables::migrate(&connection)).unwrap();
    [
        Tested::Sqlite(Box::new(SqliteStore::open(&folder.join("plays.sqlite")).unwrap())),
        Tested::ClickHouse(clickhouse(connection, "log.example", folder, runtime)),
    ]
}

/// Every question of a table of questions has the model's answer.
fn agree(tested: &Tested, model: &Model, random: &mut Random, questions: u64) {
    let store = tested.store();
    for number in 0..questions {
        let (filter, bounds) = match number {
            0 => (Filter::default(), Bounds::all()),
            _ => (any_filter(random), any_bounds(random)),
        };
        let answer = store.counts(&filter, &bounds).unwrap();
        assert_eq!(answer, model.counts(&filter, &bounds), "{filter:?} {bounds:?}");
        let answer = store.retention(&filter, &bounds).unwrap();
        assert_eq!(answer, model.retention(&filter, &bounds), "{filter:?} {bounds:?}");
        let answer = store.reasons(&filter, &bounds).unwrap();
        assert_eq!(answer, model.reasons(&filter, &bounds), "{filter:?} {bounds:?}");
        let dimension = *random.one(&DIMENSIONS);
        let subject = if dimension.is_of(&filter.subject) { filter.subject } else { Subject::All };
        let filter = Filter { subject, ..filter };
        let bounds =
            Bounds::new([bounds.range().0, bounds.range().1].map(|step| u64::from(step) * STEP)).unwrap();
        let limit = 2 + u32::try_from(random.below(4)).unwrap();
        let mut after: Option<Rank> = None;
        // Page after page, to the end.
        loop {
            let page = store.top(dimension, &filter, &bounds, after.as_ref(), limit).unwrap();
            let expected = model.top(dimension, &filter, &bounds, after.as_ref(), limit);
            assert_eq!(page, expected, "{dimension:?} {filter:?} {bounds:?} after {after:?}");
            let Some(last) = page.last() else { break };
            after = Some(Rank { valid: last.counts.valid, id: last.id.clone() });
        }
    }
}

#[test]
fn whatever_happens_both_stores_count_the_same() {
    let runtime = runtime();
    for seed in 1..=2 {
        let folder = tempfile::tempdir().unwrap();
        for tested in both(&runtime, folder.path()) {
            let mut random = Random::new(seed);
            let mut model = Model::default();
            let mut cursor = 0;
            let mut before: (Vec<Play>, u64) = (Vec::new(), 0);
            for _ in 0..8 {
                let plays: Vec<Play> = (0..random.below(40))
                    .map(|_| {
                        let session = random.below(120);
                        any_play(&mut random, session)
                    })
                    .collect();
                cursor += plays.len() as u64 + 1;
                let additions: Vec<_> = (cursor - plays.len() as u64..)
                    .zip(&plays)
                    .map(|(leaf, play)| addition(leaf, play))
                    .collect();
                match random.below(6) {
                    // What was taken in once is taken in again, and not counted again.
                    0 => {
                        let (plays, cursor) = &before;
                        tested.store().apply(&[], plays, *cursor).unwrap();
                        model.apply(plays);
                    }
                    1 => {
                        let listener = format!("listener-{}", random.below(6));
                        let changes = tested.store().erase(&listener).unwrap();
                        let gone = model.plays.values().filter(|play| play.listener == listener).count();
                        assert_eq!(changes.len(), gone);
                        model.erase(&listener);
                    }
                    _ => {}
                }
                tested.store().apply(&additions, &plays, cursor).unwrap();
                model.apply(&plays);
                model.hear(&additions);
                before = (plays, cursor);
                if random.below(3) == 0 {
                    tested.settle();
                    agree(&tested, &model, &mut random, 1);
                }
            }
            tested.settle();
            agree(&tested, &model, &mut random, 6);
            assert_eq!(tested.store().cursor().unwrap(), cursor);
        }
    }
}

#[test]
fn a_change_says_what_was_before() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    for tested in both(&runtime, folder.path()) {
        let store = tested.store();
        let first = play(1, |_| ());
        let second = play(1, |play| play["verdict"]["status"] = json!("suspect"));
        let change =
            |before: Option<&Play>, now: Option<&Play>| Change { before: before.cloned(), now: now.cloned() };
        let apply = |play: &Play, cursor| store.apply(&[], std::slice::from_ref(play), cursor).unwrap();
        assert_eq!(apply(&first, 1), [change(None, Some(&first))]);
        assert_eq!(apply(&first, 1), []);
        assert_eq!(apply(&second, 2), [change(Some(&first), Some(&second))]);
        assert_eq!(store.erase("listener-1").unwrap(), [change(Some(&second), None)]);
        assert_eq!(store.erase("listener-1").unwrap(), []);
        assert_eq!(store.cursor().unwrap(), 2);
    }
}

#[test]
fn a_version_changes_with_the_answers_alone() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    for tested in both(&runtime, folder.path()) {
        let store = tested.store();
        let mut versions = vec![store.version().unwrap()];
        let first = play(1, |_| ());
        for (plays, changes) in [(vec![first.clone()], true), (vec![first], false), (vec![], false)] {
            store.apply(&[], &plays, 1).unwrap();
            tested.settle();
            let version = store.version().unwrap();
            assert_eq!(version != *versions.last().unwrap(), changes);
            versions.push(version);
        }
        store.erase("listener-1").unwrap();
        tested.settle();
        assert!(!versions.contains(&store.version().unwrap()));
    }
}

#[test]
fn buckets_begin_where_they_are_told_to() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
    for tested in both(&runtime, folder.path()) {
        let at = |number: u64, at: u64| play(number, |play| play["at"] = json!(at));
        let plays = [at(1, BEGIN - 1), at(2, BEGIN), at(3, BEGIN + DAY - 1), at(4, BEGIN + DAY), at(5, 0)];
        tested.store().apply(&[], &plays, 1).unwrap();
        tested.settle();
        let valid = |times: &[u64]| -> Vec<u64> {
            let bounds = Bounds::new(times.iter().copied()).unwrap();
            let series = tested.store().counts(&Filter::default(), &bounds).unwrap();
            assert_eq!(series.total.valid, series.buckets.iter().map(|counts| counts.valid).sum::<u64>());
            assert_eq!(series.total.listeners, 1);
            series.buckets.into_iter().map(|counts| counts.valid).collect()
        };
        assert_eq!(valid(&[BEGIN, BEGIN + DAY]), [2]);
        assert_eq!(valid(&[BEGIN - DAY, BEGIN, BEGIN + DAY, BEGIN + 2 * DAY]), [1, 2, 1]);
        // A day in Kathmandu.
        assert_eq!(valid(&[BEGIN - 23 * STEP, BEGIN + 73 * STEP]), [2]);
        assert_eq!(valid(&[0, BEGIN]), [2]);
    }
}
