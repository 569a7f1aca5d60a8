//! What analysis knows of a session.

use super::place::Place;
use crate::event::{Body, Event};
use crate::intake::IntakeContext;
use crate::intervals::{Interval, Intervals};
use crate::key::DeviceId;
use crate::play::{Facts, Fragment, Link, Play, SessionKey, Status, enough_ms};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Silence shorter than this between two stretches of listening is not told apart.
const PAUSE_MS: u64 = 15_000;
/// So many stretches and places are kept of a session.
const KEPT: usize = 64;

/// What analysis knows of a session. Times are milliseconds since 1970, set right by what the server signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Whose device.
    pub device: DeviceId,
    /// Which session.
    pub session: Uuid,
    /// The listener.
    pub listener: String,
    /// The track.
    pub track: String,
    /// The artist, if known.
    pub artist: Option<String>,
    /// What the play rule alone makes of it.
    pub status: Status,
    /// When it began: by the device's clock, moved between the signed times around it.
    pub begin: u64,
    /// When it was being heard, pauses of a few seconds included.
    pub spans: Intervals,
    /// Media time heard, each instant once, in milliseconds.
    pub heard_ms: u64,
    /// How much of the track must be heard, in milliseconds.
    pub enough_ms: u64,
    /// The real time that hearing took, in milliseconds.
    pub needed_ms: u64,
    /// Media time rendered inaudibly, in milliseconds.
    pub silent_ms: u64,
    /// Whether the player could never be seen.
    pub hidden: bool,
    /// Whether it began by itself.
    pub autoplay: bool,
    /// What the listener did: pauses, seeks, changes of volume or rate, likes and the like.
    pub acts: u32,
    /// By how much the monotonic clock ran ahead of the wall clock within the session, in milliseconds.
    pub clock_back_ms: u64,
    /// How far its times lie outside of the signed times, once a clock that is wrong throughout is set right, in
    /// milliseconds.
    pub outside_ms: u64,
    /// By how much a batch's sessions together took more than the time between the signed times around it: real time
    /// per time that passed, in percent; with a leeway of a minute.
    pub crowded_percent: u64,
    /// Where the device was.
    pub places: Vec<Place>,
    /// What the server knew when the first batch of it came in.
    pub context: IntakeContext,
    /// Sequence numbers of batches of it that follow one that is missing.
    pub gaps: BTreeSet<u64>,
    /// Sequence numbers of batches of it beside which another batch claims the same place in the device's chain.
    pub forks: BTreeSet<u64>,
}

impl Trace {
    /// What `fragments`, which are all there are of the session of `play`, leave, beside the facts that it was judged by. The
    /// order makes no difference.
    pub fn of(play: &Play, facts: &Facts, fragments: &[impl Borrow<Fragment>]) -> Self {
        let mut fragments: Vec<&Fragment> = fragments.iter().map(Borrow::borrow).collect();
        fragments.sort_by_key(|fragment| fragment.leaf);
        fragments.dedup_by_key(|fragment| fragment.leaf);
        // Of an event that was told twice, the first telling.
        let mut events: BTreeMap<Uuid, (&Event, &Fragment)> = BTreeMap::new();
        for fragment in &fragments {
            for event in &fragment.events {
                events.entry(event.id).or_insert((event, fragment));
            }
        }
        let mut events: Vec<(&Event, &Fragment)> = events.into_values().collect();
        events.sort_by_key(|(event, _)| (event.mono, event.id));
        let received = fragments.iter().map(|fragment| fragment.received).min().unwrap_or_default();
        let begin = events.first().map_or(play.at, |(event, fragment)| {
            let begin = set_right(event.at, fragment).saturating_sub(event.mono);
            begin.max(fragment.anchored.unwrap_or_default()).min(fragment.received)
        });
        let mut trace = Self {
            device: play.device,
            session: play.session,
            listener: play.listener.clone(),
            track: play.track.clone(),
            artist: play.artist.clone(),
            status: play.verdict.status,
            begin: begin.min(received),
            spans: Intervals::default(),
            heard_ms: play.verdict.heard_ms,
            enough_ms: enough_ms(facts.duration_ms),
            needed_ms: facts.needed_ms,
            silent_ms: facts.silent_ms,
            hidden: false,
            autoplay: false,
            acts: 0,
            clock_back_ms: 0,
            outside_ms: 0,
            crowded_percent: 0,
            places: Vec::new(),
            context: fragments.first().map(|fragment| fragment.context.clone()).unwrap_or_default(),
            gaps: BTreeSet::new(),
            forks: BTreeSet::new(),
        };
        trace.gather(&events);
        trace.crowded_percent =
            fragments.iter().map(|fragment| crowded_percent(fragment)).max().unwrap_or_default();
        trace
    }

    /// Its name.
    pub fn key(&self) -> SessionKey {
        SessionKey { device: self.device, session: self.session }
    }

    /// Whether the play rule counts it.
    pub fn counts(&self) -> bool {
        self.status == Status::Valid
    }

    fn gather(&mut self, events: &[(&Event, &Fragment)]) {
        let mut seen = None;
        let mut ways: BTreeSet<(u64, u64, bool)> = BTreeSet::new();
        // The latest that the wall clock was, with respect to the monotonic one.
        let mut ahead = i64::MIN;
        let mut stretches = Vec::new();
        for &(event, fragment) in events {
            let signed = |time: u64| i64::try_from(time).unwrap_or(i64::MAX);
            let offset = signed(event.at) - signed(event.mono);
            ahead = ahead.max(offset);
            self.clock_back_ms = self.clock_back_ms.max(ahead.abs_diff(offset));
            let at = set_right(event.at, fragment);
            let before = fragment.anchored.map_or(0, |anchored| anchored.saturating_sub(at));
            self.outside_ms = self.outside_ms.max(before).max(at.saturating_sub(fragment.received));
            match &event.body {
                Body::Started(started) => self.autoplay |= started.autoplay,
                Body::Progress(progress) => {
                    seen = Some(seen.unwrap_or(false) || progress.visible);
                    ways.insert((progress.rate.to_bits(), progress.volume.to_bits(), progress.muted));
                    let until = self.begin.saturating_add(event.mono);
                    let length = progress.heard.iter().map(|interval| interval.length()).sum();
                    stretches.push(Interval(until.saturating_sub(at_rate(length, progress.rate)), until));
                }
                Body::Paused(_)
                | Body::Seeked(_)
                | Body::Like(_)
                | Body::Share(_)
                | Body::PlaylistAdd(_)
                | Body::Follow(_) => self.acts += 1,
                Body::Location(location) => {
                    let at = self.begin.saturating_add(event.mono);
                    self.places.extend(Place::of(location, at).filter(|_| self.places.len() < KEPT));
                }
                _ => {}
            }
        }
        self.hidden = seen == Some(false);
        let ways = u32::try_from(ways.len()).unwrap_or(u32::MAX);
        self.acts = self.acts.saturating_add(ways.saturating_sub(1));
        self.spans = joined(stretches);
    }
}

/// A device's time. Where a batch, from its first event to its sealing, does not lie between the signed times around it,
/// it is taken to have been sealed when it was received: a clock that is wrong throughout is set right. A batch that is
/// too long for that stays outside.
fn set_right(at: u64, fragment: &Fragment) -> u64 {
    let Link { first_at, sent_at, .. } = fragment.link;
    let (anchored, received) = (fragment.anchored.unwrap_or_default(), fragment.received);
    if anchored <= first_at && sent_at <= received {
        return at;
    }
    at.saturating_add(received).saturating_sub(sent_at)
}

fn crowded_percent(fragment: &Fragment) -> u64 {
    const LEEWAY_MS: u64 = 60_000;
    let Some(anchored) = fragment.anchored else { return 0 };
    let passed = fragment.received.saturating_sub(anchored) + LEEWAY_MS;
    fragment.link.needed_ms.saturating_mul(100) / passed
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
fn at_rate(media_ms: u64, rate: f64) -> u64 {
    (media_ms as f64 / rate.max(0.1)) as u64
}

/// Stretches of time, those with short pauses between them as one; the last of very many as one.
fn joined(mut stretches: Vec<Interval>) -> Intervals {
    stretches.sort_unstable();
    let mut joined: Vec<Interval> = Vec::new();
    for stretch in stretches.into_iter().filter(|stretch| stretch.length() > 0) {
        let full = joined.len() >= KEPT;
        match joined.last_mut() {
            Some(last) if full || stretch.0 <= last.1.saturating_add(PAUSE_MS) => {
                last.1 = last.1.max(stretch.1);
            }
            _ => joined.push(stretch),
        }
    }
    Intervals::from(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hash;
    use crate::event::{Progress, Started};

    const HOUR: u64 = 3_600_000;
    const ANCHORED: u64 = 1_000 * HOUR;

    /// A batch with one session of 40 s for each begin, by the device's clock, received two hours after its anchor.
    fn traces(begins: &[u64], sent_at: u64) -> Vec<Trace> {
        let fragment = |number: u128, begin: u64| {
            let event = |place: u128, mono, body| Event {
                id: Uuid::from_u128(number << 8 | place),
                at: begin + mono,
                mono,
                session: Uuid::from_u128(number),
                track: "t".into(),
                body,
            };
            let heard = vec![Interval(0, 40_000)];
            let progress = Progress {
                heard,
                silent_ms: 0,
                rate: 1.0,
                volume: 1.0,
                muted: false,
                visible: false,
                output: None,
            };
            let first_at = begins.iter().copied().min().unwrap_or_default();
            let hash = Hash::of(b"batch");
            Fragment {
                leaf: 1,
                received: ANCHORED + 2 * HOUR,
                anchored: Some(ANCHORED),
                listener: "l".into(),
                link: Link {
                    seq: 1,
                    hash,
                    prev: None,
                    first_at,
                    sent_at,
                    needed_ms: 40_000 * begins.len() as u64,
                },
                context: IntakeContext::default(),
                events: vec![
                    event(0, 0, Body::Started(Started::default())),
                    event(1, 40_000, Body::Progress(progress)),
                ],
            }
        };
        (1..)
            .zip(begins)
            .map(|(number, &begin)| {
                let fragments = [fragment(number, begin)];
                let device = DeviceId(Hash::of(b"device"));
                let (play, facts) = Play::judge(device, Uuid::from_u128(number), &fragments).unwrap();
                Trace::of(&play, &facts, &fragments)
            })
            .collect()
    }

    #[test]
    fn a_clock_that_is_wrong_throughout_is_set_right() {
        // Two sessions, half an hour apart, sealed after an hour; by a clock that is right, behind, or ahead.
        for wrong in [0, -200, 500] {
            let at = |hours: f64| {
                let offset = (f64::from(wrong) + hours) * 3_600_000.0;
                #[allow(clippy::cast_possible_truncation)]
                ANCHORED.saturating_add_signed(offset as i64)
            };
            let both = traces(&[at(0.25), at(0.75)], at(1.0));
            assert_eq!(both[1].begin - both[0].begin, HOUR / 2, "{wrong}");
            assert!(both.iter().all(|trace| trace.outside_ms == 0), "{wrong}");
            assert!(both[0].begin >= ANCHORED && both[1].begin <= ANCHORED + 2 * HOUR, "{wrong}");
        }
    }

    #[test]
    fn what_cannot_have_been_between_the_signed_times_lies_outside() {
        let made_up = traces(&[ANCHORED - 700 * HOUR], ANCHORED + HOUR);
        assert!(made_up[0].outside_ms > 600 * HOUR, "{}", made_up[0].outside_ms);
        assert_eq!(made_up[0].begin, ANCHORED, "it did not begin before it could");
    }

    #[test]
    fn a_trace_says_when_it_was_heard_and_how() {
        let trace = &traces(&[ANCHORED + HOUR], ANCHORED + HOUR + 60_000)[0];
        assert_eq!(trace.spans.as_slice(), [Interval(ANCHORED + HOUR, ANCHORED + HOUR + 40_000)]);
        assert!(trace.hidden && !trace.autoplay && trace.acts == 0);
        assert_eq!((trace.needed_ms, trace.clock_back_ms, trace.crowded_percent), (40_000, 0, 0));
        assert_eq!(joined(vec![Interval(0, 5), Interval(30_000, 40_000)]).as_slice().len(), 2);
        assert_eq!(joined(vec![Interval(0, 20_000), Interval(30_000, 40_000)]).as_slice().len(), 1);
    }
}
