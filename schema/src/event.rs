//! Playback events, version 1.
//!
//! An event is one JSON object: a few members that every event has, a `type`, and the members of that
//! type. Readers ignore members they do not know; a type they do not know is a problem of that one event
//! and never of its neighbours.

use crate::intervals::{Interval, Intervals};
use crate::json::{self, Object, ToJson};
use crate::prelude::*;
use crate::{limits, object, words};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

mod wire;

/// One thing that happened during a session (one play of one track).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Event {
    /// UUIDv7, unique for this event.
    pub id: Uuid,
    /// Wall clock of the device, milliseconds since 1970.
    pub at: u64,
    /// Milliseconds since the session began, from a monotonic clock.
    pub mono: u64,
    /// The session, UUIDv7.
    pub session: Uuid,
    /// The platform's identifier of the track.
    pub track: String,
    /// What happened.
    #[serde(flatten)]
    pub body: Body,
}

/// What happened, and what is known about it. Positions are milliseconds of media time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Body {
    /// A session began.
    #[serde(rename = "play.started")]
    Started(Started),
    /// Playback went on; written every 10 s of playback and at every change that matters.
    #[serde(rename = "play.progress")]
    Progress(Progress),
    /// Playback was paused.
    #[serde(rename = "play.paused")]
    Paused(At),
    /// Playback went on after a pause.
    #[serde(rename = "play.resumed")]
    Resumed(At),
    /// The position was moved.
    #[serde(rename = "play.seeked")]
    Seeked(Seeked),
    /// Playback waited for data.
    #[serde(rename = "play.stalled")]
    Stalled(Stalled),
    /// Playback failed.
    #[serde(rename = "play.failed")]
    Failed(Failed),
    /// The session ended. Everything heard is repeated here.
    #[serde(rename = "play.ended")]
    Ended(Ended),
    /// How the device moved; a summary, never raw samples.
    #[serde(rename = "signal.motion")]
    Motion(Motion),
    /// A coarse place, at the precision that the listener allowed.
    #[serde(rename = "signal.location")]
    Location(Location),
    /// The listener liked the track.
    #[serde(rename = "engage.like")]
    Like(Engagement),
    /// The listener shared the track.
    #[serde(rename = "engage.share")]
    Share(Engagement),
    /// The listener added the track to a playlist.
    #[serde(rename = "engage.playlist_add")]
    PlaylistAdd(Engagement),
    /// The listener followed the artist.
    #[serde(rename = "engage.follow")]
    Follow(Engagement),
}

/// Members of `play.started`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Started {
    /// The platform's identifier of the artist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    /// The platform's identifier of the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Length of the track in milliseconds; absent for a live stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// What led to the play: album, playlist, search, radio, embed …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether the media came from the device's own storage, without a network.
    pub offline: bool,
    /// What decodes: `native`, `wasm`, or the name of the host's own player.
    pub engine: String,
    /// Whether playback began by itself rather than by a user's gesture.
    pub autoplay: bool,
}

/// Members of `play.progress`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Progress {
    /// What was heard since the last progress, in the order it was rendered; repeats stand twice.
    pub heard: Vec<Interval>,
    /// Milliseconds of media time that were rendered but not audible (muted, or volume zero).
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "generate", ts(as = "Option<u64>", optional))]
    pub silent_ms: u64,
    /// Playback rate; 1 is normal speed.
    pub rate: f64,
    /// Volume from 0 to 1.
    pub volume: f64,
    /// Whether the player was muted.
    pub muted: bool,
    /// Whether the player could be seen: a visible tab, an app in the foreground.
    pub visible: bool,
    /// Output route, where the platform tells: speaker, headphones, bluetooth, cast …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// A position.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct At {
    /// Where.
    pub position_ms: u64,
}

/// Members of `play.seeked`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Seeked {
    /// Where playback was.
    pub from_ms: u64,
    /// Where it went.
    pub to_ms: u64,
}

/// Members of `play.stalled`, written when the stall is over.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Stalled {
    /// Where.
    pub position_ms: u64,
    /// How long nothing was heard, in milliseconds of monotonic time.
    pub stalled_ms: u64,
}

/// Members of `play.failed`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Failed {
    /// Where.
    pub position_ms: u64,
    /// The player's code for what went wrong.
    pub code: String,
}

/// Members of `play.ended`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Ended {
    /// Why.
    pub reason: EndReason,
    /// Where.
    pub position_ms: u64,
    /// All that was heard in the session, each instant once.
    #[cfg_attr(feature = "generate", schemars(with = "Vec<Interval>"), ts(as = "Vec<Interval>"))]
    pub heard: Intervals,
    /// All that was heard, repeats included, in milliseconds of media time.
    pub played_ms: u64,
    /// How often playback was paused.
    pub pauses: u32,
    /// How often the position was moved.
    pub seeks: u32,
    /// How often playback waited for data.
    pub stalls: u32,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum EndReason {
    /// The track was played to its end.
    Completed,
    /// The listener went on to another track.
    Skipped,
    /// The listener stopped.
    Stopped,
    /// The host loaded another track into the same player.
    Replaced,
    /// The page or app went away.
    Unloaded,
    /// The session was found open at the next start.
    Crashed,
}

/// Members of `signal.motion`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Motion {
    /// The likeliest activity.
    pub activity: Activity,
    /// Confidence from 0 to 1.
    pub confidence: f64,
}

/// How a device moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Activity {
    /// Not moving.
    Still,
    /// On foot, walking.
    Walking,
    /// On foot, running.
    Running,
    /// In a vehicle.
    Vehicle,
}

/// Members of `signal.location`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Location {
    /// The cell's grid.
    pub grid: Grid,
    /// The cell, in its grid's own spelling; its length is its precision.
    pub cell: String,
}

/// A grid of cells on the earth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Grid {
    /// Uber's hexagons.
    H3,
    /// Niemeyer's geohash.
    Geohash,
}

/// Members of the `engage.*` events.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Engagement {
    /// What the act was aimed at beside the track: a playlist, an artist, a channel of sharing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

words!(EndReason {
    Completed = "completed",
    Skipped = "skipped",
    Stopped = "stopped",
    Replaced = "replaced",
    Unloaded = "unloaded",
    Crashed = "crashed",
});
words!(Activity { Still = "still", Walking = "walking", Running = "running", Vehicle = "vehicle" });
words!(Grid { H3 = "h3", Geohash = "geohash" });

object!(members Started { [artist], [release], [duration_ms], [source], offline, engine, autoplay });
object!(members Progress { heard, [silent_ms], rate, volume, muted, visible, [output] });
object!(members At { position_ms });
object!(members Seeked { from_ms, to_ms });
object!(members Stalled { position_ms, stalled_ms });
object!(members Failed { position_ms, code });
object!(members Ended { reason, position_ms, heard, played_ms, pauses, seeks, stalls });
object!(members Motion { activity, confidence });
object!(members Location { grid, cell });
object!(members Engagement { [target] });

impl ToJson for Event {
    fn write_json(&self, out: &mut String) {
        let mut object = Object::begin(out);
        object.member("id", &self.id);
        object.member("at", &self.at);
        object.member("mono", &self.mono);
        object.member("session", &self.session);
        object.member("track", &self.track);
        object.member("type", self.body.type_name());
        match &self.body {
            Body::Started(started) => started.write_members(&mut object),
            Body::Progress(progress) => progress.write_members(&mut object),
            Body::Paused(at) | Body::Resumed(at) => at.write_members(&mut object),
            Body::Seeked(seeked) => seeked.write_members(&mut object),
            Body::Stalled(stalled) => stalled.write_members(&mut object),
            Body::Failed(failed) => failed.write_members(&mut object),
            Body::Ended(ended) => ended.write_members(&mut object),
            Body::Motion(motion) => motion.write_members(&mut object),
            Body::Location(location) => location.write_members(&mut object),
            Body::Like(act) | Body::Share(act) | Body::PlaylistAdd(act) | Body::Follow(act) => {
                act.write_members(&mut object);
            }
        }
        object.end();
    }
}

impl Body {
    /// The `type` of the event.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Started(_) => "play.started",
            Self::Progress(_) => "play.progress",
            Self::Paused(_) => "play.paused",
            Self::Resumed(_) => "play.resumed",
            Self::Seeked(_) => "play.seeked",
            Self::Stalled(_) => "play.stalled",
            Self::Failed(_) => "play.failed",
            Self::Ended(_) => "play.ended",
            Self::Motion(_) => "signal.motion",
            Self::Location(_) => "signal.location",
            Self::Like(_) => "engage.like",
            Self::Share(_) => "engage.share",
            Self::PlaylistAdd(_) => "engage.playlist_add",
            Self::Follow(_) => "engage.follow",
        }
    }
}

/// Why one event was set aside while its batch was kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not an event object, or a member is missing, of the wrong type or out of range.
    #[error("{0}")]
    Malformed(String),
    /// A type this version does not know.
    #[error("the event type {0:?} is not one that version 1 knows")]
    UnknownType(String),
}

impl Event {
    /// Reads one event and checks every member against its bounds.
    pub fn from_json(json: &str) -> Result<Self, EventError> {
        let wire: wire::Wire =
            serde_json::from_str(json).map_err(|error| EventError::Malformed(error.to_string()))?;
        wire.try_into()
    }

    /// The event as a device stores, signs and sends it: see [`json`].
    pub fn to_json(&self) -> String {
        json::to_string(self)
    }

    /// Checks every member against its bounds.
    pub fn check(&self) -> Result<(), EventError> {
        id("track", &self.track)?;
        time("at", self.at)?;
        time("mono", self.mono)?;
        match &self.body {
            Body::Started(started) => {
                optional(started.artist.as_deref(), |text| id("artist", text))?;
                optional(started.release.as_deref(), |text| id("release", text))?;
                optional(started.source.as_deref(), |text| label("source", text))?;
                time("duration_ms", started.duration_ms.unwrap_or(0))?;
                label("engine", &started.engine)
            }
            Body::Progress(progress) => {
                intervals(&progress.heard)?;
                time("silent_ms", progress.silent_ms)?;
                range("rate", progress.rate, 16)?;
                range("volume", progress.volume, 1)?;
                optional(progress.output.as_deref(), |text| label("output", text))
            }
            Body::Paused(at) | Body::Resumed(at) => time("position_ms", at.position_ms),
            Body::Seeked(seeked) => {
                time("from_ms", seeked.from_ms)?;
                time("to_ms", seeked.to_ms)
            }
            Body::Stalled(stalled) => {
                time("position_ms", stalled.position_ms)?;
                time("stalled_ms", stalled.stalled_ms)
            }
            Body::Failed(failed) => {
                time("position_ms", failed.position_ms)?;
                label("code", &failed.code)
            }
            Body::Ended(ended) => {
                intervals(ended.heard.as_slice())?;
                time("position_ms", ended.position_ms)?;
                time("played_ms", ended.played_ms)
            }
            Body::Motion(motion) => range("confidence", motion.confidence, 1),
            Body::Location(location) => label("cell", &location.cell),
            Body::Like(act) | Body::Share(act) | Body::PlaylistAdd(act) | Body::Follow(act) => {
                optional(act.target.as_deref(), |text| id("target", text))
            }
        }
    }
}

// serde hands `skip_serializing_if` a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn malformed(name: &str, rule: impl core::fmt::Display) -> EventError {
    EventError::Malformed(format!("{name} must be {rule}"))
}

fn optional<T>(value: Option<T>, check: impl Fn(T) -> Result<(), EventError>) -> Result<(), EventError> {
    value.map_or(Ok(()), check)
}

fn text(name: &str, text: &str, most: usize) -> Result<(), EventError> {
    if text.is_empty() || text.len() > most || text.chars().any(char::is_control) {
        return Err(malformed(name, format_args!("1 to {most} bytes without control characters")));
    }
    Ok(())
}

fn id(name: &str, value: &str) -> Result<(), EventError> {
    text(name, value, limits::ID_BYTES)
}

fn label(name: &str, value: &str) -> Result<(), EventError> {
    text(name, value, limits::LABEL_BYTES)
}

fn time(name: &str, value: u64) -> Result<(), EventError> {
    if value > limits::MAX_INTEGER {
        return Err(malformed(name, "at most 2^53 - 1"));
    }
    Ok(())
}

fn range(name: &str, value: f64, most: u32) -> Result<(), EventError> {
    if !(0.0..=f64::from(most)).contains(&value) {
        return Err(malformed(name, format_args!("between 0 and {most}")));
    }
    Ok(())
}

fn intervals(heard: &[Interval]) -> Result<(), EventError> {
    if heard.len() > limits::EVENT_INTERVALS {
        return Err(malformed("heard", format_args!("at most {} intervals", limits::EVENT_INTERVALS)));
    }
    if heard.iter().any(|interval| interval.0 >= interval.1 || interval.1 > limits::MAX_INTEGER) {
        return Err(malformed("heard", "intervals whose start lies before their end"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#""id":"018f4e3a-7c00-7000-8000-000000000001","at":1,"mono":2,"session":"018f4e3a-7c00-7000-8000-000000000002","track":"t""#;

    fn event(rest: &str) -> Result<Event, EventError> {
        Event::from_json(&format!("{{{HEAD},{rest}}}"))
    }

    #[test]
    fn every_type_survives_a_round_trip() {
        for rest in [
            r#""type":"play.started","artist":"a","duration_ms":3,"offline":false,"engine":"native","autoplay":true"#,
            r#""type":"play.progress","heard":[[0,10],[4,9]],"rate":1.0,"volume":0.5,"muted":false,"visible":true"#,
            r#""type":"play.paused","position_ms":1"#,
            r#""type":"play.resumed","position_ms":1"#,
            r#""type":"play.seeked","from_ms":1,"to_ms":2"#,
            r#""type":"play.stalled","position_ms":1,"stalled_ms":2"#,
            r#""type":"play.failed","position_ms":1,"code":"decode""#,
            r#""type":"play.ended","reason":"completed","position_ms":9,"heard":[[0,9]],"played_ms":9,"pauses":0,"seeks":0,"stalls":0"#,
            r#""type":"signal.motion","activity":"walking","confidence":0.5"#,
            r#""type":"signal.location","grid":"geohash","cell":"u33""#,
            r#""type":"engage.playlist_add","target":"p""#,
        ] {
            let read = event(rest).unwrap();
            assert_eq!(read.to_json(), format!("{{{HEAD},{rest}}}"));
        }
    }

    #[test]
    fn members_nobody_knows_are_ignored() {
        assert!(event(r#""type":"play.paused","position_ms":1,"later":{"x":[1]}"#).is_ok());
    }

    #[test]
    fn each_bound_is_checked() {
        for rest in [
            r#""type":"play.paused""#,
            r#""type":"play.paused","position_ms":-1"#,
            r#""type":"play.paused","position_ms":9007199254740992"#,
            r#""type":"play.failed","position_ms":1,"code":"""#,
            r#""type":"play.progress","heard":[[5,5]],"rate":1,"volume":1,"muted":false,"visible":true"#,
            r#""type":"play.progress","heard":[],"rate":17,"volume":1,"muted":false,"visible":true"#,
            r#""type":"play.progress","heard":[],"rate":1,"volume":1.1,"muted":false,"visible":true"#,
            r#""type":"signal.location","grid":"maidenhead","cell":"JO62""#,
        ] {
            assert!(matches!(event(rest), Err(EventError::Malformed(_))), "{rest}");
        }
        assert_eq!(event(r#""type":"play.danced""#), Err(EventError::UnknownType("play.danced".into())));
    }
}
