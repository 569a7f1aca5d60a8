//! A device believes no log that is not what it was, and can prove it; and it never cries wolf.

use super::support::{LogShown, World};
use delistening_schema::Hash;
use delistening_schema::event::EndReason;
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::{Checkpoint, Contradiction, Evidence, LogSigner, merkle};
use delistening_sdk_core::{Config, Core, Input};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn play(world: &mut World, core: &mut Core) {
    let handle = u32::try_from(world.now.mono_ms).unwrap();
    world.play(core, handle, "t", 20_000, Some(EndReason::Completed));
    world.give(core, Input::Flush);
}

/// A core that has learned a log of `batches` entries.
fn with_a_log(world: &mut World, batches: u64) -> Core {
    let mut core = world.start();
    while world.server.leaves.len() < usize::try_from(batches).unwrap() {
        play(world, &mut core);
    }
    assert_eq!(known(world).size, batches);
    assert_eq!(world.error_codes(), [""; 0]);
    core
}

/// The newest checkpoint on the disk.
fn known(world: &World) -> Checkpoint {
    let state: serde_json::Value = serde_json::from_str(&world.disk["state"]).unwrap();
    Checkpoint::unverified(state["logs"]["log.example"]["checkpoint"].as_str().unwrap()).unwrap()
}

fn batches(world: &World) -> usize {
    world.disk.keys().filter(|key| key.starts_with("batch/")).count()
}

fn shown_by(core: &Core) -> Contradiction {
    let evidence: Evidence = serde_json::from_str(&core.evidence().expect("there is evidence")).unwrap();
    evidence.verify().unwrap()
}

/// The operator swaps an old entry for another.
fn rewrite(world: &mut World) {
    world.server.leaves[0].0[0] ^= 1;
}

fn without_proof(_: Vec<Hash>) -> Vec<Hash> {
    Vec::new()
}

#[test]
fn a_rewritten_log_raises_one_alarm_with_evidence_and_nothing_is_deleted() {
    for size in 1..=9 {
        let mut world = World::new();
        let mut core = with_a_log(&mut world, size);
        let before = known(&world);
        rewrite(&mut world);
        play(&mut world, &mut core);
        assert_eq!(world.error_codes(), ["log-inconsistent"], "{size}");
        assert!(core.status().halted);
        assert_eq!(batches(&world), 1);
        assert_eq!(known(&world), before);
        let Contradiction { smaller, larger, held } = shown_by(&core);
        assert_eq!((smaller, larger.size), (before, size + 1));
        assert_eq!(held, merkle::tree_root(&world.server.leaves[..usize::try_from(size).unwrap()]));
        // What is played goes on to be recorded, and nothing goes out.
        let requests = world.server.requests.len();
        play(&mut world, &mut core);
        world.let_wait(&mut core, 10);
        assert_eq!((world.server.requests.len(), world.error_codes().len()), (requests, 1));
        assert!(world.disk.keys().any(|key| key.starts_with("event/")));
    }
}

#[test]
fn two_roots_for_one_size_are_evidence() {
    for size in 1..=5 {
        let mut world = World::new();
        let mut core = with_a_log(&mut world, size);
        // The operator takes the newest entry back, and the next batch has its place.
        world.server.leaves.pop();
        play(&mut world, &mut core);
        assert_eq!(world.error_codes(), ["log-inconsistent"], "{size}");
        let shown = shown_by(&core);
        assert_eq!((shown.smaller.size, shown.larger.size), (size, size));
        assert_ne!(shown.smaller.root, shown.larger.root);
    }
}

#[test]
fn an_alarm_outlives_restarts_until_it_is_acknowledged() {
    let mut world = World::new();
    let mut core = with_a_log(&mut world, 3);
    rewrite(&mut world);
    play(&mut world, &mut core);
    let evidence = core.evidence();
    for start in 2..5 {
        drop(core);
        core = world.start();
        assert_eq!(world.error_codes(), vec!["log-inconsistent"; start]);
        assert_eq!(core.evidence(), evidence);
        play(&mut world, &mut core);
        assert_eq!(batches(&world), 1);
    }
    world.give(&mut core, Input::AcknowledgeAlarm);
    world.let_wait(&mut core, 3);
    play(&mut world, &mut core);
    assert_eq!((batches(&world), core.status().events), (0, 0), "the log is believed anew");
    assert_eq!(core.evidence(), evidence, "the evidence is kept");
    let core = world.start();
    assert_eq!(world.error_codes().len(), 4, "said no more");
    assert_eq!(core.evidence(), evidence);
    assert!(!core.status().halted);
}

#[test]
fn an_alarm_that_could_not_be_stored_is_stored_later() {
    let mut world = World::new();
    let mut core = with_a_log(&mut world, 3);
    rewrite(&mut world);
    world.network = false;
    play(&mut world, &mut core);
    world.network = true;
    world.disk_works = false;
    world.let_wait(&mut core, 1);
    assert!(world.error_codes().contains(&"log-inconsistent") && !world.disk.contains_key("alarm"));
    world.disk_works = true;
    world.let_wait(&mut core, 2);
    assert!(world.disk.contains_key("alarm"));
}

#[test]
fn the_newest_checkpoint_is_kept_across_restarts() {
    let mut world = World::new();
    drop(with_a_log(&mut world, 5));
    rewrite(&mut world);
    let mut core = world.start();
    play(&mut world, &mut core);
    assert_eq!(world.error_codes(), ["log-inconsistent"]);
    assert_eq!(shown_by(&core).smaller.size, 5);
}

#[test]
fn an_answer_without_its_proof_is_proved_by_tiles() {
    let forms: [fn(Vec<Hash>) -> Vec<Hash>; 3] = [
        without_proof,
        |proof| proof.into_iter().rev().chain([Hash::of(b"x")]).collect(),
        |_| vec![Hash::of(b"made up"); 3],
    ];
    for form in forms {
        for log in [LogShown::AsItIs, LogShown::FullTiles] {
            let mut world = World::new();
            let mut core = with_a_log(&mut world, 4);
            world.server.log = log;
            world.server.consistency = form;
            play(&mut world, &mut core);
            play(&mut world, &mut core);
            assert_eq!(world.error_codes(), [""; 0]);
            assert_eq!((world.receipts(), batches(&world), known(&world).size), (6, 0, 6));
            assert!(world.server.fetched.iter().all(|path| path.starts_with("log/tile/")));
        }
    }
}

#[test]
fn batches_that_came_into_the_log_together_are_all_settled() {
    for altered in [false, true] {
        let mut world = World::new();
        let mut core = with_a_log(&mut world, 4);
        world.network = false;
        for _ in 0..3 {
            play(&mut world, &mut core);
        }
        world.server.consistency = without_proof;
        if altered {
            rewrite(&mut world);
        }
        world.network = true;
        world.let_wait(&mut core, 1);
        if altered {
            assert_eq!(world.error_codes(), ["log-inconsistent"]);
            assert_eq!((batches(&world), world.server.fetched.len()), (3, 1));
        } else {
            assert_eq!((world.error_codes(), batches(&world), known(&world).size), (vec![], 0, 7));
            assert_eq!(world.server.fetched, ["log/tile/0/000.p/7"], "one tile for all");
        }
    }
}

#[test]
fn an_honest_answer_costs_no_other_request() {
    let mut world = World::new();
    with_a_log(&mut world, 20);
    assert_eq!(world.server.fetched, [""; 0]);
}

#[test]
fn a_missing_proof_alone_is_no_evidence_and_deletes_nothing() {
    let unusable = [
        (LogShown::Status(500), ""),
        (LogShown::Status(404), "log-unproved"),
        (LogShown::Garbled, "log-unproved"),
    ];
    for (log, complaint) in unusable {
        let mut world = World::new();
        let mut core = with_a_log(&mut world, 4);
        world.server.consistency = without_proof;
        world.server.log = log.clone();
        play(&mut world, &mut core);
        let begin = world.now.mono_ms;
        world.let_wait(&mut core, 30);
        assert!(world.now.mono_ms - begin > 3 * 60 * 60 * 1000, "it is asked ever more seldom");
        let complaints: Vec<&str> = Some(complaint).into_iter().filter(|code| !code.is_empty()).collect();
        assert_eq!(world.error_codes(), complaints, "{log:?}, said once");
        assert_eq!((batches(&world), core.evidence()), (1, None), "{log:?}");
        assert!(!core.status().halted);
        world.server.log = LogShown::AsItIs;
        world.let_wait(&mut core, 3);
        assert_eq!((world.receipts(), batches(&world)), (5, 0), "{log:?}");
    }
}

#[test]
fn nobody_in_reach_is_no_evidence_either() {
    let mut world = World::new();
    let mut core = with_a_log(&mut world, 4);
    world.network = false;
    world.pass(2 * DAY_MS);
    world.give(&mut core, Input::Tick);
    world.let_wait(&mut core, 20);
    assert_eq!(world.error_codes(), [""; 0]);
    world.network = true;
    world.let_wait(&mut core, 1);
    assert_eq!(world.server.fetched, ["log/checkpoint"]);
}

#[test]
fn the_log_is_asked_once_a_day_and_at_a_start_after_that() {
    let mut world = World::new();
    let mut core = with_a_log(&mut world, 4);
    world.give(&mut core, Input::Tick);
    assert_eq!(world.server.fetched, [""; 0]);
    for day in 1..=3 {
        world.server.leaves.push(Hash::of(&[day]));
        world.let_wait(&mut core, 1);
        assert_eq!(known(&world).size, 4 + u64::from(day));
    }
    assert_eq!(world.server.fetched.iter().filter(|path| *path == "log/checkpoint").count(), 3);
    drop(core);
    world.pass(DAY_MS);
    world.server.fetched.clear();
    let mut core = world.start();
    assert_eq!(world.server.fetched, ["log/checkpoint"], "its log has not grown");
    world.server.fetched.clear();
    world.now.wall_ms -= 5 * DAY_MS;
    world.give(&mut core, Input::Tick);
    assert_eq!(world.server.fetched, ["log/checkpoint"], "the clock was set back");
    drop(core);
    world.pass(20 * DAY_MS);
    world.start_with(Config { audit_every_ms: 0, ..Config::default() }, &[]);
    assert_eq!(world.server.fetched.len(), 1, "it can be turned off");
}

#[test]
fn a_log_that_answers_well_and_shows_others_something_else_is_found() {
    for grown in [0, 1, 4] {
        let mut world = World::new();
        let mut core = with_a_log(&mut world, 4);
        rewrite(&mut world);
        world.server.leaves.extend((0..grown).map(|n| Hash::of(&[n])));
        world.pass(DAY_MS);
        world.give(&mut core, Input::Tick);
        assert_eq!(world.error_codes(), ["log-inconsistent"]);
        let shown = shown_by(&core);
        assert_eq!((shown.smaller.size, shown.larger.size), (4, 4 + u64::from(grown)));
    }
}

#[test]
fn a_log_that_was_cut_back_is_told_of_and_proved_once_it_has_grown_again() {
    let mut world = World::new();
    let mut core = with_a_log(&mut world, 6);
    world.server.leaves.truncate(3);
    world.pass(DAY_MS);
    world.give(&mut core, Input::Tick);
    assert_eq!(world.error_codes(), ["log-unproved"]);
    // New batches take the places of those that were cut.
    while world.server.leaves.len() < 6 {
        play(&mut world, &mut core);
    }
    world.let_wait(&mut core, 5);
    assert_eq!(world.error_codes(), ["log-unproved", "log-inconsistent"]);
    assert_eq!(shown_by(&core).smaller.size, 6);
    assert!(batches(&world) > 0);
}

#[test]
fn an_older_checkpoint_of_the_same_history_is_no_reproach() {
    let mut world = World::new();
    let mut core = with_a_log(&mut world, 6);
    world.server.log = LogShown::Checkpoint(world.server.checkpoint(4));
    world.pass(DAY_MS);
    world.give(&mut core, Input::Tick);
    assert_eq!((world.error_codes(), known(&world).size), (vec![], 6));
    assert_eq!(world.server.fetched, ["log/checkpoint", "log/tile/0/000.p/6"]);
}

#[test]
fn another_log_key_than_before_is_not_believed() {
    let stranger = || LogSigner::new("log.example", SecretKey::from_seed(&[8; 32])).unwrap();
    let mut world = World::new();
    let mut core = with_a_log(&mut world, 3);
    world.server.signer = stranger();
    play(&mut world, &mut core);
    assert_eq!(world.error_codes(), ["log-key-changed"]);
    assert!(core.status().halted && core.evidence().is_none() && batches(&world) == 1);

    // Shown by the log alone, it is not believed either, and proves nothing.
    let mut world = World::new();
    let mut core = with_a_log(&mut world, 3);
    world.server.signer = stranger();
    world.pass(DAY_MS);
    world.give(&mut core, Input::Tick);
    assert_eq!(world.error_codes(), ["log-unproved"]);

    let mut world = World::new();
    let pinned = world.server.signer.log_key().to_vkey();
    world.server.signer = stranger();
    let mut core = world.start_with(Config { log_keys: vec![pinned], ..Config::default() }, &[]);
    play(&mut world, &mut core);
    assert_eq!(world.error_codes(), ["log-key-changed"]);
}

#[test]
fn a_log_that_is_handed_over_is_followed_from_key_to_key() {
    let signer = |seed| LogSigner::new("log.example", SecretKey::from_seed(&[seed; 32])).unwrap();
    for pinned in [false, true] {
        let mut world = World::new();
        let log_keys = if pinned { vec![world.server.signer.log_key().to_vkey()] } else { Vec::new() };
        let config = Config { log_keys, ..Config::default() };
        let mut core = world.start_with(config.clone(), &[]);
        play(&mut world, &mut core);
        world.server.hand_over(signer(10));
        play(&mut world, &mut core);
        world.let_wait(&mut core, 1);
        assert_eq!((world.receipts(), batches(&world)), (2, 0), "pinned: {pinned}");
        world.server.hand_over(signer(11));
        world.server.hand_over(signer(12));
        drop(core);
        core = world.start_with(config.clone(), &[]);
        play(&mut world, &mut core);
        assert_eq!((world.error_codes(), world.receipts()), (vec![], 3), "pinned: {pinned}");
        assert_eq!(world.server.fetched.iter().filter(|path| *path == "log/keys").count(), 2);
        // A device that comes later, with the first key pinned, is led as well.
        world.disk.clear();
        let mut late = world.start_with(config, &[]);
        world.server.kept.clear();
        play(&mut world, &mut late);
        assert_eq!((world.error_codes(), batches(&world)), (vec![], 0), "pinned: {pinned}");
        // A thief signs with a key that nobody handed the log over to.
        world.server.signer = signer(13);
        play(&mut world, &mut late);
        assert_eq!(world.error_codes(), ["log-key-changed"]);
    }
}

#[test]
fn a_log_that_is_rewritten_after_it_was_handed_over_is_proved_across_both_keys() {
    let signer = |seed| LogSigner::new("log.example", SecretKey::from_seed(&[seed; 32])).unwrap();
    for asks in [false, true] {
        let mut world = World::new();
        let mut core = with_a_log(&mut world, 5);
        rewrite(&mut world);
        world.server.hand_over(signer(10));
        if asks {
            world.pass(DAY_MS);
            world.give(&mut core, Input::Tick);
        } else {
            play(&mut world, &mut core);
        }
        assert_eq!(world.error_codes(), ["log-inconsistent"]);
        assert_eq!(shown_by(&core).smaller.size, 5);
        assert!(core.evidence().unwrap().contains("handovers"));
    }
}

#[cfg(feature = "witnesses")]
#[test]
fn what_witnesses_have_seen_must_be_what_this_device_was_shown() {
    use delistening_schema::ledger::{SignedNote, WitnessSigner};
    let witness = WitnessSigner::new("w.example", SecretKey::from_seed(&[20; 32])).unwrap();
    let cosigned = |note: String| {
        let text = SignedNote::parse(&note).unwrap().unverified_text().to_owned();
        note + &witness.cosign(&text, 5)
    };
    let mut world = World::new();
    let (log, key) = (world.server.signer.log_key().to_vkey(), witness.public().to_vkey());
    let policy = format!("log {log}\nwitness W {key}\nquorum W\n");
    let config = Config { witness_policy: Some(policy), ..Config::default() };
    let mut core = world.start_with(config.clone(), &[]);
    let day = |world: &mut World, core: &mut Core| {
        play(world, core);
        world.pass(DAY_MS);
        world.give(core, Input::Tick);
    };
    day(&mut world, &mut core);
    assert_eq!(world.error_codes(), ["log-unwitnessed"], "nobody has seen it");
    day(&mut world, &mut core);
    assert_eq!(world.error_codes().len(), 1, "said once");
    // Witnesses lag behind, but not by more than a day.
    world.server.witnessed = Some(cosigned(world.server.checkpoint(2)));
    day(&mut world, &mut core);
    assert_eq!((world.error_codes().len(), known(&world).size), (1, 3));
    day(&mut world, &mut core);
    assert_eq!(world.error_codes(), ["log-unwitnessed"; 2], "they have not seen what it was a day ago");
    assert_eq!(batches(&world), 0, "which stops nothing");
    world.server.witnessed = Some(world.server.checkpoint(4));
    day(&mut world, &mut core);
    assert_eq!(world.error_codes().len(), 2, "not cosigned, and that was told");
    // They were shown another log than this device.
    let mut other = World::new();
    other.server.leaves = world.server.leaves.clone();
    rewrite(&mut other);
    world.server.witnessed = Some(cosigned(other.server.checkpoint(5)));
    day(&mut world, &mut core);
    assert_eq!(world.error_codes()[2..], ["log-inconsistent"]);
    shown_by(&core);

    let mut world = World::new();
    let nonsense = Config { witness_policy: Some("quorum nobody".into()), ..config };
    world.start_with(nonsense, &[]);
    assert_eq!(world.error_codes(), ["bad-witness-policy"]);
}

#[test]
fn a_log_under_another_name_in_between_hides_nothing() {
    let mut world = World::new();
    let mut core = with_a_log(&mut world, 4);
    let signer = std::mem::replace(
        &mut world.server.signer,
        LogSigner::new("other.example", SecretKey::from_seed(&[7; 32])).unwrap(),
    );
    play(&mut world, &mut core);
    assert_eq!(world.receipts(), 5, "another node's log");
    world.server.signer = signer;
    rewrite(&mut world);
    play(&mut world, &mut core);
    world.let_wait(&mut core, 3);
    assert_eq!(world.error_codes(), ["log-inconsistent"]);
    assert_eq!(batches(&world), 1);
}
