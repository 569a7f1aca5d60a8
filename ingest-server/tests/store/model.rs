//! Plays made up from a seed, and what is to be counted of them, said as plainly as can be.

use delistening_ingest::store::{
    Addition, Bounds, Dimension, Filter, Rank, Ranked, Reason, Retention, Series,
};
use delistening_schema::event::Body;
use delistening_schema::intervals::{Interval, Intervals};
use delistening_schema::play::{Counts, Fragment, Play, SessionKey, Status, Subject};
use delistening_schema::{DeviceId, Hash};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

pub const STEP: u64 = 15 * 60 * 1000;
pub const DAY: u64 = 96 * STEP;
/// The first of May 2026 in UTC.
pub const BEGIN: u64 = 1_777_593_600_000;

/// Numbers that look random, the same for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % end
    }

    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

/// What is known of a play beside its counting.
pub fn play(session: u64, change: impl FnOnce(&mut serde_json::Value)) -> Play {
    let device = DeviceId(Hash::of(format!("device {}", session % 7).as_bytes()));
    let mut play = json!({
        "device": device, "session": Uuid::from_u128(u128::from(session)), "listener": "listener-1",
        "track": "track-1", "artist": "artist-1", "at": BEGIN,
        "verdict": { "rule": 1, "status": "valid", "reasons": ["heard_long_enough"], "heard_ms": 31_000,
            "played_ms": 32_000 },
        "compared": { "listen": false, "podcast_play": false, "percent": [25], "completed": false },
    });
    change(&mut play);
    serde_json::from_value(play).unwrap()
}

/// Any play of a session.
pub fn any_play(random: &mut Random, session: u64) -> Play {
    let status = *random.one(&["valid", "valid", "valid", "short", "muted", "suspect", "invalid"]);
    let at = BEGIN + random.below(5 * DAY);
    play(session, |play| {
        play["listener"] = json!(format!("listener-{}", session % 6));
        // Names that an SQL text would stumble over.
        play["track"] = json!(random.one(&["one", "two", "it's \\ ? three", "four", "fünf"]));
        play["artist"] = json!(random.one(&[Some("a"), Some("b"), None]));
        play["country"] = json!(random.one(&[Some("DE"), Some("CD"), None]));
        play["platform"] = json!(random.one(&[Some("ios"), Some("windows"), None]));
        play["source"] = json!(random.one(&[Some("album"), Some("search"), None]));
        play["offline"] = json!(random.below(3) == 0);
        play["at"] = json!(at);
        play["verdict"]["status"] = json!(status);
        play["verdict"]["heard_ms"] = json!(random.below(200_000));
        let reasons =
            ["heard_too_little", "not_audible rate_out_of_range", "exceeds_device_time not_audible"];
        play["verdict"]["reasons"] = random.one(&reasons).split(' ').collect();
        if status == "suspect" || random.below(5) == 0 {
            let signals = *random.one(&["overlap", "chain_gap overlap", "flood"]);
            let signals: Vec<&str> = signals.split(' ').collect();
            play["verdict"]["suspicion"] = json!({ "analysis": 1, "score": 100, "signals": signals });
        }
    })
}

/// Events of an addition.
pub const EVENTS: u64 = 3;

/// What a batch at `leaf` said of a play's session: that it began, and what was heard, some of it past the end.
pub fn addition(leaf: u64, play: &Play) -> Addition {
    let random = &mut Random::new(leaf + 1);
    let event = |number: u128, mut body: serde_json::Value| {
        body["id"] = json!(Uuid::from_u128(number << 96 | u128::from(leaf) << 64 | play.session.as_u128()));
        body["at"] = json!(play.at);
        body["mono"] = json!(0);
        body["session"] = json!(play.session);
        body["track"] = json!(play.track);
        body
    };
    let span = |random: &mut Random| {
        let start = random.below(190_000);
        Interval(start, start + 1 + random.below(30_000))
    };
    let length = *random.one(&[None, Some(0), Some(180_000), Some(200_000)]);
    let rate = *random.one(&[0.1, 1.0]);
    let last: Vec<Interval> = (0..random.below(2)).map(|_| span(random)).collect();
    let events = [
        event(
            0,
            json!({ "type": "play.started", "offline": play.offline, "engine": "native", "autoplay": false,
            "artist": play.artist, "duration_ms": length }),
        ),
        event(
            1,
            json!({ "type": "play.progress", "heard": [span(random), span(random)], "rate": rate,
            "volume": 1.0, "muted": false, "visible": true }),
        ),
        event(
            2,
            json!({ "type": "play.ended", "reason": "stopped", "position_ms": 0, "played_ms": 1, "pauses": 0,
            "seeks": 0, "stalls": 0, "heard": last }),
        ),
    ];
    let fragment = json!({
        "leaf": leaf, "received": play.at + 1_000, "listener": play.listener, "events": events,
        "link": {
            "seq": leaf, "hash": Hash::of(b"batch"), "first_at": play.at, "sent_at": play.at, "needed_ms": 0,
        },
        "context": { "issuer": "i", "client": "app", "country": play.country, "platform": play.platform },
    });
    let fragment = Arc::new(serde_json::from_value::<Fragment>(fragment).unwrap());
    Addition { key: SessionKey::from(play), fragment }
}

/// What a store is to say.
#[derive(Default)]
pub struct Model {
    pub plays: BTreeMap<SessionKey, Play>,
    additions: Vec<Addition>,
}

impl Model {
    pub fn apply(&mut self, plays: &[Play]) {
        self.plays.extend(plays.iter().map(|play| (SessionKey::from(play), play.clone())));
    }

    pub fn hear(&mut self, additions: &[Addition]) {
        self.additions.extend_from_slice(additions);
    }

    pub fn erase(&mut self, listener: &str) {
        self.plays.retain(|_, play| play.listener != listener);
        self.additions.retain(|addition| self.plays.contains_key(&addition.key));
    }

    pub fn retention(&self, filter: &Filter, bounds: &Bounds) -> Retention {
        let (from, to) = bounds.range();
        let (mut retention, mut lengths) = (Retention::default(), Vec::new());
        for play in self.fitting(filter, from, to) {
            if !matches!(play.verdict.status, Status::Valid | Status::Short) {
                continue;
            }
            let (mut length, mut heard) = (0, Intervals::default());
            let told = self.additions.iter().filter(|addition| addition.key == SessionKey::from(play));
            for event in told.flat_map(|addition| &addition.fragment.events) {
                match &event.body {
                    Body::Started(started) => length = length.max(started.duration_ms.unwrap_or(0)),
                    Body::Progress(progress) => heard.extend(progress.heard.iter().copied()),
                    Body::Ended(ended) => heard.extend(ended.heard.as_slice().iter().copied()),
                    _ => {}
                }
            }
            if length == 0 {
                continue;
            }
            lengths.push(length);
            // A part was heard where something of it was: said of each by itself.
            let parts = (0..100).map(|part| {
                let part = Interval(part * length, (part + 1) * length);
                heard.as_slice().iter().any(|span| span.0 * 100 < part.1 && span.1 * 100 > part.0)
            });
            let parts: Vec<bool> = parts.collect();
            for (part, _) in parts.iter().enumerate().filter(|(_, heard)| **heard) {
                retention.heard[part] += 1;
                retention.started[part] += u64::from(!parts[..part].contains(&true));
                retention.ended[part] += u64::from(!parts[part + 1..].contains(&true));
            }
        }
        lengths.sort_unstable();
        retention.sessions = lengths.len() as u64;
        retention.length_ms = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
        retention
    }

    pub fn reasons(&self, filter: &Filter, bounds: &Bounds) -> Vec<Reason> {
        let (from, to) = bounds.range();
        let mut counts: BTreeMap<(&'static str, String), u64> = BTreeMap::new();
        for play in self.fitting(filter, from, to) {
            let verdict = serde_json::to_value(&play.verdict).unwrap();
            let codes = match play.verdict.status {
                Status::Valid => continue,
                Status::Suspect => &verdict["suspicion"]["signals"],
                _ => &verdict["reasons"],
            };
            for code in codes.as_array().unwrap() {
                let code = code.as_str().unwrap().to_owned();
                *counts.entry((play.verdict.status.as_str(), code)).or_default() += 1;
            }
        }
        let reasons = counts.into_iter();
        let mut reasons: Vec<Reason> =
            reasons.map(|((status, reason), sessions)| Reason { status, reason, sessions }).collect();
        // The rest is in order.
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.sessions));
        reasons
    }

    fn fitting<'a>(
        &'a self,
        filter: &'a Filter,
        from: u32,
        to: u32,
    ) -> impl Iterator<Item = &'a Play> + Clone + 'a {
        self.plays.values().filter(move |play| {
            let same = |asked: &Option<String>, is: &Option<String>| asked.is_none() || asked == is;
            let subject = match &filter.subject {
                Subject::All => true,
                Subject::Track(id) => play.track == *id,
                Subject::Artist(id) => play.artist.as_ref() == Some(id),
            };
            (u64::from(from)..u64::from(to)).contains(&(play.at / STEP))
                && subject
                && same(&filter.country, &play.country)
                && same(&filter.platform, &play.platform)
                && same(&filter.source, &play.source)
                && filter.offline.is_none_or(|offline| offline == play.offline)
        })
    }

    pub fn counts(&self, filter: &Filter, bounds: &Bounds) -> Series {
        let (from, to) = bounds.range();
        let each = bounds.steps().windows(2);
        Series {
            total: count(&self.fitting(filter, from, to)),
            buckets: each.map(|ends| count(&self.fitting(filter, ends[0], ends[1]))).collect(),
        }
    }

    pub fn top(
        &self,
        dimension: Dimension,
        filter: &Filter,
        bounds: &Bounds,
        after: Option<&Rank>,
        limit: u32,
    ) -> Vec<Ranked> {
        let (from, to) = bounds.range();
        let mut groups: BTreeMap<&String, Vec<&Play>> = BTreeMap::new();
        for play in self.fitting(filter, from, to) {
            let id = match dimension {
                Dimension::Track => Some(&play.track),
                Dimension::Artist => play.artist.as_ref(),
                Dimension::Country => play.country.as_ref(),
                Dimension::Platform => play.platform.as_ref(),
                Dimension::Source => play.source.as_ref(),
            };
            if let Some(id) = id {
                groups.entry(id).or_default().push(play);
            }
        }
        let ranked = groups.into_iter();
        let ranked = ranked.map(|(id, plays)| Ranked { id: id.clone(), counts: count(&plays.into_iter()) });
        let mut ranked: Vec<Ranked> = ranked
            .filter(|Ranked { id, counts }| after.is_none_or(|rank| rank.is_before(counts.valid, id)))
            .collect();
        ranked.sort_by(|one, other| (other.counts.valid, &one.id).cmp(&(one.counts.valid, &other.id)));
        ranked.truncate(limit as usize);
        ranked
    }
}

fn count<'a>(plays: &(impl Iterator<Item = &'a Play> + Clone)) -> Counts {
    let with = |status: Status| plays.clone().filter(move |play| play.verdict.status == status);
    let number = |status| with(status).count() as u64;
    Counts {
        valid: number(Status::Valid),
        short: number(Status::Short),
        muted: number(Status::Muted),
        suspect: number(Status::Suspect),
        invalid: number(Status::Invalid),
        listeners: with(Status::Valid).map(|play| &play.listener).collect::<BTreeSet<_>>().len() as u64,
        heard_ms: with(Status::Valid).map(|play| play.verdict.heard_ms).sum(),
    }
}

/// Any filter that finds something now and then.
pub fn any_filter(random: &mut Random) -> Filter {
    let mut some = |of: &[&str]| (random.below(3) == 0).then(|| (*random.one(of)).to_owned());
    let (country, platform, source) =
        (some(&["DE", "CD", "XX"]), some(&["ios", "windows"]), some(&["album", "search"]));
    let subject = match random.below(5) {
        0 | 1 => Subject::All,
        2 | 3 => Subject::Track((*random.one(&["one", "it's \\ ? three", "none"])).to_owned()),
        _ => Subject::Artist("a".into()),
    };
    let offline = [None, None, Some(true), Some(false)][usize::try_from(random.below(4)).unwrap()];
    Filter { subject, country, platform, source, offline }
}

/// Any bounds: of days, of hours, or of quarters of an hour.
pub fn any_bounds(random: &mut Random) -> Bounds {
    let step = *random.one(&[DAY, 4 * STEP, STEP]);
    let mut at = BEGIN + random.below(3 * DAY / step) * step;
    let mut times = vec![at];
    for _ in 0..=random.below(6) {
        at += (1 + random.below(DAY / step)) * step;
        times.push(at);
    }
    if random.below(5) == 0 { Bounds::all() } else { Bounds::new(times).unwrap() }
}
