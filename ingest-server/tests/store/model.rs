//! Plays made up from a seed, and what is to be counted of them, said as plainly as can be.

use delistening_ingest::store::{Addition, Bounds, Dimension, Filter, Rank, Ranked, Series};
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
        play["listener"] = json!(format!("listener-{}", random.below(6)));
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
    })
}

/// What a batch at `leaf` said of a play's session.
pub fn addition(leaf: u64, play: &Play) -> Addition {
    let event = json!({
        "id": Uuid::from_u128(u128::from(leaf) << 64 | play.session.as_u128()), "at": play.at, "mono": 0,
        "session": play.session, "track": play.track, "type": "play.started", "offline": play.offline,
        "engine": "native", "autoplay": false, "artist": play.artist,
    });
    let fragment = json!({
        "leaf": leaf, "received": play.at + 1_000, "listener": play.listener, "events": [event],
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
}

impl Model {
    pub fn apply(&mut self, plays: &[Play]) {
        self.plays.extend(plays.iter().map(|play| (SessionKey::from(play), play.clone())));
    }

    pub fn erase(&mut self, listener: &str) {
        self.plays.retain(|_, play| play.listener != listener);
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
