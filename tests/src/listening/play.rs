//! One play as it was, or as it is claimed, and the events that a device writes of it.

use super::music::{SECOND, Track};
use super::rng::Rng;
use delistening_schema::event::{At, Body, EndReason, Ended, Grid, Location, Progress, Seeked, Started};
use delistening_schema::intervals::Interval;
use delistening_schema::{Event, Intervals};
use uuid::Uuid;

/// One play.
#[derive(Clone, Debug)]
// The flags are what events say, independent of each other.
#[allow(clippy::struct_excessive_bools)]
pub struct Play {
    /// The track.
    pub track: Track,
    /// When it began, milliseconds since 1970.
    pub begin: u64,
    /// How much of it was heard, in milliseconds.
    pub heard: u64,
    /// How much of it was rendered muted before that, in milliseconds.
    pub silent: u64,
    /// After how much of it, and for how long, it was paused.
    pub pause: Option<(u64, u64)>,
    /// After how much of it the position was moved ahead by 20 s.
    pub seek: Option<u64>,
    /// Whether the media came from the device's own storage.
    pub offline: bool,
    /// Whether it began by itself.
    pub autoplay: bool,
    /// Whether the player could be seen.
    pub visible: bool,
    /// What led to it.
    pub source: &'static str,
    /// By how much the device's clock is ahead (or behind), in milliseconds.
    pub clock: i64,
    /// How long it is claimed to have taken by the wall clock, in percent of what it took.
    pub wall_percent: u64,
    /// Where the device was: a geohash cell.
    pub place: Option<String>,
}

impl Play {
    /// A play of all of a track.
    pub fn whole(track: Track, begin: u64) -> Self {
        let heard = track.length;
        Self {
            track,
            begin,
            heard,
            silent: 0,
            pause: None,
            seek: None,
            offline: false,
            autoplay: false,
            visible: true,
            source: "playlist",
            clock: 0,
            wall_percent: 100,
            place: None,
        }
    }

    /// The same, stopped after `heard`.
    #[must_use]
    pub fn for_ms(mut self, heard: u64) -> Self {
        self.heard = heard.min(self.track.length);
        self
    }

    /// When it ended, or is claimed to have.
    pub fn end(&self) -> u64 {
        self.begin + self.silent + self.heard + self.pause.map_or(0, |(_, length)| length)
    }

    /// The events, with progress every `every` milliseconds of playback.
    pub fn events(&self, session: Uuid, every: u64, ids: &mut Rng) -> Vec<Event> {
        let mut events = Vec::new();
        let mut push = |mono: u64, body: Body| {
            let wall = self.begin + mono * self.wall_percent / 100;
            events.push(Event {
                id: uuid(self.begin + mono, ids),
                at: wall.saturating_add_signed(self.clock),
                mono,
                session,
                track: self.track.id.clone(),
                body,
            });
        };
        let started = Started {
            artist: Some(self.track.artist.clone()),
            release: None,
            duration_ms: Some(self.track.length),
            source: Some(self.source.to_owned()),
            offline: self.offline,
            engine: "native".to_owned(),
            autoplay: self.autoplay,
        };
        push(0, Body::Started(started));
        if let Some(cell) = &self.place {
            push(0, Body::Location(Location { grid: Grid::Geohash, cell: cell.clone() }));
        }
        let progress = |heard: Vec<Interval>, silent_ms: u64| {
            let (volume, muted) = (0.8, silent_ms > 0);
            Progress { heard, silent_ms, rate: 1.0, volume, muted, visible: self.visible, output: None }
        };
        if self.silent > 0 {
            push(self.silent, Body::Progress(progress(Vec::new(), self.silent)));
        }
        let (mut mono, mut position, mut done) = (self.silent, 0, 0);
        let mut all = Intervals::default();
        let (mut pauses, mut seeks) = (0, 0);
        while done < self.heard {
            let mut step = every.min(self.heard - done);
            let next = [self.pause.map(|(after, _)| after), self.seek].into_iter().flatten();
            for after in next.filter(|after| *after > done) {
                step = step.min(after - done);
            }
            let interval = Interval(position, position + step);
            (mono, position, done) = (mono + step, position + step, done + step);
            all.extend([interval]);
            push(mono, Body::Progress(progress(vec![interval], 0)));
            if let Some((_, length)) = self.pause.filter(|(after, _)| *after == done) {
                push(mono, Body::Paused(At { position_ms: position }));
                mono += length;
                push(mono, Body::Resumed(At { position_ms: position }));
                pauses += 1;
            }
            if self.seek == Some(done) && position + 20 * SECOND + self.heard - done < self.track.length {
                push(mono, Body::Seeked(Seeked { from_ms: position, to_ms: position + 20 * SECOND }));
                position += 20 * SECOND;
                seeks += 1;
            }
        }
        let completed = position >= self.track.length;
        let ended = Ended {
            reason: if completed { EndReason::Completed } else { EndReason::Skipped },
            position_ms: position,
            heard: all,
            played_ms: self.heard,
            pauses,
            seeks,
            stalls: 0,
        };
        push(mono, Body::Ended(ended));
        events
    }
}

/// A `UUIDv7` of a time.
pub fn uuid(at: u64, rng: &mut Rng) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&at.to_be_bytes()[2..]);
    bytes[6..14].copy_from_slice(&rng.bits().to_be_bytes());
    bytes[14..].copy_from_slice(&rng.bits().to_be_bytes()[..2]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    Uuid::from_bytes(bytes)
}
