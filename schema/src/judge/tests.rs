//! A judge says the same whatever the order, and however often it is told.

use super::*;
use crate::analysis::{Rule, Signal};
use crate::batch::Batch;
use crate::event::{Body, Progress, Started};
use crate::intake::IntakeContext;
use crate::intervals::Interval;
use crate::play::{Received, Status};
use crate::{DeviceId, Event, Hash};
use proptest::prelude::*;
use std::convert::Infallible;
use uuid::Uuid;

/// Fires when a group has three or more sessions, so that small groups tell whether all of them are seen.
#[derive(Debug)]
struct Three(Scope);

impl Rule for Three {
    fn signal(&self) -> Signal {
        Signal { code: format!("test.{:?}", self.0).into(), weight: 60, text: "Three or more.".into() }
    }
    fn scope(&self) -> Scope {
        self.0
    }
    fn examine(&self, plays: &[&Trace], mark: &mut dyn FnMut(usize)) {
        if plays.len() >= 3 {
            (0..plays.len()).for_each(mark);
        }
    }
}

fn analysis() -> Arc<Analysis> {
    let scopes = [Scope::Device, Scope::Listener, Scope::Network];
    Arc::new(Analysis::v1().with(7, scopes.map(|scope| Box::new(Three(scope)) as Box<dyn Rule>)))
}

#[derive(Clone, Debug)]
struct Told {
    batch: Batch,
    received: Received,
}

/// A batch of one play. Few devices, listeners and networks, so that they meet.
fn told(leaf: u64, device: u8, listener: u8, network: u8, seq: u64, prev: Option<u64>, session: u8) -> Told {
    let hash = |device: u8, seq: u64| Hash::of(format!("{device}/{seq}").as_bytes());
    let at = 1_700_000_000_000 + u64::from(session) * 300_000;
    let event = |place: u128, mono, body| Event {
        id: Uuid::from_u128(u128::from(session) << 8 | place),
        at: at + mono,
        mono,
        session: Uuid::from_u128(u128::from(session)),
        track: "track".into(),
        body,
    };
    let events = [
        event(
            0,
            0,
            Body::Started(Started {
                engine: "test".into(),
                duration_ms: Some(200_000),
                ..Started::default()
            }),
        ),
        event(
            1,
            40_000,
            Body::Progress(Progress {
                heard: vec![Interval(0, 40_000)],
                silent_ms: 0,
                rate: 1.0,
                volume: 1.0,
                muted: false,
                visible: true,
                output: None,
            }),
        ),
    ];
    let batch = Batch {
        v: 1,
        batch: Uuid::from_u128(u128::from(leaf)),
        device: DeviceId(Hash::of(&[device])),
        seq,
        prev: prev.map(|seq| hash(device, seq)),
        nonce: [0; 16],
        aud: "a".into(),
        listener: format!("listener-{listener}"),
        anchor: None,
        sent_at: at + 50_000,
        sdk: "test".into(),
        events: events
            .iter()
            .map(|event| serde_json::value::RawValue::from_string(event.to_json()).unwrap())
            .collect(),
        dropped: Vec::new(),
    };
    let context = IntakeContext {
        client: "browser".into(),
        network: Some(format!("n{network}")),
        ..Default::default()
    };
    let received = Received { leaf, at: at + 60_000, anchored: None, hash: hash(device, seq), context };
    Told { batch, received }
}

fn judged(all: &[Told], examine_each: bool) -> Vec<Play> {
    let mut judge = Judge::new(analysis(), MemoryCasebook::default());
    for told in all {
        take(&mut judge, told);
        if examine_each {
            let Ok(_) = judge.examine();
        }
    }
    let Ok(_) = judge.examine();
    judge.casebook().cases().map(|case| case.play.clone()).collect()
}

fn take(judge: &mut Judge<MemoryCasebook>, Told { batch, received }: &Told) {
    let Ok(_) = judge.take(Heard::new(batch.clone().read(), received));
}

fn batches() -> impl Strategy<Value = Vec<Told>> {
    let one = (0..3_u8, 0..3_u8, 0..2_u8, 1..6_u64, proptest::option::weighted(0.8, 1..6_u64), 0..12_u8);
    proptest::collection::vec(one, 1..16).prop_map(|all| {
        (1..)
            .zip(all)
            .map(|(leaf, (device, listener, network, seq, prev, session))| {
                told(leaf, device, listener, network, seq, prev, session)
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_order_any_repetition_and_any_time_of_asking_give_the_same_plays(
        all in batches(),
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 0..24),
    ) {
        let expected = judged(&all, false);
        prop_assert_eq!(&judged(&all, true), &expected);
        let mut again: Vec<Told> = order.iter().map(|index| index.get(&all).clone()).collect();
        again.extend(all.iter().rev().cloned());
        prop_assert_eq!(&judged(&again, true), &expected);
        prop_assert_eq!(&judged(&again, false), &expected);
    }

    #[test]
    fn after_an_erasure_a_server_says_what_an_auditor_says(all in batches()) {
        let mut judge = Judge::new(analysis(), MemoryCasebook::default());
        for told in &all {
            take(&mut judge, told);
        }
        let Ok(_) = judge.examine();
        let Ok(_) = judge.erase("listener-1");
        let Ok(_) = judge.examine();
        let left: Vec<Play> = judge.casebook().cases().map(|case| case.play.clone()).collect();
        // An auditor never sees what was erased, but for its hash.
        let mut audit = Judge::new(analysis(), MemoryCasebook::default());
        for told in &all {
            if told.batch.listener == "listener-1" {
                let Ok(_) = audit.erased(told.received.hash);
            } else {
                take(&mut audit, told);
            }
        }
        let Ok(_) = audit.examine();
        let seen: Vec<Play> = audit.casebook().cases().map(|case| case.play.clone()).collect();
        prop_assert_eq!(left, seen);
    }
}

fn signals(play: &Play) -> Vec<&str> {
    play.verdict.suspicion.iter().flat_map(|suspicion| &suspicion.signals).map(String::as_str).collect()
}

#[test]
fn a_play_becomes_suspect_by_what_comes_later() {
    let mut judge = Judge::new(analysis(), MemoryCasebook::default());
    let key = SessionKey { device: DeviceId(Hash::of(&[0])), session: Uuid::from_u128(1) };
    let play = |judge: &Judge<MemoryCasebook>| -> Play {
        let Ok(play) = judge.play(&key);
        play.unwrap()
    };
    take(&mut judge, &told(1, 0, 0, 0, 1, None, 1));
    take(&mut judge, &told(2, 0, 0, 1, 2, Some(1), 2));
    let Ok(changed) = judge.examine();
    assert!(changed.is_empty());
    assert_eq!(play(&judge).verdict.status, Status::Valid);
    take(&mut judge, &told(3, 0, 0, 0, 3, Some(2), 3));
    let Ok(changed) = judge.examine();
    assert_eq!(changed.len(), 3);
    assert_eq!(signals(&play(&judge)), ["test.Device", "test.Listener"]);
    assert_eq!(
        play(&judge).verdict.suspicion.map(|suspicion| (suspicion.analysis, suspicion.score)),
        Some((7, 120))
    );
    assert_eq!(play(&judge).verdict.status, Status::Suspect);
}

#[test]
fn a_gap_heals_and_a_fork_shows_on_both_sides() -> Result<(), Infallible> {
    let mut judge = Judge::new(Arc::new(Analysis::v1()), MemoryCasebook::default());
    let device = DeviceId(Hash::of(&[0]));
    let of = |judge: &Judge<MemoryCasebook>, session: u128| {
        let Ok(play) = judge.play(&SessionKey { device, session: Uuid::from_u128(session) });
        signals(&play.unwrap()).join(" ")
    };
    take(&mut judge, &told(1, 0, 0, 0, 1, None, 1));
    take(&mut judge, &told(2, 0, 0, 0, 3, Some(2), 3));
    assert_eq!((of(&judge, 1).as_str(), of(&judge, 3).as_str()), ("", "chain_gap"));
    take(&mut judge, &told(3, 0, 0, 0, 2, Some(1), 2));
    assert_eq!(of(&judge, 3), "");
    let mut rival = told(4, 0, 0, 0, 2, Some(1), 9);
    rival.received.hash = Hash::of(b"rival");
    take(&mut judge, &rival);
    judge.examine()?;
    let all = (of(&judge, 1), of(&judge, 2), of(&judge, 9));
    assert_eq!((all.0.as_str(), all.1.as_str(), all.2.as_str()), ("chain_fork", "chain_fork", "chain_fork"));
    judge.erased(Hash::of(b"0/50"))?;
    take(&mut judge, &told(5, 0, 0, 0, 51, Some(50), 51));
    assert!(!of(&judge, 51).contains("chain_gap"), "a batch that was erased is not missing");
    Ok(())
}

#[test]
fn more_than_can_be_looked_at_is_marked_for_that() {
    let mut judge = Judge::new(Arc::new(Analysis::v1()), MemoryCasebook::default());
    let first = told(1, 0, 0, 0, 1, None, 1);
    take(&mut judge, &first);
    for leaf in 2..=u64::try_from(MOST).unwrap() + 1 {
        let mut told = told(leaf, 0, 0, 0, leaf, Some(leaf - 1), 1);
        // Each a session of its own within the same hour.
        told.batch.events = told
            .batch
            .events
            .iter()
            .map(|event| {
                let mut event = Event::from_json(event.get()).unwrap();
                event.session = Uuid::from_u128(u128::from(leaf) << 64);
                event.id = Uuid::from_u128(event.id.as_u128() | u128::from(leaf) << 64);
                serde_json::value::RawValue::from_string(event.to_json()).unwrap()
            })
            .collect();
        take(&mut judge, &told);
    }
    let Ok(_) = judge.examine();
    let statuses: BTreeSet<&str> =
        judge.casebook().cases().map(|case| case.play.verdict.status.as_str()).collect();
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), ["suspect"]);
    assert!(judge.casebook().cases().all(|case| signals(&case.play).contains(&"flood")));
}

/// What `joint` makes of session 1, of which each of these logs holds some batches; each judges its own first.
fn joined(logs: &[(&str, &[Told])]) -> Option<Play> {
    let key = SessionKey { device: DeviceId(Hash::of(&[1])), session: Uuid::from_u128(1) };
    let said: Vec<Play> = logs
        .iter()
        .flat_map(|(_, batches)| judged(batches, true))
        .filter(|play| SessionKey::from(play) == key)
        .collect();
    let held = logs.iter().flat_map(|(log, batches)| {
        batches.iter().map(|told| ((*log).to_owned(), Heard::new(told.batch.clone().read(), &told.received)))
    });
    joint(&analysis(), &key, held.collect(), &said)
}

#[test]
fn in_several_logs_a_session_is_worth_what_it_is_in_one() {
    let one = |seq, prev| told(seq, 1, 1, 0, seq, prev, 1);
    let all = [one(1, None), one(2, Some(1)), one(3, Some(2))];
    let expected = judged(&all, false).pop();
    let [first, second, third] = all;
    let (a, b) = ([first.clone(), third.clone()], [second.clone()]);
    assert!(judged(&b, false)[0].verdict.suspicion.is_some(), "by itself it follows one that never came");
    assert_eq!(joined(&[("a", &a), ("b", &b)]), expected);
    assert_eq!(joined(&[("b", &b), ("a", &a)]), expected);
    // The same batches in both logs.
    assert_eq!(joined(&[("a", &[first.clone(), second.clone()]), ("b", &[first, second, third])]), expected);
}

#[test]
fn what_a_log_found_beside_its_part_holds_of_the_whole() {
    let listener = |session| told(10 + u64::from(session), session, 1, 0, 1, None, session);
    let (first, second) = (told(1, 1, 1, 0, 1, None, 1), told(2, 1, 1, 0, 2, Some(1), 1));
    let beside = [second, listener(2), listener(3)];
    let play = joined(&[("a", &[first]), ("b", &beside)]).unwrap();
    let found = play.verdict.suspicion.unwrap();
    assert!(found.signals.contains(&"test.Listener".to_owned()), "{found:?}");
    assert!(!found.signals.contains(&"chain_gap".to_owned()), "{found:?}");
}
