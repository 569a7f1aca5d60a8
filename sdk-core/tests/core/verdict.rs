//! A device says of its own sessions what the server says of them.

use super::support::World;
use delistening_schema::event::EndReason;
use delistening_schema::intake::IntakeContext;
use delistening_schema::play::{Fragment, Play, Received, Status, Verdict};
use delistening_sdk_core::{Input, Notice, Signal, Track};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a player does between opening and ending a session.
type Act = (u64, Signal);

fn second(position: u64) -> Act {
    (1000, Signal::Position { position_ms: position * 1000 })
}

fn seconds(from: u64, to: u64) -> impl Iterator<Item = Act> {
    (from + 1..=to).map(second)
}

/// Plays a track of `duration` seconds; gives the session's verdict by the device.
fn verdict(world: &mut World, duration: Option<u64>, acts: impl IntoIterator<Item = Act>) -> (Uuid, Verdict) {
    let mut core = world.start();
    let track = Track { id: "t".into(), duration_ms: duration.map(|s| s * 1000), ..Track::default() };
    world.give(
        &mut core,
        Input::OpenSession { handle: 1, id: None, track, engine: "test".into(), autoplay: false },
    );
    world.signal(&mut core, 1, Signal::Playing { position_ms: 0 });
    let mut last = 0;
    for (ms, signal) in acts {
        world.pass(ms);
        if let Signal::Position { position_ms } = &signal {
            last = *position_ms;
        }
        world.signal(&mut core, 1, signal);
    }
    let told = |world: &World| {
        let verdicts = world.notices.iter().filter_map(|notice| match notice {
            Notice::Verdict { session, verdict } => Some((*session, verdict.clone())),
            _ => None,
        });
        verdicts.collect::<Vec<_>>()
    };
    let before = told(world).len();
    world.signal(&mut core, 1, Signal::Ended { reason: EndReason::Stopped, position_ms: last });
    let verdicts = told(world);
    assert_eq!(verdicts.len(), before + 1, "told once, at the end");
    world.give(&mut core, Input::Flush);
    world.let_wait(&mut core, 3);
    verdicts[before].clone()
}

/// What the server says, from the batches that it keeps.
fn judged(world: &World) -> BTreeMap<Uuid, Verdict> {
    let mut sessions: BTreeMap<Uuid, Vec<Fragment>> = BTreeMap::new();
    let mut device = None;
    for (leaf, (opened, ..)) in (0..).zip(world.server.kept.values()) {
        device = Some(opened.payload.device);
        let received = Received {
            leaf,
            at: world.now.wall_ms,
            anchored: None,
            hash: opened.hash,
            context: IntakeContext::default(),
        };
        for (session, fragment) in Fragment::split(opened.payload.clone().into(), &received) {
            sessions.entry(session).or_default().push(fragment);
        }
    }
    let play = |session, fragments: &[Fragment]| Play::judge(device.unwrap(), session, fragments).unwrap().0;
    sessions.iter().map(|(session, fragments)| (*session, play(*session, fragments).verdict)).collect()
}

#[test]
fn device_and_server_agree_on_every_kind_of_session() {
    let mute = |muted| (0, Signal::Volume { volume: 1.0, muted });
    let rate = |rate| (0, Signal::Rate { rate });
    let seek = |from: u64, to: u64| (0, Signal::Seeked { from_ms: from * 1000, to_ms: to * 1000 });
    let pause = |at: u64| (0, Signal::Paused { position_ms: at * 1000 });
    let playing = |at: u64| (60_000, Signal::Playing { position_ms: at * 1000 });
    let fast = (1..=20).map(|step| (1000, Signal::Position { position_ms: step * 3000 }));
    let cases: Vec<(Option<u64>, Vec<Act>, Status)> = vec![
        (Some(200), seconds(0, 35).collect(), Status::Valid),
        (Some(200), seconds(0, 29).collect(), Status::Short),
        (None, seconds(0, 31).collect(), Status::Valid),
        (Some(20), seconds(0, 11).collect(), Status::Valid),
        (Some(20), seconds(0, 9).collect(), Status::Short),
        (Some(200), [mute(true)].into_iter().chain(seconds(0, 40)).collect(), Status::Muted),
        (Some(200), [rate(3.0)].into_iter().chain(fast).collect(), Status::Short),
        // A loop is heard once.
        (Some(200), seconds(0, 20).chain([seek(20, 0)]).chain(seconds(0, 20)).collect(), Status::Short),
        (
            Some(200),
            seconds(0, 20).chain([pause(20), playing(20)]).chain(seconds(20, 35)).collect(),
            Status::Valid,
        ),
    ];
    let mut world = World::new();
    let mut device = BTreeMap::new();
    for (duration, acts, status) in cases {
        let (session, verdict) = verdict(&mut world, duration, acts);
        assert_eq!((verdict.rule, verdict.status), (1, status), "{verdict:?}");
        device.insert(session, verdict);
    }
    assert_eq!(judged(&world), device);
}

#[test]
fn a_session_that_never_sounded_has_no_verdict() {
    let mut world = World::new();
    let mut core = world.start();
    let open = Input::OpenSession {
        handle: 1,
        id: None,
        track: Track { id: "t".into(), ..Track::default() },
        engine: "test".into(),
        autoplay: false,
    };
    world.give(&mut core, open);
    world.signal(&mut core, 1, Signal::Ended { reason: EndReason::Stopped, position_ms: 0 });
    assert!(!world.notices.iter().any(|notice| matches!(notice, Notice::Verdict { .. })));
}
