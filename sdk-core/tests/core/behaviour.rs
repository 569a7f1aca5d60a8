//! From a play to a verified receipt, whatever fails on the way.

use super::support::{World, problem};
use delistening_schema::DropReason;
use delistening_schema::event::{Body, EndReason};
use delistening_schema::problem::Code;
use delistening_sdk_core::{Config, Core, Input, Notice, Output, Signal, TransportResult};

fn one_played_session(world: &mut World) -> Core {
    let mut core = world.start();
    world.play(&mut core, 1, "track-1", 40_000, Some(EndReason::Completed));
    core
}

#[test]
fn a_play_becomes_one_batch_with_a_verified_receipt() {
    let mut world = World::new();
    let mut core = one_played_session(&mut world);
    world.let_wait(&mut core, 3);
    assert_eq!(world.receipts(), world.server.kept.len());
    let events = world.server.events();
    let types: Vec<&str> = events
        .iter()
        .map(|event| match event.body {
            Body::Started(_) => "started",
            Body::Progress(_) => "progress",
            Body::Ended(_) => "ended",
            _ => "other",
        })
        .collect();
    assert_eq!(types, ["started", "progress", "progress", "progress", "progress", "ended"]);
    let Body::Ended(ended) = &events[5].body else { panic!("the last event ends the session") };
    assert_eq!((ended.heard.total(), ended.played_ms), (40_000, 40_000));
    assert_eq!(core.status().events + core.status().batches, 0);
    assert_eq!(world.disk.keys().collect::<Vec<_>>(), ["state"], "nothing is left but the chain");
}

#[test]
fn batches_form_a_chain() {
    let mut world = World::new();
    let mut core = world.start();
    for n in 0..5 {
        world.play(&mut core, n, "t", 30_000, Some(EndReason::Skipped));
        world.give(&mut core, Input::Flush);
    }
    let kept: Vec<_> = world.server.kept.values().map(|(opened, ..)| opened.clone()).collect();
    assert!(kept.len() >= 5);
    for (previous, next) in kept.iter().zip(&kept[1..]) {
        assert_eq!(next.payload.prev, Some(previous.hash));
        assert_eq!(next.payload.seq, previous.payload.seq + 1);
    }
    assert!(kept[0].payload.anchor.is_none());
    assert!(kept[4].payload.anchor.as_ref().is_some_and(|anchor| anchor.size >= 1));
}

#[test]
fn nothing_is_sent_before_it_is_on_disk() {
    let mut world = World::new();
    let mut core = world.start();
    world.play(&mut core, 1, "t", 20_000, None);
    world.disk_works = false;
    world.give(&mut core, Input::Flush);
    world.let_wait(&mut core, 5);
    assert!(world.server.requests.is_empty());
    assert_eq!(world.error_codes(), ["storage-unavailable"], "said once");
    world.disk_works = true;
    world.let_wait(&mut core, 2);
    assert_eq!(world.receipts(), 1);
}

#[test]
fn a_crash_at_any_output_loses_and_doubles_nothing() {
    // However many outputs are performed before the process dies, the next process finishes the work.
    for survive in 0..60 {
        let mut world = World::new();
        world.network = false;
        let mut core = world.start();
        world.play(&mut core, 1, "t", 30_000, Some(EndReason::Completed));
        world.network = true;
        core.handle(world.now, Input::Online(false));
        core.handle(world.now, Input::Online(true));
        core.handle(world.now, Input::Flush);
        let mut performed = 0;
        'alive: loop {
            let outputs = core.take_outputs();
            if outputs.is_empty() {
                break;
            }
            for output in outputs {
                if performed == survive {
                    break 'alive;
                }
                performed += 1;
                world.perform(&mut core, output);
            }
        }
        drop(core);
        let mut core = world.start();
        world.give(&mut core, Input::Flush);
        world.let_wait(&mut core, 10);
        let mut ids: Vec<_> = world.server.events().iter().map(|event| event.id).collect();
        assert_eq!(ids.len(), 5, "after {survive} outputs");
        ids.dedup();
        assert_eq!(ids.len(), 5);
        assert_eq!(core.status().batches, 0);
    }
}

#[test]
fn a_lost_answer_is_made_up_for_by_a_duplicate() {
    let mut world = World::new();
    world.server.lose_answers = 2;
    let mut core = one_played_session(&mut world);
    world.let_wait(&mut core, 10);
    assert!(world.notices.iter().any(|n| matches!(n, Notice::Acked { status: "duplicate", .. })));
    assert_eq!(world.receipts(), world.server.kept.len());
}

#[test]
fn an_open_session_of_a_dead_owner_is_ended_as_crashed() {
    let mut world = World::new();
    let mut core = world.start();
    world.play(&mut core, 1, "t", 25_000, None);
    drop(core);
    world.pass(86_400_000);
    let mut core = world.start();
    world.give(&mut core, Input::Flush);
    let ended: Vec<_> = world
        .server
        .events()
        .into_iter()
        .filter_map(|event| match event.body {
            Body::Ended(ended) => Some((ended.reason, ended.heard.total(), event.mono)),
            _ => None,
        })
        .collect();
    assert_eq!(ended, [(EndReason::Crashed, 20_000, 20_000)], "what was heard up to the last progress");
}

#[test]
fn a_living_owner_keeps_its_session() {
    let mut world = World::new();
    let mut other = world.follower("other-tab", Config::default());
    world.play(&mut other, 1, "t", 25_000, None);
    let mut core = world.start_with(Config::default(), &["other-tab"]);
    world.give(&mut core, Input::Flush);
    assert!(!world.server.events().iter().any(|event| matches!(event.body, Body::Ended(_))));
    // The follower goes on, hands over, and the leader seals once.
    world.handed_over.clear();
    world.signal(&mut other, 1, Signal::Ended { reason: EndReason::Stopped, position_ms: 25_000 });
    let records = std::mem::take(&mut world.handed_over);
    world.give(&mut core, Input::Adopt { records: records.clone() });
    world.give(&mut core, Input::Adopt { records });
    world.give(&mut core, Input::Flush);
    let events = world.server.events();
    assert_eq!(events.iter().filter(|event| matches!(event.body, Body::Ended(_))).count(), 1);
    assert_eq!(other.status().batches, 0);
}

#[test]
fn plays_of_one_listener_never_go_under_anothers_token() {
    let mut world = World::new();
    let mut core = world.start();
    world.play(&mut core, 1, "t", 10_000, Some(EndReason::Skipped));
    world.give(&mut core, Input::Flush);
    world.network = false;
    world.play(&mut core, 2, "t", 10_000, Some(EndReason::Skipped));
    world.give(&mut core, Input::Flush);
    world.listener = "listener-2";
    world.pass(3_600_000);
    world.network = true;
    world.play(&mut core, 3, "t", 10_000, Some(EndReason::Skipped));
    world.give(&mut core, Input::Flush);
    world.let_wait(&mut core, 5);
    world.play(&mut core, 4, "t", 10_000, Some(EndReason::Skipped));
    world.give(&mut core, Input::Flush);
    world.let_wait(&mut core, 5);
    for request in &world.server.requests {
        let token = request.token.as_deref().unwrap();
        let claims = delistening_schema::token::Claims::peek(token).unwrap();
        for jws in &request.batches {
            assert_eq!(delistening_schema::Batch::open(jws).unwrap().payload.listener, claims.sub);
        }
    }
    assert!(core.status().batches > 0, "what is the first listener's waits for them");
    assert!(world.server.kept.values().any(|(opened, ..)| opened.payload.listener == "listener-2"));
}

#[test]
fn each_refusal_is_acted_on_by_its_code() {
    for (refusal, requests, left) in [
        (Code::Overloaded, 2, 0),
        (Code::TooManyRequests, 2, 0),
        (Code::ExpiredToken, 2, 0),
        (Code::BadToken, 2, 0),
        (Code::MalformedRequest, 1, 0),
        (Code::WrongAudience, 1, 1),
    ] {
        let mut world = World::new();
        world.server.refusals = match refusal {
            Code::Overloaded => vec![|| problem(Code::Overloaded).retry_after(30)],
            Code::TooManyRequests => vec![|| problem(Code::TooManyRequests).retry_after(30)],
            Code::ExpiredToken => vec![|| problem(Code::ExpiredToken)],
            Code::BadToken => vec![|| problem(Code::BadToken)],
            Code::MalformedRequest => vec![|| problem(Code::MalformedRequest)],
            _ => vec![|| problem(Code::WrongAudience)],
        };
        let mut core = world.start();
        world.play(&mut core, 1, "t", 20_000, None);
        world.give(&mut core, Input::Flush);
        let asked_at = world.now.mono_ms;
        world.let_wait(&mut core, 3);
        assert_eq!(world.server.requests.len(), requests, "{refusal}");
        assert_eq!(core.status().batches, left, "{refusal}");
        match refusal {
            Code::Overloaded | Code::TooManyRequests => assert!(world.now.mono_ms >= asked_at + 30_000),
            Code::ExpiredToken | Code::BadToken => assert_eq!(world.tokens, 2, "{refusal}"),
            Code::MalformedRequest => {
                assert!(world.notices.iter().any(|n| matches!(n, Notice::Dropped { seq: Some(1), .. })));
            }
            _ => assert!(core.status().halted),
        }
    }
}

#[test]
fn a_token_is_used_for_as_long_as_it_lives_whatever_the_device_takes_the_time_to_be() {
    for (ahead_s, token_life) in [(0, 900), (30 * 86_400, 900), (0, 20), (3_600, 20)] {
        let mut world = World::new();
        (world.ahead_s, world.token_life) = (ahead_s, token_life);
        let mut core = world.start();
        world.play(&mut core, 1, "t", 5_000, Some(EndReason::Skipped));
        world.give(&mut core, Input::Flush);
        world.play(&mut core, 2, "t", 4_000, Some(EndReason::Skipped));
        world.give(&mut core, Input::Flush);
        assert_eq!((world.tokens, world.receipts()), (1, 2), "{ahead_s} s ahead, {token_life} s of life");
        world.pass(token_life * 1_000);
        world.play(&mut core, 3, "t", 5_000, Some(EndReason::Skipped));
        world.give(&mut core, Input::Flush);
        assert_eq!((world.tokens, world.receipts()), (2, 3));
    }
}

#[test]
fn a_bad_batch_is_given_up_and_its_neighbours_are_kept() {
    let mut world = World::new();
    world.server.refuse_batch = |seq| (seq == 2).then(|| problem(Code::MalformedBatch));
    world.network = false;
    let mut core = world.start();
    for n in 0..3 {
        world.play(&mut core, n, "t", 10_000, Some(EndReason::Skipped));
        world.give(&mut core, Input::Flush);
    }
    world.network = true;
    world.let_wait(&mut core, 10);
    assert_eq!(world.server.dropped().len(), 0, "the fact goes with the next batch");
    assert_eq!(world.server.kept.keys().map(|(_, seq)| *seq).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(core.status().batches, 0);
}

#[test]
fn a_token_that_is_always_refused_is_not_hammered() {
    let mut world = World::new();
    world.server.refusals = vec![|| problem(Code::ExpiredToken); 50];
    let mut core = one_played_session(&mut world);
    let begin = world.now.mono_ms;
    world.let_wait(&mut core, 20);
    assert!(world.now.mono_ms - begin > 60_000, "{} ms for 20 rounds", world.now.mono_ms - begin);
}

#[test]
fn offline_plays_wait_and_go_when_the_network_is_back() {
    let mut world = World::new();
    let mut core = world.start();
    world.play(&mut core, 1, "t", 10_000, Some(EndReason::Skipped));
    world.give(&mut core, Input::Flush);
    world.give(&mut core, Input::Online(false));
    let sent = world.server.requests.len();
    for day in 0..30 {
        world.play(&mut core, 10 + day, "t", 40_000, Some(EndReason::Completed));
        world.pass(86_400_000);
        world.give(&mut core, Input::Tick);
    }
    assert_eq!(world.server.requests.len(), sent);
    world.give(&mut core, Input::Online(true));
    world.let_wait(&mut core, 10);
    world.give(&mut core, Input::Flush);
    assert_eq!(core.status().batches + core.status().events, 0);
    let ended = world.server.events().iter().filter(|event| matches!(event.body, Body::Ended(_))).count();
    assert_eq!(ended, 31);
}

fn waits_on_disk(world: &World) -> Vec<&String> {
    world.disk.keys().filter(|key| *key != "state").collect()
}

#[test]
fn a_disk_that_stays_full_is_emptied_by_what_the_server_has() {
    let mut world = World::new();
    let mut core = one_played_session(&mut world);
    world.give(&mut core, Input::Flush);
    world.give(&mut core, Input::Online(false));
    world.play(&mut core, 2, "stored", 40_000, Some(EndReason::Completed));
    world.give(&mut core, Input::Flush);
    let stored = waits_on_disk(&world).len();
    world.disk_full = true;
    world.play(&mut core, 3, "in memory", 40_000, Some(EndReason::Completed));
    world.give(&mut core, Input::Flush);
    assert!(stored > 0 && core.status().batches > stored);
    assert_eq!(world.error_codes(), ["storage-unavailable"]);

    // What is on disk goes, and that is deleted though the state that says so finds no room.
    world.give(&mut core, Input::Online(true));
    assert_eq!(waits_on_disk(&world), Vec::<&String>::new());
    // With it, there is room.
    world.disk_full = false;
    world.give(&mut core, Input::Hidden);
    assert_eq!(core.status().events + core.status().batches, 0);
    assert_eq!(waits_on_disk(&world), Vec::<&String>::new());
    let recorded = world.notices.iter().filter(|notice| matches!(notice, Notice::Event { .. })).count();
    assert_eq!((world.server.events().len(), world.given_up()), (recorded, 0));
}

#[test]
fn what_is_given_up_while_the_disk_is_full_does_not_stay_there() {
    let mut world = World::new();
    let mut core = world.start_with(Config { queue_events: 20, ..Config::default() }, &[]);
    world.play(&mut core, 0, "t", 10_000, Some(EndReason::Skipped));
    world.give(&mut core, Input::Flush);
    world.give(&mut core, Input::Online(false));
    for n in 1..=20 {
        world.disk_full = n > 5;
        world.play(&mut core, n, &format!("t{n}"), 40_000, Some(EndReason::Completed));
        world.give(&mut core, Input::Flush);
    }
    assert!(world.given_up() > 0);
    world.disk_full = false;
    world.play(&mut core, 99, "last", 10_000, Some(EndReason::Skipped));
    world.give(&mut core, Input::Flush);
    let waits = waits_on_disk(&world).len();
    assert_eq!(waits, core.status().batches + core.status().events, "{:?}", waits_on_disk(&world));
    world.give(&mut core, Input::Online(true));
    world.let_wait(&mut core, 10);
    assert_eq!(world.server.dropped(), [(DropReason::QueueFull, world.given_up() as u64)]);
}

#[test]
fn corrupted_records_are_set_aside() {
    let mut world = World::new();
    world.network = false;
    let mut core = one_played_session(&mut world);
    world.give(&mut core, Input::Flush);
    drop(core);
    world.disk.insert("event/garbage".into(), "{".into());
    world.disk.insert("session/garbage".into(), r#"{"v":9}"#.into());
    world.network = true;
    let mut core = world.start();
    world.play(&mut core, 2, "t", 10_000, Some(EndReason::Skipped));
    world.give(&mut core, Input::Flush);
    assert_eq!(world.error_codes(), ["record-corrupted", "record-corrupted"]);
    assert!(world.receipts() > 0);
    assert!(!world.disk.contains_key("event/garbage"));
    assert!(world.disk.contains_key("session/garbage"), "a later version may read it");
    assert_eq!(world.server.dropped(), [(DropReason::Corrupted, 1)]);
}

#[test]
fn what_is_beyond_the_bounds_is_given_up_counted_and_told() {
    for (config, reason) in [
        (Config { queue_events: 40, ..Config::default() }, DropReason::QueueFull),
        (Config { queue_bytes: 20_000, ..Config::default() }, DropReason::QueueFull),
        (Config { queue_age_ms: 3 * 86_400_000, ..Config::default() }, DropReason::TooOld),
    ] {
        let mut world = World::new();
        let mut core = world.start_with(config, &[]);
        world.play(&mut core, 0, "t", 10_000, Some(EndReason::Skipped));
        world.give(&mut core, Input::Flush);
        world.give(&mut core, Input::Online(false));
        for n in 1..=20 {
            world.play(&mut core, n, &format!("t{n}"), 40_000, Some(EndReason::Completed));
            world.pass(86_400_000);
            world.give(&mut core, Input::Tick);
        }
        let given_up: usize = world.given_up();
        assert!(given_up > 0);
        world.give(&mut core, Input::Online(true));
        world.play(&mut core, 99, "last", 10_000, Some(EndReason::Skipped));
        world.give(&mut core, Input::Flush);
        world.let_wait(&mut core, 10);
        world.give(&mut core, Input::Flush);
        assert_eq!(world.server.dropped(), [(reason, given_up as u64)]);
        let recorded = world.notices.iter().filter(|notice| matches!(notice, Notice::Event { .. })).count();
        assert_eq!(world.server.events().len() + given_up, recorded, "{reason:?}: all is there or told of");
        let tracks: Vec<String> = world.server.events().into_iter().map(|event| event.track).collect();
        assert!(tracks.contains(&"t20".to_owned()), "the newest is kept");
        assert_eq!(core.status().events + core.status().batches, 0);
    }
}

#[test]
fn what_was_given_up_is_told_of_also_after_a_crash() {
    let mut world = World::new();
    world.network = false;
    let mut core = world.start_with(Config { queue_events: 10, ..Config::default() }, &[]);
    for n in 0..4 {
        world.play(&mut core, n, "t", 40_000, Some(EndReason::Completed));
        world.give(&mut core, Input::Flush);
    }
    let given_up = world.given_up() as u64;
    drop(core);
    world.network = true;
    let mut core = world.start();
    world.play(&mut core, 9, "t", 10_000, Some(EndReason::Skipped));
    world.give(&mut core, Input::Flush);
    world.let_wait(&mut core, 10);
    assert_eq!(world.server.dropped(), [(DropReason::QueueFull, given_up)]);
}

#[test]
fn a_device_that_lost_its_key_goes_on_as_a_new_one_and_nothing_counts_twice() {
    let mut world = World::new();
    let mut core = world.start();
    // One session is half sent, one half sealed, one not sealed at all.
    world.play(&mut core, 1, "sent", 40_000, None);
    world.give(&mut core, Input::Flush);
    world.network = false;
    world.play(&mut core, 2, "sealed", 40_000, None);
    world.give(&mut core, Input::Flush);
    world.play(&mut core, 3, "waiting", 20_000, Some(EndReason::Completed));
    world.signal(&mut core, 1, Signal::Ended { reason: EndReason::Stopped, position_ms: 40_000 });
    drop(core);
    world.network = true;
    let former = world.replace_key();
    let mut core = world.start();
    world.give(&mut core, Input::Flush);
    world.let_wait(&mut core, 10);
    world.give(&mut core, Input::Flush);
    assert_eq!(world.error_codes(), ["key-lost"]);
    assert_eq!(core.status().events + core.status().batches, 0);
    let mut devices = std::collections::BTreeMap::<_, std::collections::BTreeSet<_>>::new();
    for (opened, ..) in world.server.kept.values() {
        for event in opened.payload.events.iter().cloned().map(Result::unwrap) {
            devices.entry(event.track).or_default().insert(opened.payload.device);
        }
    }
    assert!(devices.values().all(|devices| devices.len() == 1), "no session under two names: {devices:?}");
    assert_eq!(devices["sealed"].first(), Some(&former));
    assert_ne!(devices["waiting"].first(), Some(&former));
    let first = world.server.kept.values().find(|(opened, ..)| opened.payload.device != former);
    let first = &first.unwrap().0.payload;
    assert_eq!((first.seq, first.prev), (1, None), "a chain of its own");
    let told: u64 = world.server.dropped().iter().map(|(_, events)| events).sum();
    assert_eq!((world.server.dropped()[0].0, told), (DropReason::KeyLost, world.given_up() as u64));
}

#[test]
fn hiding_the_page_writes_and_sends_what_it_can() {
    let mut world = World::new();
    let mut core = world.start();
    world.play(&mut core, 1, "t", 5_000, None);
    core.handle(world.now, Input::Hidden);
    let mut last_chance = false;
    loop {
        let outputs = core.take_outputs();
        if outputs.is_empty() {
            break;
        }
        for output in outputs {
            last_chance |= matches!(output, Output::Send { last_chance: true, .. });
            world.perform(&mut core, output);
        }
    }
    assert!(last_chance);
    assert!(world.server.events().iter().any(|event| matches!(event.body, Body::Progress(_))));
}

#[test]
fn what_is_heard_follows_mute_stall_rate_and_seek() {
    let mut world = World::new();
    let mut core = world.start();
    world.play(&mut core, 1, "t", 5_000, None);
    let say = |world: &mut World, core: &mut Core, ms: u64, signal: Signal| {
        world.pass(ms);
        world.signal(core, 1, signal);
    };
    say(&mut world, &mut core, 0, Signal::Volume { volume: 1.0, muted: true });
    say(&mut world, &mut core, 2_000, Signal::Position { position_ms: 7_000 });
    say(&mut world, &mut core, 0, Signal::Volume { volume: 1.0, muted: false });
    say(&mut world, &mut core, 1_000, Signal::Stalled { position_ms: 8_000 });
    say(&mut world, &mut core, 3_000, Signal::Playing { position_ms: 8_000 });
    say(&mut world, &mut core, 0, Signal::Rate { rate: 2.0 });
    say(&mut world, &mut core, 1_000, Signal::Position { position_ms: 10_000 });
    say(&mut world, &mut core, 0, Signal::Seeked { from_ms: 10_000, to_ms: 50_000 });
    say(&mut world, &mut core, 1_000, Signal::Paused { position_ms: 52_000 });
    say(&mut world, &mut core, 9_000, Signal::Ended { reason: EndReason::Stopped, position_ms: 52_000 });
    world.give(&mut core, Input::Flush);
    let events = world.server.events();
    let Body::Ended(ended) = &events.last().unwrap().body else { panic!("ended last") };
    let heard: Vec<(u64, u64)> = ended.heard.as_slice().iter().map(|i| (i.0, i.1)).collect();
    assert_eq!(heard, [(0, 5_000), (7_000, 10_000), (50_000, 52_000)]);
    assert_eq!((ended.pauses, ended.seeks, ended.stalls), (1, 1, 1));
    let silent: u64 = events
        .iter()
        .map(|event| if let Body::Progress(progress) = &event.body { progress.silent_ms } else { 0 })
        .sum();
    assert_eq!(silent, 2_000);
}

/// What a session heard, by its `play.ended`.
fn heard(world: &World) -> Vec<(u64, u64)> {
    let events = world.server.events();
    let Body::Ended(ended) = &events.last().unwrap().body else { panic!("ended last") };
    ended.heard.as_slice().iter().map(|i| (i.0, i.1)).collect()
}

#[test]
fn a_sleep_is_not_heard_whatever_tells_of_the_wake_first() {
    for wake in [
        Input::Hidden,
        Input::Flush,
        Input::Signal { handle: 1, signal: Signal::Volume { volume: 0.0, muted: false } },
    ] {
        let mut world = World::new();
        let mut core = world.start();
        world.play(&mut core, 1, "t", 5_000, None);
        world.pass(8 * 3_600_000);
        world.give(&mut core, wake);
        world.signal(&mut core, 1, Signal::Ended { reason: EndReason::Stopped, position_ms: 5_000 });
        world.give(&mut core, Input::Flush);
        assert_eq!(heard(&world), [(0, 5_000)]);
    }
}

#[test]
fn a_rate_that_changed_unseen_explains_how_far_playback_has_come() {
    let mut world = World::new();
    let mut core = world.start();
    world.play(&mut core, 1, "t", 5_000, None);
    // Both come late, from a player that was too busy: the second two were twice as fast.
    world.pass(2_000);
    world.signal(&mut core, 1, Signal::Rate { rate: 2.0 });
    world.signal(&mut core, 1, Signal::Position { position_ms: 9_000 });
    world.pass(2_000);
    world.signal(&mut core, 1, Signal::Rate { rate: 1.0 });
    world.signal(&mut core, 1, Signal::Position { position_ms: 13_000 });
    world.pass(1_000);
    world.signal(&mut core, 1, Signal::Ended { reason: EndReason::Stopped, position_ms: 14_000 });
    world.give(&mut core, Input::Flush);
    assert_eq!(heard(&world), [(0, 14_000)]);
    let events = world.server.events();
    let rates: Vec<(f64, u64)> = events
        .iter()
        .filter_map(|event| match &event.body {
            Body::Progress(progress) => progress.heard.last().map(|last| (progress.rate, last.1)),
            _ => None,
        })
        .collect();
    assert_eq!(rates, [(1.0, 5_000), (2.0, 9_000), (2.0, 13_000), (1.0, 14_000)]);
}

#[test]
fn answers_to_nothing_are_ignored() {
    let mut world = World::new();
    let mut core = world.start();
    world.give(&mut core, Input::Stored { ticket: 999, ok: false });
    world.give(&mut core, Input::Signed { ticket: 999, signature: None });
    world.give(&mut core, Input::Response { ticket: 999, result: TransportResult::NetworkError });
    world.signal(&mut core, 77, Signal::Playing { position_ms: 0 });
    assert_eq!(core.status().events, 0);
}
