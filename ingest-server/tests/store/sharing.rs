//! Two nodes with logs of their own load into one ClickHouse: what reached both counts once, as if one node had it all.

use super::model::{BEGIN, Model, Random};
use super::{Tested, agree, clickhouse, engine, runtime};
use delistening_ingest::store::clickhouse::{ClickHouseStore, Connection, migrations};
use delistening_ingest::store::{Addition, Store as _};
use delistening_schema::analysis::Analysis;
use delistening_schema::intake::IntakeContext;
use delistening_schema::judge::{Casebook as _, Heard, Judge, MemoryCasebook};
use delistening_schema::key::SecretKey;
use delistening_schema::play::{Play, Received, SessionKey, Status};
use delistening_schema::{Batch, Hash, bytes};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

const SECOND: u64 = 1000;

/// A node: its log's judge, and its store.
struct Node {
    judge: Judge<MemoryCasebook>,
    leaves: u64,
    store: ClickHouseStore,
}

impl Node {
    fn open(connection: &Connection, name: &str, folder: &Path, runtime: &Runtime) -> Self {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let store = clickhouse(connection.clone(), name, &folder, runtime);
        Self { judge: judge(), leaves: 0, store }
    }

    /// A batch comes into the log, and is followed.
    fn take(&mut self, batch: &Batch, at: u64) {
        let heard = heard(batch, self.leaves, at);
        self.leaves += 1;
        let additions = additions(&heard);
        let Ok(mut touched) = self.judge.take(heard);
        let Ok(examined) = self.judge.examine();
        touched.extend(examined);
        self.store.apply(&additions, &plays(&self.judge, &touched), self.leaves).unwrap();
    }
}

fn judge() -> Judge<MemoryCasebook> {
    Judge::new(Arc::new(Analysis::v1()), MemoryCasebook::default())
}

fn plays(judge: &Judge<MemoryCasebook>, keys: &BTreeSet<SessionKey>) -> Vec<Play> {
    keys.iter().filter_map(|key| judge.casebook().case(key).unwrap().map(|case| case.play.clone())).collect()
}

fn heard(batch: &Batch, leaf: u64, at: u64) -> Heard {
    let context = IntakeContext { issuer: "i".into(), client: "app".into(), ..IntakeContext::default() };
    Heard::new(batch.clone().read(), &Received { leaf, at, anchored: None, hash: hash(batch), context })
}

fn additions(heard: &Heard) -> Vec<Addition> {
    let each = heard.fragments.iter();
    each.map(|(key, fragment)| Addition { key: *key, fragment: fragment.clone() }).collect()
}

fn hash(batch: &Batch) -> Hash {
    Hash::of(format!("{} {}", batch.device, batch.batch).as_bytes())
}

/// Batch `seq` of a device, by which so many seconds of session `number` were heard, beginning at `from`.
fn batch(device: u8, prev: Option<&Batch>, number: u64, (from, to): (u64, u64)) -> Batch {
    let seq = prev.map_or(0, |prev| prev.seq) + 1;
    let key = SecretKey::from_seed(&[device; 32]);
    let begin = BEGIN + number * 600 * SECOND;
    let event = |place: u64, mono: u64, rest: Value| {
        let mut event = json!({
            "id": format!("018f4e3a-7c00-7000-8000-{device:02x}{:010x}", seq * 16 + place),
            "session": format!("018f4e3a-7c00-7000-9000-{device:02x}{number:010x}"),
            "at": begin + mono, "mono": mono, "track": format!("track-{}", number % 3),
        });
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        event
    };
    let mut events = vec![event(
        1,
        to * SECOND,
        json!({
            "type": "play.progress", "heard": [[from * SECOND, to * SECOND]], "rate": 1, "volume": 1,
            "muted": false, "visible": true,
        }),
    )];
    if from == 0 {
        let started = json!({
            "type": "play.started", "artist": "artist-1", "duration_ms": 200_000, "offline": false,
            "engine": "native", "autoplay": false, "source": "album",
        });
        events.insert(0, event(0, 0, started));
    }
    serde_json::from_value(json!({
        "v": 1, "batch": uuid::Uuid::from_u128(u128::from(device) << 64 | u128::from(seq)),
        "device": key.public().thumbprint(), "seq": seq,
        "prev": prev.map_or_else(String::new, |prev| hash(prev).to_string()), "nonce": bytes::encode(&[0; 16]),
        "aud": "a", "listener": format!("listener-{}", device % 3), "sent_at": begin + to * SECOND, "sdk": "test",
        "events": events,
    }))
    .unwrap()
}

fn received(batch: &Batch, to: u64) -> u64 {
    batch.sent_at + to * SECOND
}

/// The plays that ClickHouse has, by session.
fn stored(runtime: &Runtime, connection: &Connection) -> BTreeMap<SessionKey, Play> {
    let texts = runtime.block_on(connection.texts("SELECT play FROM plays FINAL")).unwrap();
    let plays: Vec<Play> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let count = plays.len();
    let plays: BTreeMap<_, _> = plays.into_iter().map(|play| (SessionKey::from(&play), play)).collect();
    assert_eq!(plays.len(), count, "a session has one play");
    plays
}

/// Both load until neither has anything left to say.
fn settle(nodes: &[Node; 2], order: [usize; 2]) {
    let mut quiet = 0;
    while quiet < 2 {
        for node in order {
            let blocks = nodes[node].store.load().unwrap();
            quiet = if blocks == 0 { quiet + 1 } else { 0 };
        }
    }
}

#[test]
fn what_reached_two_nodes_counts_once_in_whichever_order_they_load() {
    let runtime = runtime();
    for seed in 1..=2 {
        let (connection, folder) = (engine::database(), tempfile::tempdir().unwrap());
        runtime.block_on(migrations::migrate(&connection)).unwrap();
        let mut nodes =
            ["a.example", "b.example"].map(|name| Node::open(&connection, name, folder.path(), &runtime));
        let (mut random, mut one, mut model) = (Random::new(seed), judge(), Model::default());
        let mut leaf = 0;
        for device in 1..=4 {
            let mut prev: Option<Batch> = None;
            for number in 0..3 {
                // Neither part is enough by itself; together they are, now and then.
                let (half, end) = (20, 25 + random.below(20));
                let first = batch(device, prev.as_ref(), number, (0, half));
                let second = batch(device, Some(&first), number, (half, end));
                // Each to one node or both; one device goes to and fro between its sessions, and loses none.
                let ways: [[&[usize]; 2]; 5] =
                    [[&[0], &[1]], [&[1], &[0]], [&[0, 1], &[1]], [&[1], &[0, 1]], [&[1, 0], &[0, 1]]];
                let whole: [[&[usize]; 2]; 2] = [[&[1], &[1]], [&[0], &[0]]];
                let way = if device == 4 { &whole[usize::from(number == 1)] } else { random.one(&ways) };
                for (batch, to) in [&first, &second].into_iter().zip(way) {
                    let mut at = received(batch, 1);
                    for (place, node) in to.iter().enumerate() {
                        if place == 0 {
                            let heard = heard(batch, leaf, at);
                            model.hear(&additions(&heard));
                            one.take(heard).unwrap();
                            leaf += 1;
                        }
                        nodes[*node].take(batch, at);
                        at += 5 * SECOND;
                    }
                    if random.below(4) == 0 {
                        nodes[usize::from(random.below(2) == 1)].store.load().unwrap();
                    }
                }
                prev = Some(second);
            }
        }
        one.examine().unwrap();
        settle(&nodes, if seed % 2 == 0 { [0, 1] } else { [1, 0] });
        let expected: BTreeMap<SessionKey, Play> =
            one.casebook().cases().map(|case| (case.key(), case.play.clone())).collect();
        let valid = expected.values().filter(|play| play.verdict.status == Status::Valid).count();
        assert!(valid > 0 && valid < expected.len(), "{valid} of {} count", expected.len());
        assert_eq!(stored(&runtime, &connection), expected, "seed {seed}");
        model.apply(&expected.into_values().collect::<Vec<_>>());
        // An erasure is asked of both.
        for node in &nodes {
            node.store.erase("listener-1").unwrap();
        }
        model.erase("listener-1");
        settle(&nodes, [0, 1]);
        assert_eq!(stored(&runtime, &connection), model.plays);
        for table in ["play_events", "session_parts", "shared_plays"] {
            let left = format!("SELECT count() FROM {table} WHERE listener = 'listener-1'");
            assert_eq!(runtime.block_on(connection.count(&left)).unwrap(), 0, "{table}");
        }
        let [first, _] = nodes;
        agree(&Tested::ClickHouse(first.store), &model, &mut random, 4);
    }
}
