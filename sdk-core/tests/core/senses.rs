//! What plays tell of the device: only what is allowed, once, and before their end.

use super::support::World;
use delistening_schema::event::{Activity, Body, EndReason, Motion};
use delistening_sdk_core::{Allowed, Core, Input, Precision};

const MOTION: Allowed = Allowed { motion: true, location: None };
const BERLIN: Input = Input::Located { latitude: 52.52, longitude: 13.405 };

fn walking() -> Input {
    Input::Moved(Motion { activity: Activity::Walking, confidence: 0.75 })
}

fn place(precision: Precision) -> Input {
    Input::Allow(Allowed { motion: false, location: Some(precision) })
}

fn played(world: &mut World, core: &mut Core, handle: u32) {
    world.play(core, handle, "track-1", 30_000, Some(EndReason::Completed));
    world.give(core, Input::Flush);
}

/// What the server was told, but for playback, with the place of each among the events.
fn sensed(world: &World) -> Vec<(usize, String)> {
    let events = world.server.events();
    let told = events.iter().enumerate().filter_map(|(place, event)| match &event.body {
        Body::Motion(motion) => Some((place, motion.activity.as_str().to_owned())),
        Body::Location(location) => Some((place, location.cell.clone())),
        _ => None,
    });
    told.collect()
}

#[test]
fn nothing_is_told_without_consent() {
    let mut world = World::new();
    let mut core = world.start();
    world.give(&mut core, walking());
    world.give(&mut core, BERLIN);
    played(&mut world, &mut core, 1);
    assert_eq!(sensed(&world), []);
}

#[test]
fn each_play_is_told_once_at_its_beginning() {
    let mut world = World::new();
    let mut core = world.start();
    world.give(&mut core, Input::Allow(Allowed { motion: true, location: Some(Precision::City) }));
    world.give(&mut core, walking());
    world.give(&mut core, BERLIN);
    played(&mut world, &mut core, 1);
    assert_eq!(sensed(&world), [(1, "walking".to_owned()), (2, "u33d".to_owned())]);
}

#[test]
fn the_place_is_as_coarse_as_agreed_and_forgotten_with_the_consent() {
    let mut world = World::new();
    let mut core = world.start();
    world.give(&mut core, place(Precision::District));
    world.give(&mut core, BERLIN);
    world.give(&mut core, place(Precision::Region));
    played(&mut world, &mut core, 1);
    assert_eq!(sensed(&world), [], "the finer cell is gone");
    world.give(&mut core, BERLIN);
    played(&mut world, &mut core, 2);
    assert_eq!(sensed(&world).last().unwrap().1, "u33");
    world.give(&mut core, Input::Allow(Allowed::default()));
    played(&mut world, &mut core, 3);
    assert_eq!(sensed(&world).len(), 1);
}

#[test]
fn what_was_long_ago_is_told_of_no_play() {
    let mut world = World::new();
    let mut core = world.start();
    world.give(&mut core, Input::Allow(MOTION));
    world.give(&mut core, walking());
    world.pass(61_000);
    played(&mut world, &mut core, 1);
    assert_eq!(sensed(&world), []);
}

#[test]
fn a_change_is_told_before_the_end() {
    let mut world = World::new();
    let mut core = world.start();
    world.give(&mut core, Input::Allow(MOTION));
    world.play(&mut core, 1, "track-1", 5_000, None);
    world.give(&mut core, walking());
    world.signal(
        &mut core,
        1,
        delistening_sdk_core::Signal::Ended { reason: EndReason::Stopped, position_ms: 5_000 },
    );
    world.give(&mut core, Input::Flush);
    let count = world.server.events().len();
    assert_eq!(sensed(&world), [(count - 2, "walking".to_owned())]);
}
