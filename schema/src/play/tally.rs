//! Counting plays: what is published, and what a statement commits to.

use super::{Play, Status};
use crate::prelude::*;
use alloc::collections::{BTreeMap, BTreeSet};
use serde::{Deserialize, Serialize};

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The day in UTC, in days since 1970-01-01, of a time in milliseconds since 1970.
pub fn day_of(at_ms: u64) -> u32 {
    u32::try_from(at_ms / DAY_MS).unwrap_or(u32::MAX)
}

/// Counts of plays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Counts {
    /// Plays that count.
    pub valid: u64,
    /// Sessions with too little heard.
    pub short: u64,
    /// Sessions played inaudibly.
    pub muted: u64,
    /// Sessions set apart by analysis.
    pub suspect: u64,
    /// Sessions that contradict themselves.
    pub invalid: u64,
    /// Different listeners with a play that counts.
    pub listeners: u64,
    /// Media time heard in plays that count, in milliseconds.
    pub heard_ms: u64,
}

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "of", content = "id", rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Subject {
    /// Everything.
    All,
    /// A track.
    Track(String),
    /// An artist.
    Artist(String),
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct StatementLine {
    /// What is counted.
    #[serde(flatten)]
    pub subject: Subject,
    /// Its counts.
    #[serde(flatten)]
    pub counts: Counts,
}

impl StatementLine {
    /// The text that the ledger commits to.
    ///
    /// # Panics
    /// Never: a line is always representable as JSON.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a line is always representable")
    }
}

/// Counts plays one by one.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    subjects: BTreeMap<Subject, (Counts, BTreeSet<String>)>,
}

impl Tally {
    /// Counts a play.
    pub fn add(&mut self, play: &Play) {
        let artist = play.artist.clone().map(Subject::Artist);
        let subjects = [Some(Subject::All), Some(Subject::Track(play.track.clone())), artist];
        for subject in subjects.into_iter().flatten() {
            let (counts, listeners) = self.subjects.entry(subject).or_default();
            let count = match play.verdict.status {
                Status::Valid => {
                    counts.heard_ms += play.verdict.heard_ms;
                    listeners.insert(play.listener.clone());
                    &mut counts.valid
                }
                Status::Short => &mut counts.short,
                Status::Muted => &mut counts.muted,
                Status::Suspect => &mut counts.suspect,
                Status::Invalid => &mut counts.invalid,
            };
            *count += 1;
        }
    }

    /// The lines of a statement: everything first, then tracks and artists by name.
    pub fn lines(self) -> impl Iterator<Item = StatementLine> {
        self.subjects.into_iter().map(|(subject, (mut counts, listeners))| {
            counts.listeners = listeners.len() as u64;
            StatementLine { subject, counts }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::play::{Comparison, Reason, Verdict};
    use crate::{DeviceId, Hash};
    use uuid::Uuid;

    fn play(listener: &str, track: &str, artist: Option<&str>, status: Status) -> Play {
        Play {
            device: DeviceId(Hash::of(listener.as_bytes())),
            session: Uuid::nil(),
            listener: listener.into(),
            track: track.into(),
            artist: artist.map(Into::into),
            at: 0,
            source: None,
            offline: false,
            country: None,
            platform: None,
            verdict: Verdict {
                rule: 1,
                status,
                reasons: vec![Reason::HeardLongEnough],
                heard_ms: 30_000,
                played_ms: 31_000,
                suspicion: None,
            },
            compared: Comparison::default(),
        }
    }

    #[test]
    fn each_play_is_counted_under_all_its_track_and_its_artist() {
        let mut tally = Tally::default();
        tally.add(&play("one", "a", Some("x"), Status::Valid));
        tally.add(&play("one", "a", Some("x"), Status::Valid));
        tally.add(&play("two", "b", Some("x"), Status::Valid));
        tally.add(&play("two", "b", None, Status::Short));
        let lines: Vec<String> = tally.lines().map(|line| line.to_text()).collect();
        let counts = |valid: u64, short: u64, listeners: u64| {
            let heard = valid * 30_000;
            format!(
                r#""valid":{valid},"short":{short},"muted":0,"suspect":0,"invalid":0,"listeners":{listeners},"heard_ms":{heard}}}"#
            )
        };
        assert_eq!(
            lines,
            [
                format!(r#"{{"of":"all",{}"#, counts(3, 1, 2)),
                format!(r#"{{"of":"track","id":"a",{}"#, counts(2, 0, 1)),
                format!(r#"{{"of":"track","id":"b",{}"#, counts(1, 1, 1)),
                format!(r#"{{"of":"artist","id":"x",{}"#, counts(3, 0, 2)),
            ]
        );
        let line: StatementLine = serde_json::from_str(&lines[1]).unwrap();
        assert_eq!(line.subject, Subject::Track("a".into()));
    }

    #[test]
    fn days_begin_at_midnight_utc() {
        assert_eq!(day_of(0), 0);
        assert_eq!(day_of(DAY_MS - 1), 0);
        assert_eq!(day_of(DAY_MS), 1);
    }
}
