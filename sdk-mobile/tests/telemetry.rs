//! Telemetry as an app uses it, without a server: what is kept, what is told, and how it ends. The tests in
//! Kotlin go on from here to a real server.

mod support;

use delistening_sdk_mobile::{
    Activity, Consent, EndReason, LocationPrecision, Seconds, SyncOutcome, Telemetry, TelemetryError,
    TelemetryEvent, Track,
};
use std::sync::Arc;
use std::thread;
use support::{App, Tokens, block_on, options, play, track};

/// More than any test takes; nothing waits that long unless it is broken.
const LONG: Seconds = Seconds(60.0);

fn events(outcome: &SyncOutcome) -> i64 {
    match outcome {
        SyncOutcome::Pending { status } => status.events,
        other => panic!("{other:?}"),
    }
}

/// What a telemetry object finds in the folder, told by a sync that cannot succeed.
fn kept(app: &App) -> i64 {
    let telemetry = app.open(Tokens::Refused);
    let outcome = block_on(telemetry.sync(LONG));
    block_on(telemetry.shut_down(LONG));
    events(&outcome)
}

#[test]
fn where_nothing_was_recorded_nothing_needs_to_be_sent() {
    let app = App::new();
    let telemetry = app.open(Tokens::Refused);
    assert_eq!(block_on(telemetry.sync(LONG)), SyncOutcome::Complete);
    assert_eq!(telemetry.device().len(), 43, "a thumbprint");
}

#[test]
fn plays_of_many_threads_are_all_kept_and_found_again() {
    let app = App::new();
    let telemetry = app.open(Tokens::Refused);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    let play = telemetry.session(track(), "test".to_owned(), false);
                    play.playing(0);
                    play.position(100);
                    play.ended(EndReason::Completed, 200);
                }
            });
        }
    });
    // Each: started, progress, ended.
    assert_eq!(events(&block_on(telemetry.sync(LONG))), 8 * 25 * 3);
    assert_eq!(telemetry.status().events, 8 * 25 * 3);
    assert_eq!(events(&block_on(telemetry.shut_down(LONG))), 8 * 25 * 3);
    assert_eq!(kept(&app), 8 * 25 * 3);
}

#[test]
fn a_folder_serves_one_object_at_a_time() {
    let app = App::new();
    let telemetry = app.open(Tokens::Refused);
    let refused = Telemetry::new(options(&app.folder()), Arc::new(Tokens::Refused), None, None, None);
    assert!(matches!(refused, Err(TelemetryError::FolderInUse { .. })));
    block_on(telemetry.shut_down(LONG));
    let next = app.open(Tokens::Refused);
    assert_eq!(next.device(), telemetry.device());
    assert_eq!(block_on(telemetry.sync(LONG)), SyncOutcome::Stopped);
}

#[test]
fn shutting_down_ends_what_is_open_where_it_was() {
    let app = App::new();
    let telemetry = app.open(Tokens::Refused);
    let play = telemetry.session(track(), "test".to_owned(), false);
    play.playing(0);
    play.position(120);
    block_on(telemetry.shut_down(LONG));
    play.position(200);
    assert_eq!(app.ends(), [("stopped".to_owned(), 120)]);
    assert_eq!(kept(&app), 3);
}

#[test]
fn a_session_that_is_let_go_of_ends_and_so_does_telemetry() {
    let app = App::new();
    let telemetry = app.open(Tokens::Refused);
    let abandoned = telemetry.session(track(), "test".to_owned(), false);
    abandoned.playing(0);
    abandoned.paused(50);
    drop(abandoned);
    let open = telemetry.session(track(), "test".to_owned(), false);
    open.playing(0);
    open.seeked(10, 150);
    drop(telemetry);
    // Opening waits until the one before has let go of the folder.
    assert_eq!(kept(&app), 4 + 4, "started, progress, paused or seeked, ended");
    assert_eq!(app.ends(), [("unloaded".to_owned(), 50), ("unloaded".to_owned(), 150)]);
}

#[test]
fn what_cannot_be_used_is_told_and_does_nothing() {
    let app = App::new();
    let telemetry = app.open(Tokens::Refused);
    telemetry.session(Track { id: String::new(), ..track() }, "test".to_owned(), false).playing(0);
    let play = telemetry.session(track(), "test".to_owned(), false);
    play.playing(-1);
    play.position(i64::MAX);
    play.seeked(0, i64::MIN);
    play.rate(f64::NAN);
    play.volume(1.1, false);
    play.failed(String::new(), 0);
    play.ended(EndReason::Stopped, -5);
    assert_eq!(block_on(telemetry.sync(LONG)), SyncOutcome::Complete);
    assert_eq!(app.errors(), ["invalid-argument"; 8]);
}

#[test]
fn an_app_that_gives_no_token_is_told_and_asked_again_with_the_next_sync() {
    let app = App::new();
    let telemetry = app.open(Tokens::Refused);
    play(&telemetry);
    assert_eq!(events(&block_on(telemetry.sync(LONG))), 3);
    assert_eq!(app.errors(), ["bad-token"]);
    assert_eq!(events(&block_on(telemetry.sync(LONG))), 3);
    assert_eq!(app.errors(), ["bad-token"; 2]);
}

#[test]
fn a_sync_ends_at_its_deadline_and_what_it_waits_for_is_cancelled_at_the_end() {
    let app = App::new();
    let (tokens, cancelled) = Tokens::never();
    let telemetry = app.open(tokens);
    play(&telemetry);
    assert_eq!(events(&block_on(telemetry.sync(Seconds(0.02)))), 3);
    assert!(cancelled.try_recv().is_err(), "what is under way goes on");
    assert_eq!(events(&block_on(telemetry.shut_down(Seconds(0.0)))), 3);
    cancelled.recv_timeout(LONG.duration()).unwrap_err();
    assert_eq!(kept(&app), 3);
}

#[test]
fn a_deadline_may_be_any_number() {
    let app = App::new();
    let telemetry = app.open(Tokens::Refused);
    play(&telemetry);
    for within in [-1.0, f64::NEG_INFINITY, f64::NAN, f64::MAX, f64::INFINITY] {
        assert_eq!(events(&block_on(telemetry.sync(Seconds(within)))), 3, "{within}");
    }
}

#[test]
fn a_panic_ends_telemetry_and_nothing_else() {
    let app = App::new();
    let telemetry = app.open(Tokens::Panic);
    let session = play(&telemetry);
    assert_eq!(block_on(telemetry.sync(LONG)), SyncOutcome::Stopped);
    assert_eq!(app.errors(), ["core-failed"]);
    session.position(300);
    assert_eq!(block_on(telemetry.shut_down(LONG)), SyncOutcome::Stopped);
    assert_eq!(kept(&app), 3);
}

#[test]
fn an_observer_that_fails_changes_nothing() {
    let app = App::new();
    let observer = Arc::new(support::Failing);
    let telemetry =
        Telemetry::new(options(&app.folder()), Arc::new(Tokens::Refused), Some(observer), None, None)
            .unwrap();
    play(&telemetry);
    assert_eq!(events(&block_on(telemetry.sync(LONG))), 3);
}

#[test]
fn the_status_is_told_when_it_changes() {
    let app = App::new();
    let telemetry = app.open(Tokens::Refused);
    play(&telemetry);
    block_on(telemetry.sync(LONG));
    let told: Vec<i64> = app
        .told()
        .into_iter()
        .filter_map(|event| match event {
            TelemetryEvent::Status { status } => Some(status.events),
            _ => None,
        })
        .collect();
    assert_eq!(told, [1, 3], "started; then progress and ended at once");
}

/// The members named `name` of the events that the app was told of.
fn members(app: &App, name: &str) -> Vec<String> {
    let member = |event| match event {
        TelemetryEvent::Event { json } => {
            let event: serde_json::Value = serde_json::from_str(&json).unwrap();
            Some(event.get(name)?.as_str()?.to_owned())
        }
        _ => None,
    };
    app.told().into_iter().filter_map(member).collect()
}

/// A play of somebody who walks through Berlin with headphones.
fn sensed_play(telemetry: &Telemetry) {
    telemetry.activity(Activity::Walking, 0.9);
    telemetry.location(52.52, 13.405);
    let play = telemetry.session(track(), "test".to_owned(), false);
    play.output("headphones".to_owned());
    play.playing(0);
    play.position(100);
    play.ended(EndReason::Completed, 200);
}

#[test]
fn how_and_where_a_device_is_is_told_by_consent_alone() {
    let app = App::new();
    let telemetry = app.open(Tokens::Refused);
    sensed_play(&telemetry);
    block_on(telemetry.sync(LONG));
    for name in ["activity", "cell", "output"] {
        assert_eq!(members(&app, name), [""; 0], "{name}");
    }
    telemetry.set_consent(Consent { motion: true, location: Some(LocationPrecision::City), output: true });
    sensed_play(&telemetry);
    block_on(telemetry.sync(LONG));
    for (name, told) in [("activity", "walking"), ("cell", "u33d"), ("output", "headphones")] {
        assert_eq!(members(&app, name), [told], "{name}");
    }
    telemetry.set_consent(Consent::default());
    sensed_play(&telemetry);
    block_on(telemetry.sync(LONG));
    for name in ["activity", "cell", "output"] {
        assert_eq!(members(&app, name).len(), 1, "{name}");
    }
    telemetry.activity(Activity::Still, 1.1);
    telemetry.location(f64::NAN, 0.0);
    block_on(telemetry.shut_down(LONG));
    let invalid = app.errors().into_iter().filter(|code| code == "invalid-argument").count();
    assert_eq!(invalid, 2);
}

#[test]
fn what_is_forgotten_is_gone_and_a_new_device_begins() {
    let app = App::new();
    let telemetry = app.open(Tokens::Refused);
    play(&telemetry);
    block_on(telemetry.sync(LONG));
    block_on(telemetry.forget()).unwrap();
    assert_eq!(std::fs::read_dir(app.folder()).unwrap().count(), 0);
    assert!(matches!(block_on(telemetry.forget()), Err(TelemetryError::Unavailable { .. })));
    let next = app.open(Tokens::Refused);
    assert_ne!(next.device(), telemetry.device());
    assert_eq!(block_on(next.sync(LONG)), SyncOutcome::Complete);
}
