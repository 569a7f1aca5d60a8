//! What listeners do.

use super::super::device::Listen;
use super::{Action, HOUR, MINUTE, SECOND, World};
use delistening_schema::event::EndReason;
use delistening_sdk_core::{Input, Signal, Track};
use uuid::Uuid;

impl World {
    pub(super) fn visit(&mut self, device: usize) {
        if self.devices[device].tabs.len() >= 3 {
            return;
        }
        let tab = self.open(device);
        self.soon(5 * SECOND, Action::Play { device, tab });
    }

    /// One step of somebody's listening.
    pub(super) fn play(&mut self, device: usize, tab: u32) {
        let Some(place) = self.devices[device].find(tab) else { return };
        let Some(mut listen) = self.devices[device].tabs[place].playing.take() else {
            return self.begin(device, place);
        };
        let (now, handle) = (self.now, listen.handle);
        listen.advance(now, self.oracle.heard.entry(listen.session).or_default());
        let position_ms = listen.position_ms;
        let over = listen.steps == 0 || position_ms >= listen.duration_ms;
        listen.steps = listen.steps.saturating_sub(1);
        let mut pause = self.dice.between(SECOND, 9 * SECOND);
        let signals = if over {
            let reason =
                if position_ms >= listen.duration_ms { EndReason::Completed } else { EndReason::Skipped };
            vec![Signal::Ended { reason, position_ms }]
        } else if listen.since.is_none() {
            listen.since = Some(now);
            vec![Signal::Playing { position_ms }]
        } else {
            self.something(&mut listen, &mut pause)
        };
        // Playback stops at the end of the track.
        if let Some(left) = listen.since.map(|_| listen.duration_ms - listen.position_ms) {
            pause = pause.min(left.max(1));
        }
        if over {
            pause = self.dice.between(0, 10 * SECOND);
        } else {
            self.devices[device].tabs[place].playing = Some(listen);
        }
        for signal in signals {
            self.give(device, tab, Input::Signal { handle, signal });
        }
        if self.dice.chance(2) {
            self.give(device, tab, Input::Hidden);
        }
        self.at(now + pause, Action::Play { device, tab });
    }

    /// What a listener does while sound comes out.
    pub(super) fn something(&mut self, listen: &mut Listen, pause: &mut u64) -> Vec<Signal> {
        let position_ms = listen.position_ms;
        let here = Signal::Position { position_ms };
        match self.dice.between(0, 99) {
            0..=5 => {
                listen.since = None;
                *pause = self.dice.between(SECOND, 20 * MINUTE);
                vec![Signal::Paused { position_ms }]
            }
            6..=10 => {
                listen.since = None;
                vec![Signal::Stalled { position_ms }]
            }
            11..=18 => {
                let to_ms = self.dice.between(0, listen.duration_ms);
                listen.position_ms = to_ms;
                vec![Signal::Seeked { from_ms: position_ms, to_ms }]
            }
            19..=22 => {
                listen.muted = !listen.muted;
                vec![here, Signal::Volume { volume: 1.0, muted: listen.muted }]
            }
            23..=26 => {
                let rates = [0.5, 1.0, 1.25, 2.0];
                listen.rate = rates[usize::try_from(self.dice.between(0, 3)).unwrap_or(0)];
                vec![here, Signal::Rate { rate: listen.rate }]
            }
            _ => vec![here],
        }
    }

    pub(super) fn begin(&mut self, device: usize, place: usize) {
        let tab = self.devices[device].tabs[place].id;
        if self.devices[device].tabs[place].tracks == 0 {
            match self.dice.between(0, 9) {
                0..=4 => self.soon(MINUTE, Action::Close { device, tab, killed: false }),
                5..=6 => self.soon(HOUR, Action::Close { device, tab, killed: true }),
                _ => {}
            }
            return;
        }
        self.devices[device].tabs[place].tracks -= 1;
        let handle = self.devices[device].handle();
        let mut random = [0; 10];
        delistening_sdk_core::Entropy::fill(&mut self.dice, &mut random);
        let wall_ms = self.devices[device].now(self.now, 0).wall_ms;
        let session = uuid::Builder::from_unix_timestamp_millis(wall_ms, &random).into_uuid();
        self.start(device, tab, handle, session);
    }

    pub(super) fn start(&mut self, device: usize, tab: u32, handle: u32, session: Uuid) {
        let duration_ms = self.dice.between(20 * SECOND, 5 * MINUTE);
        let track = Track {
            id: format!("track-{}", self.dice.between(0, 20)),
            artist: Some("artist".to_owned()),
            duration_ms: self.dice.chance(90).then_some(duration_ms),
            ..Track::default()
        };
        let open =
            Input::OpenSession { handle, id: Some(session), track, engine: "sim".into(), autoplay: false };
        self.give(device, tab, open);
        self.give(device, tab, Input::Signal { handle, signal: Signal::Playing { position_ms: 0 } });
        self.oracle.heard.entry(session).or_default();
        let Some(place) = self.devices[device].find(tab) else { return };
        self.devices[device].tabs[place].playing = Some(Listen {
            handle,
            session,
            duration_ms,
            position_ms: 0,
            since: Some(self.now),
            rate: 1.0,
            muted: false,
            steps: self.dice.between(1, 60),
        });
        self.soon(9 * SECOND, Action::Play { device, tab });
    }

    /// The page is left in good order, or its process ends where it stands.
    pub(super) fn close(&mut self, device: usize, tab: u32, killed: bool) {
        let Some(place) = self.devices[device].find(tab) else { return };
        if !killed {
            if let Some(mut listen) = self.devices[device].tabs[place].playing.take() {
                listen.advance(self.now, self.oracle.heard.entry(listen.session).or_default());
                let signal = Signal::Ended { reason: EndReason::Unloaded, position_ms: listen.position_ms };
                self.give(device, tab, Input::Signal { handle: listen.handle, signal });
            }
            self.give(device, tab, Input::Hidden);
        }
        let Some(place) = self.devices[device].find(tab) else { return };
        let led = self.devices[device].tabs.remove(place).leads;
        if killed {
            // Of what was on its way to the disk, the first part arrives.
            let arrives = self.dice.between(0, 4);
            let mut seen = 0;
            self.devices[device].writes.retain(|write| {
                seen += u64::from(write.tab == tab);
                write.tab != tab || seen <= arrives
            });
        }
        if led {
            self.soon(SECOND, Action::Elect { device });
        }
    }
}
