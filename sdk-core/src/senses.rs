//! What a device senses beside the player: how it moves, and where it is, roughly. Only what the listener allowed is
//! taken, only as a summary, and only while something plays. For builds with the feature `senses`: pages go without.

mod motion;
mod place;

pub use motion::MotionSummary;
pub use place::Precision;

use crate::io::Now;
use crate::prelude::*;
use crate::session::Session;
use delistening_schema::event::{Activity, Body, Location, Motion};

/// Older than this, a motion is told of no play.
const MOTION_FRESH_MS: u64 = 60_000;
/// Older than this, a place is told of no play.
const PLACE_FRESH_MS: u64 = 60 * 60_000;

/// What may be told of plays. Nothing, unless the listener has agreed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// How the device moves.
    pub motion: bool,
    /// Where the device is, and how precisely that may be told.
    pub location: Option<Precision>,
}

/// What was sensed last, in memory alone.
#[derive(Debug, Default)]
pub struct Senses {
    allowed: Allowed,
    motion: Option<(u64, Motion)>,
    place: Option<(u64, Location)>,
}

/// What a session was told last.
#[derive(Debug, Default)]
pub struct Told {
    activity: Option<Activity>,
    place: Option<Location>,
}

impl Senses {
    /// What is no longer allowed is forgotten at once; a place of another precision too.
    pub fn allow(&mut self, allowed: Allowed) {
        if !allowed.motion {
            self.motion = None;
        }
        if allowed.location != self.allowed.location {
            self.place = None;
        }
        self.allowed = allowed;
    }

    pub fn moved(&mut self, now: Now, motion: Motion) {
        if self.allowed.motion && (0.0..=1.0).contains(&motion.confidence) {
            self.motion = Some((now.mono_ms, motion));
        }
    }

    /// Keeps the cell, and nothing of what it was made from.
    pub fn located(&mut self, now: Now, latitude: f64, longitude: f64) {
        if let Some(precision) = self.allowed.location {
            self.place = precision.cell(latitude, longitude).map(|place| (now.mono_ms, place));
        }
    }

    /// Adds what `session` was not told yet to what is about to be recorded of it, before its end.
    pub fn tell(&self, now: Now, session: &mut Session, bodies: &mut Vec<Body>) {
        if bodies.is_empty() || !session.began() {
            return;
        }
        let told = &mut session.sensed;
        let fresh = |since: u64, limit: u64| now.mono_ms.saturating_sub(since) <= limit;
        let mut news = Vec::new();
        if let Some((_, motion)) = self.motion.as_ref().filter(|(at, _)| fresh(*at, MOTION_FRESH_MS))
            && told.activity.replace(motion.activity) != Some(motion.activity)
        {
            news.push(Body::Motion(motion.clone()));
        }
        if let Some((_, place)) = self.place.as_ref().filter(|(at, _)| fresh(*at, PLACE_FRESH_MS))
            && told.place.as_ref() != Some(place)
        {
            told.place = Some(place.clone());
            news.push(Body::Location(place.clone()));
        }
        let before_end = bodies.len() - usize::from(matches!(bodies.last(), Some(Body::Ended(_))));
        bodies.splice(before_end..before_end, news);
    }
}
