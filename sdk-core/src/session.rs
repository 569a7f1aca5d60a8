//! One play of one track: player signals become events.

use crate::heard::Heard;
use crate::io::{Now, Signal, Track};
use crate::prelude::*;
use crate::record::SessionRecord;
use delistening_schema::DeviceId;
use delistening_schema::event::{At, Body, EndReason, Ended, Failed, Progress, Seeked, Stalled, Started};
use delistening_schema::play::Gathering;
use uuid::Uuid;

/// A session of a live player.
pub struct Session {
    id: Uuid,
    track: Track,
    engine: String,
    autoplay: bool,
    /// When sound first came out; nothing is recorded before.
    began_mono_ms: Option<u64>,
    playback: Playback,
    rate: f64,
    /// The highest rate since the position was last told: when exactly it changed is not known.
    fastest: f64,
    volume: f64,
    muted: bool,
    visible: bool,
    output: Option<String>,
    heard: Heard,
    position_ms: u64,
    /// When progress was last written.
    progress_mono_ms: u64,
    pauses: u32,
    seeks: u32,
    stalls: u32,
    /// What was recorded of it, for the play rule.
    pub told: Gathering,
    /// What it was told of the device.
    #[cfg(feature = "senses")]
    pub sensed: crate::senses::Told,
}

#[derive(Clone, Copy, PartialEq)]
enum Playback {
    Stopped,
    Paused,
    Playing,
    Stalled { since_mono_ms: u64 },
}

/// An event without its id, and what to do with the session's record.
#[derive(Default)]
pub struct Step {
    /// What happened, in order.
    pub bodies: Vec<Body>,
    /// The session is over.
    pub over: bool,
}

impl Session {
    pub fn new(id: Uuid, track: Track, engine: String, autoplay: bool) -> Self {
        Self {
            id,
            track,
            engine,
            autoplay,
            began_mono_ms: None,
            playback: Playback::Stopped,
            rate: 1.0,
            fastest: 1.0,
            volume: 1.0,
            muted: false,
            visible: true,
            output: None,
            heard: Heard::default(),
            position_ms: 0,
            progress_mono_ms: 0,
            pauses: 0,
            seeks: 0,
            stalls: 0,
            told: Gathering::default(),
            #[cfg(feature = "senses")]
            sensed: crate::senses::Told::default(),
        }
    }

    pub fn id(&self) -> Uuid {
        self.id
    }

    pub fn track(&self) -> &str {
        &self.track.id
    }

    /// Whether anything was recorded.
    pub fn began(&self) -> bool {
        self.began_mono_ms.is_some()
    }

    /// Milliseconds since the session began.
    pub fn mono(&self, now: Now) -> u64 {
        self.began_mono_ms.map_or(0, |began| now.mono_ms.saturating_sub(began))
    }

    /// Takes a signal.
    pub fn signal(&mut self, now: Now, signal: Signal, progress_every_ms: u64) -> Step {
        let mut step = Step::default();
        match signal {
            Signal::Playing { position_ms } => self.playing(now, position_ms, &mut step.bodies),
            Signal::Position { position_ms } => {
                self.advance(now, position_ms, &mut step.bodies);
                let due = now.mono_ms >= self.progress_mono_ms.saturating_add(progress_every_ms);
                if due && self.playback == Playback::Playing {
                    self.progress(now, &mut step.bodies);
                }
            }
            Signal::Paused { position_ms } => {
                if matches!(self.playback, Playback::Playing | Playback::Stalled { .. }) {
                    self.advance(now, position_ms, &mut step.bodies);
                    self.silence(now, Playback::Paused, &mut step.bodies);
                    self.pauses += 1;
                    step.bodies.push(Body::Paused(At { position_ms }));
                }
            }
            Signal::Seeked { from_ms, to_ms } => self.seeked(now, from_ms, to_ms, &mut step.bodies),
            Signal::Stalled { position_ms } => {
                if self.playback == Playback::Playing {
                    self.advance(now, position_ms, &mut step.bodies);
                    self.silence(now, Playback::Stalled { since_mono_ms: now.mono_ms }, &mut step.bodies);
                }
            }
            Signal::Rate { rate } => {
                if (rate - self.rate).abs() > f64::EPSILON {
                    self.progress(now, &mut step.bodies);
                    let before = if self.heard.is_known(now.mono_ms) { 0.0 } else { self.fastest };
                    self.rate = rate.clamp(0.0, 16.0);
                    self.fastest = self.rate.max(before);
                }
            }
            Signal::Volume { volume, muted } => {
                if (volume - self.volume).abs() > f64::EPSILON || muted != self.muted {
                    self.change(now, &mut step.bodies);
                    self.volume = volume.clamp(0.0, 1.0);
                    self.muted = muted;
                }
            }
            Signal::Visible { visible } => {
                if visible != self.visible {
                    self.change(now, &mut step.bodies);
                    self.visible = visible;
                }
            }
            Signal::Output { route } => {
                if self.output.as_deref() != Some(&route) {
                    self.change(now, &mut step.bodies);
                    self.output = Some(route);
                }
            }
            Signal::Failed { code, position_ms } => {
                self.advance(now, position_ms, &mut step.bodies);
                self.silence(now, Playback::Stopped, &mut step.bodies);
                if self.began() {
                    step.bodies.push(Body::Failed(Failed { position_ms, code }));
                }
            }
            Signal::Ended { reason, position_ms } => {
                self.advance(now, position_ms, &mut step.bodies);
                self.silence(now, Playback::Stopped, &mut step.bodies);
                if self.began() {
                    step.bodies.push(Body::Ended(self.ended(reason)));
                }
                step.over = true;
            }
        }
        step
    }

    /// Writes down what was heard up to now, as well as can be told without a position.
    pub fn change(&mut self, now: Now, bodies: &mut Vec<Body>) {
        if self.playback == Playback::Playing {
            if let Some(expected) = self.heard.expected(now.mono_ms, self.rate) {
                let end = self.track.duration_ms.unwrap_or(u64::MAX);
                self.advance(now, expected.min(end), bodies);
            }
            self.progress(now, bodies);
        }
    }

    /// The record from which the session could be ended if this process is gone.
    pub fn record(
        &self,
        now: Now,
        owner: &str,
        listener: Option<&str>,
        device: Option<DeviceId>,
    ) -> SessionRecord {
        SessionRecord {
            owner: owner.to_owned(),
            session: self.id,
            track: self.track.id.clone(),
            listener: listener.map(str::to_owned),
            device,
            at: now.wall_ms,
            mono: self.mono(now),
            position_ms: self.position_ms,
            heard: self.heard.all().clone(),
            played_ms: self.heard.played_ms(),
            pauses: self.pauses,
            seeks: self.seeks,
            stalls: self.stalls,
        }
    }

    fn playing(&mut self, now: Now, position_ms: u64, bodies: &mut Vec<Body>) {
        match self.playback {
            Playback::Playing => return self.advance(now, position_ms, bodies),
            Playback::Stopped if self.began() => bodies.push(Body::Resumed(At { position_ms })),
            Playback::Stopped => {
                self.began_mono_ms = Some(now.mono_ms);
                bodies.push(Body::Started(Started {
                    artist: self.track.artist.clone(),
                    release: self.track.release.clone(),
                    duration_ms: self.track.duration_ms,
                    source: self.track.source.clone(),
                    offline: self.track.offline,
                    engine: self.engine.clone(),
                    autoplay: self.autoplay,
                }));
            }
            Playback::Paused => bodies.push(Body::Resumed(At { position_ms })),
            Playback::Stalled { since_mono_ms } => {
                self.stalls += 1;
                let stalled_ms = now.mono_ms.saturating_sub(since_mono_ms);
                bodies.push(Body::Stalled(Stalled { position_ms: self.position_ms, stalled_ms }));
            }
        }
        self.playback = Playback::Playing;
        self.position_ms = position_ms;
        self.progress_mono_ms = now.mono_ms;
        self.fastest = self.rate;
        self.heard.start(position_ms, now.mono_ms);
    }

    fn seeked(&mut self, now: Now, from_ms: u64, to_ms: u64, bodies: &mut Vec<Body>) {
        self.advance(now, from_ms, bodies);
        if self.playback == Playback::Playing {
            self.progress(now, bodies);
            self.heard.start(to_ms, now.mono_ms);
        }
        self.position_ms = to_ms;
        if self.began() {
            self.seeks += 1;
            bodies.push(Body::Seeked(Seeked { from_ms, to_ms }));
        }
    }

    fn advance(&mut self, now: Now, position_ms: u64, bodies: &mut Vec<Body>) {
        self.position_ms = position_ms;
        if self.playback == Playback::Playing {
            let audible = !self.muted && self.volume > 0.0;
            self.heard.advance(position_ms, now.mono_ms, self.fastest, audible);
            if self.fastest > self.rate {
                self.progress(now, bodies);
            }
        }
        self.fastest = self.rate;
    }

    /// Sound no longer comes out: writes down what was heard.
    fn silence(&mut self, now: Now, to: Playback, bodies: &mut Vec<Body>) {
        self.heard.stop();
        self.progress(now, bodies);
        if let Playback::Stalled { since_mono_ms } = self.playback {
            self.stalls += 1;
            let stalled_ms = now.mono_ms.saturating_sub(since_mono_ms);
            bodies.push(Body::Stalled(Stalled { position_ms: self.position_ms, stalled_ms }));
        }
        self.playback = to;
    }

    fn progress(&mut self, now: Now, bodies: &mut Vec<Body>) {
        self.progress_mono_ms = now.mono_ms;
        if !self.heard.has_recent() {
            return;
        }
        let (heard, silent_ms) = self.heard.take_recent();
        bodies.push(Body::Progress(Progress {
            heard,
            silent_ms,
            rate: self.fastest,
            volume: self.volume,
            muted: self.muted,
            visible: self.visible,
            output: self.output.clone(),
        }));
    }

    fn ended(&self, reason: EndReason) -> Ended {
        Ended {
            reason,
            position_ms: self.position_ms,
            heard: self.heard.all().clone(),
            played_ms: self.heard.played_ms(),
            pauses: self.pauses,
            seeks: self.seeks,
            stalls: self.stalls,
        }
    }
}

impl SessionRecord {
    /// How a session ends whose owner is gone.
    pub fn crashed(&self) -> Ended {
        Ended {
            reason: EndReason::Crashed,
            position_ms: self.position_ms,
            heard: self.heard.clone(),
            played_ms: self.played_ms,
            pauses: self.pauses,
            seeks: self.seeks,
            stalls: self.stalls,
        }
    }
}
