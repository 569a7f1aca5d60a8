//! One play of one track, told by the app.

use crate::events::TelemetryEvent;
use crate::inbox::{Inbox, Message};
use delistening_schema::event;
use delistening_sdk_core::Signal;

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum EndReason {
    /// The track was played to its end.
    Completed,
    /// The listener went on to another track.
    Skipped,
    /// The listener stopped.
    Stopped,
    /// Another track was loaded into the same player.
    Replaced,
    /// The player or app went away.
    Unloaded,
}

impl From<EndReason> for event::EndReason {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::Completed => Self::Completed,
            EndReason::Skipped => Self::Skipped,
            EndReason::Stopped => Self::Stopped,
            EndReason::Replaced => Self::Replaced,
            EndReason::Unloaded => Self::Unloaded,
        }
    }
}

/// One play of one track. Positions are milliseconds of media time. Tell it what the player does, as it does
/// it; what was heard is worked out from that. No call waits or fails, from any thread; one that cannot be used
/// is told to the observer. After `ended`, everything else is ignored. A session that is let go of ends where
/// it was.
#[derive(Debug, uniffi::Object)]
pub struct PlaySession {
    id: String,
    handle: u32,
    inbox: Inbox,
}

impl PlaySession {
    pub(crate) fn new(id: String, handle: u32, inbox: Inbox) -> Self {
        Self { id, handle, inbox }
    }

    fn tell(&self, signal: Option<Signal>, otherwise: &str) {
        self.inbox.put(match signal {
            Some(signal) => Message::Signal { handle: self.handle, signal },
            None => Message::Report(TelemetryEvent::invalid(otherwise)),
        });
    }
}

#[uniffi::export]
impl PlaySession {
    /// `UUIDv7`, as in the session's events.
    pub fn id(&self) -> String {
        self.id.clone()
    }

    /// Sound is coming out, from `position_ms` on.
    pub fn playing(&self, position_ms: i64) {
        self.tell(at(position_ms).map(|position_ms| Signal::Playing { position_ms }), "playing(position)");
    }

    /// Where playback is; call it about four times a second while it plays.
    pub fn position(&self, position_ms: i64) {
        self.tell(at(position_ms).map(|position_ms| Signal::Position { position_ms }), "position(position)");
    }

    /// Playback was paused; `playing` ends the pause.
    pub fn paused(&self, position_ms: i64) {
        self.tell(at(position_ms).map(|position_ms| Signal::Paused { position_ms }), "paused(position)");
    }

    /// Playback waits for data; `playing` ends the stall.
    pub fn stalled(&self, position_ms: i64) {
        self.tell(at(position_ms).map(|position_ms| Signal::Stalled { position_ms }), "stalled(position)");
    }

    /// The position was moved.
    pub fn seeked(&self, from_ms: i64, to_ms: i64) {
        let both = at(from_ms).zip(at(to_ms));
        self.tell(both.map(|(from_ms, to_ms)| Signal::Seeked { from_ms, to_ms }), "seeked(from, to)");
    }

    /// The playback rate changed; 1 is normal speed.
    pub fn rate(&self, rate: f64) {
        let fine = (0.0..=16.0).contains(&rate);
        self.tell(fine.then_some(Signal::Rate { rate }), "rate(rate), from 0 to 16");
    }

    /// Volume, from 0 to 1, or mute changed.
    pub fn volume(&self, volume: f64, muted: bool) {
        let fine = (0.0..=1.0).contains(&volume);
        self.tell(fine.then_some(Signal::Volume { volume, muted }), "volume(volume, muted), from 0 to 1");
    }

    /// The player can be seen, or no longer.
    pub fn visible(&self, visible: bool) {
        self.tell(Some(Signal::Visible { visible }), "visible(visible)");
    }

    /// Where the sound comes out: `speaker`, `headphones`, `bluetooth`, `cast` … Told if the listener agreed to that.
    pub fn output(&self, route: String) {
        let named = !route.is_empty();
        self.tell(named.then_some(Signal::Output { route }), "output(route)");
    }

    /// Playback failed; `code` is the player's own word for what went wrong.
    pub fn failed(&self, code: String, position_ms: i64) {
        let named = at(position_ms).filter(|_| !code.is_empty());
        self.tell(named.map(|position_ms| Signal::Failed { code, position_ms }), "failed(code, position)");
    }

    /// The session is over.
    pub fn ended(&self, reason: EndReason, position_ms: i64) {
        let reason = reason.into();
        let ended = at(position_ms).map(|position_ms| Signal::Ended { reason, position_ms });
        self.tell(ended, "ended(reason, position)");
    }
}

impl Drop for PlaySession {
    fn drop(&mut self) {
        self.inbox.put(Message::Abandoned { handle: self.handle });
    }
}

/// A position that can be used: players give negative ones for "unknown".
fn at(position_ms: i64) -> Option<u64> {
    u64::try_from(position_ms).ok().filter(|&ms| ms <= delistening_schema::limits::MAX_INTEGER)
}
