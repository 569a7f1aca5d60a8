//! Listening in numbers: judged plays with their events, a few tracks with many and many with few.

use delistening_ingest::store::Addition;
use delistening_schema::event::{Body, EndReason, Ended, Event, Progress, Started};
use delistening_schema::intervals::{Interval, Intervals};
use delistening_schema::play::{Comparison, Fragment, Link, Play, Reason, SessionKey, Status, Verdict};
use delistening_schema::{DeviceId, Hash, intake::IntakeContext};
use std::sync::Arc;
use uuid::Uuid;

/// When it begins: the first of January 2026 in UTC, in milliseconds since 1970.
pub const BEGIN: u64 = 1_767_225_600_000;
/// For how long it goes on.
pub const DAYS: u64 = 90;
/// Events of a play.
pub const EVENTS: u64 = 20;
/// Plays that come together.
pub const CHUNK: u64 = 256;

const LISTENERS: u64 = 50_000;
const TRACKS: u64 = 20_000;
const COUNTRIES: [&str; 8] = ["US", "DE", "GB", "FR", "BR", "IN", "JP", "MX"];
const PLATFORMS: [&str; 5] = ["ios", "android", "windows", "macos", "linux"];
const SOURCES: [&str; 5] = ["album", "playlist", "search", "radio", "embed"];

/// So many plays, in chunks, in the order of their time.
#[derive(Clone, Debug)]
pub struct Listening {
    plays: u64,
    next: u64,
}

impl Listening {
    /// Listening of so many plays.
    pub fn new(plays: u64) -> Self {
        Self { plays, next: 0 }
    }
}

impl Iterator for Listening {
    type Item = (Vec<Addition>, Vec<Play>);

    fn next(&mut self) -> Option<Self::Item> {
        let end = (self.next + CHUNK).min(self.plays);
        if self.next >= end {
            return None;
        }
        let chunk = (self.next..end).map(|number| one(number, self.plays)).unzip();
        self.next = end;
        Some(chunk)
    }
}

/// Numbers that look random.
fn mix(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

fn pick<'a>(of: &[&'a str], random: u64) -> &'a str {
    // Each half as often as the one before.
    of[(random.trailing_ones() as usize).min(of.len() - 1)]
}

#[allow(clippy::too_many_lines)] // one play with every field that a store keeps
fn one(number: u64, plays: u64) -> (Addition, Play) {
    let (random, other) = (mix(number), mix(number ^ 0xFFFF_0000));
    // The square of the square: few tracks are played often.
    let share = (random % 1_000_000) * (random % 1_000_000) / 1_000_000;
    let track = share * share / 1_000_000 * TRACKS / 1_000_000;
    let listener = other % LISTENERS;
    let at = BEGIN + number * (DAYS * 24 * 60 * 60 * 1000) / plays;
    let device = DeviceId(Hash::of(&listener.to_be_bytes()));
    let session = Uuid::from_u128(u128::from(at) << 80 | 7 << 76 | 2 << 62 | u128::from(random >> 2));
    let (track, artist) = (format!("track-{track}"), format!("artist-{}", track / 10));
    let source = pick(&SOURCES, random >> 20);
    let heard_ms = 31_000 + random % 150_000;
    let status = [Status::Valid, Status::Short, Status::Suspect][(other.trailing_ones() as usize / 2).min(2)];
    let event = |place: u64, body: Body| Event {
        id: Uuid::from_u128(session.as_u128() ^ u128::from(place + 1) << 48),
        at: at + place * 10_000,
        mono: place * 10_000,
        session,
        track: track.clone(),
        body,
    };
    let mut events = vec![event(
        0,
        Body::Started(Started {
            artist: Some(artist.clone()),
            release: None,
            duration_ms: Some(180_000),
            source: Some(source.to_owned()),
            offline: random % 10 == 0,
            engine: "native".into(),
            autoplay: false,
        }),
    )];
    for place in 1..EVENTS - 1 {
        events.push(event(
            place,
            Body::Progress(Progress {
                heard: vec![Interval((place - 1) * 10_000, place * 10_000)],
                silent_ms: 0,
                rate: 1.0,
                volume: 0.8,
                muted: false,
                visible: place % 2 == 0,
                output: None,
            }),
        ));
    }
    events.push(event(
        EVENTS - 1,
        Body::Ended(Ended {
            reason: EndReason::Completed,
            position_ms: 180_000,
            heard: Intervals::from(vec![Interval(0, 180_000)]),
            played_ms: 180_000,
            pauses: 0,
            seeks: 0,
            stalls: 0,
        }),
    ));
    let play = Play {
        device,
        session,
        listener: format!("listener-{listener}"),
        track: track.clone(),
        artist: Some(artist),
        at,
        source: Some(source.to_owned()),
        offline: random % 10 == 0,
        country: Some(pick(&COUNTRIES, random >> 30).to_owned()),
        platform: Some(pick(&PLATFORMS, random >> 40).to_owned()),
        verdict: Verdict {
            rule: 1,
            status,
            reasons: vec![Reason::HeardLongEnough],
            heard_ms,
            played_ms: heard_ms,
            suspicion: None,
        },
        compared: Comparison { listen: true, podcast_play: true, percent: vec![25, 50], completed: false },
    };
    let fragment = Fragment {
        leaf: number,
        received: at + 200_000,
        anchored: Some(at.saturating_sub(60_000)),
        listener: play.listener.clone(),
        link: Link {
            seq: number,
            hash: Hash::of(b"batch"),
            prev: None,
            first_at: at,
            sent_at: at + 190_000,
            needed_ms: heard_ms,
        },
        context: IntakeContext {
            issuer: "bench".into(),
            client: "app".into(),
            country: play.country.clone(),
            platform: play.platform.clone(),
            ..IntakeContext::default()
        },
        events,
    };
    (Addition { key: SessionKey::from(&play), fragment: Arc::new(fragment) }, play)
}
