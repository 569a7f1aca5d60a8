//! A slice of the simulation, and that its oracle can fail. More seeds: `npm run test:sim -- --seeds N`.

use delistening_schema::event::{Body, Progress, Started};
use delistening_schema::intervals::Interval;
use delistening_schema::play::{Evidence, Facts, Verdict, judge};
use delistening_schema::{DeviceId, Event, Hash, Intervals};
use delistening_sdk_core::Record;
use delistening_tests::sim::World;
use delistening_tests::sim::oracle::{Oracle, Tally};
use std::collections::BTreeMap;
use uuid::Uuid;

#[test]
fn each_play_counts_once_whatever_fails() {
    let mut plays = 0;
    // The later ones are worlds in which something was wrong once.
    for seed in (1..=8).chain([22, 99, 167, 251, 345, 3035, 3205]) {
        let outcome = World::run(seed);
        assert!(outcome.findings.is_empty(), "seed {seed}: {:#?}", outcome.findings);
        plays += outcome.tally.plays;
    }
    assert!(plays > 100, "only {plays} plays");
}

#[test]
fn a_seed_gives_the_same_world_again() {
    assert_eq!(World::run(3).tally, World::run(3).tally);
}

fn session() -> Vec<Event> {
    let event = |number: u128, mono, body| Event {
        id: Uuid::from_u128(number),
        at: 0,
        mono,
        session: Uuid::nil(),
        track: "t".into(),
        body,
    };
    let heard = Progress {
        heard: vec![Interval(0, 40_000)],
        silent_ms: 0,
        rate: 1.0,
        volume: 1.0,
        muted: false,
        visible: true,
        output: None,
    };
    let started = Started { engine: "e".into(), ..Started::default() };
    vec![event(1, 0, Body::Started(started)), event(2, 40_000, Body::Progress(heard))]
}

fn watched(heard_ms: u64) -> Oracle {
    let mut oracle = Oracle::default();
    for event in session() {
        let value = format!(r#"{{"v":1,"event":{}}}"#, event.to_json());
        oracle.stored("disk", &[Record { key: format!("event/{}", event.id), value }], &[]);
    }
    oracle.heard.insert(Uuid::nil(), Intervals::from(vec![Interval(0, heard_ms)]));
    oracle
}

fn kept(device: &[u8], events: &[Event]) -> ((Uuid, DeviceId), Verdict) {
    let evidence = events.iter().map(|event| Evidence { event, received: 1_000_000, anchored: None });
    ((Uuid::nil(), DeviceId(Hash::of(device))), judge(&Facts::gather(evidence)))
}

#[test]
fn the_oracle_sees_what_is_lost_and_what_is_double() {
    let settle = |oracle: &Oracle, plays: Vec<_>| oracle.settle(&BTreeMap::from_iter(plays), &mut Vec::new());
    let good = Tally { plays: 1, lost: 0, double: 0 };
    assert_eq!(settle(&watched(40_000), vec![kept(b"a", &session())]), good);
    assert_eq!(settle(&watched(40_000), vec![]), Tally { plays: 0, lost: 1, double: 0 });
    let started_alone = vec![kept(b"a", &session()[..1])];
    assert_eq!(settle(&watched(40_000), started_alone), Tally { plays: 0, lost: 1, double: 0 });
    let twice = vec![kept(b"a", &session()), kept(b"b", &session())];
    assert_eq!(settle(&watched(40_000), twice), Tally { plays: 1, lost: 0, double: 1 });
    let never_heard = vec![kept(b"a", &session())];
    assert_eq!(settle(&watched(10_000), never_heard), Tally { plays: 1, lost: 0, double: 1 });
    let mut openly = watched(40_000);
    let gone: Vec<String> = session().iter().map(|event| format!("event/{}", event.id)).collect();
    openly.stored("disk", &[], &gone);
    assert_eq!((settle(&openly, vec![]), openly.given_up), (Tally::default(), 2));
}
