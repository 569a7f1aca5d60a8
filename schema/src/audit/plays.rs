//! Judges and counts again: from batches to verdicts, from verdicts to statements.

use super::checked::Item;
use super::report::{Fault, Report};
use crate::batch::Batch;
use crate::key::DeviceId;
use crate::ledger::{StatementEntry, VerdictEntry};
use crate::play::{Counts, Fragment, Play, StatementLine, Status, Subject, Tally, day_of};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

type Key = (DeviceId, Uuid);

#[derive(Debug, Default)]
struct Session {
    fragments: Vec<Fragment>,
    /// Its verdicts: the index of the entry, and the play.
    verdicts: Vec<(u64, Play)>,
}

/// Everything that is known of plays.
#[derive(Debug, Default)]
pub(super) struct Plays {
    sessions: BTreeMap<Key, Session>,
    /// Entries with erased verdicts, in ascending order, and how many.
    erased: Vec<(u64, u64)>,
    /// The parts of a statement that came so far.
    parts: Vec<StatementLine>,
    parts_whole: bool,
}

impl Plays {
    /// A batch speaks of sessions.
    pub fn batch(&mut self, batch: &Batch, leaf: u64, received: u64, anchored: Option<u64>) {
        for (session, fragment) in Fragment::split(batch, leaf, received, anchored) {
            self.sessions.entry((batch.device, session)).or_default().fragments.push(fragment);
        }
    }

    /// Sessions were judged.
    pub fn verdicts(
        &mut self,
        index: u64,
        entry: &VerdictEntry,
        items: Vec<Item<Play>>,
        report: &mut Report,
    ) -> Vec<u32> {
        let mut erased = Vec::new();
        for (place, item) in (0..).zip(items) {
            match item {
                Item::Erased => erased.push(place),
                Item::Unreadable => {
                    report.find(Fault::Verdict, index, format!("verdict {place} cannot be read"));
                }
                Item::Shown(play, text) => {
                    report.verdicts += 1;
                    let key = (play.device, play.session);
                    let session = self.sessions.entry(key).or_default();
                    match session.judge(key, entry.through) {
                        Some(again) if again.to_text() == text => {}
                        Some(again) => report.find(
                            Fault::Verdict,
                            index,
                            format!(
                                "session {} of device {} was judged {} with {} ms heard; the batches among the first \
                                 {} entries make it {} with {} ms",
                                play.session,
                                play.device,
                                play.verdict.status.as_str(),
                                play.verdict.heard_ms,
                                entry.through,
                                again.verdict.status.as_str(),
                                again.verdict.heard_ms
                            ),
                        ),
                        None => report.find(
                            Fault::Verdict,
                            index,
                            format!(
                                "session {} of device {} was judged, but no batch among the first {} entries speaks of it",
                                play.session, play.device, entry.through
                            ),
                        ),
                    }
                    session.verdicts.push((index, play));
                }
            }
        }
        report.erased_verdicts += erased.len() as u64;
        if !erased.is_empty() {
            self.erased.push((index, erased.len() as u64));
        }
        erased
    }

    /// A day was stated, or a part of it.
    pub fn statement(
        &mut self,
        index: u64,
        entry: &StatementEntry,
        items: Vec<Item<StatementLine>>,
        report: &mut Report,
    ) {
        if entry.part == 1 {
            self.parts.clear();
            self.parts_whole = true;
        }
        for item in items {
            match item {
                Item::Shown(line, _) => self.parts.push(line),
                Item::Erased | Item::Unreadable => self.parts_whole = false,
            }
        }
        if entry.part != entry.parts {
            return;
        }
        report.statements += 1;
        if !self.parts_whole {
            report.find(Fault::Statement, index, "a line of the statement cannot be read");
            return;
        }
        let stated = std::mem::take(&mut self.parts);
        let counted = self.count(index, entry, report);
        // What was erased since was counted then: with it, there may have been more, never less.
        let erased =
            self.erased.iter().filter(|(erased, _)| *erased < entry.through).map(|(_, count)| count).sum();
        compare(index, entry.day, &stated, &counted, erased, report);
    }

    /// The lines of a statement, from the last verdicts before it.
    fn count(&self, index: u64, entry: &StatementEntry, report: &mut Report) -> Vec<StatementLine> {
        let mut tally = Tally::default();
        for (key, session) in &self.sessions {
            let last = session.verdicts.iter().rev().find(|(verdict, _)| *verdict < entry.through);
            match last {
                Some((_, play)) if day_of(play.at) == entry.day => tally.add(play),
                Some(_) => {}
                None => {
                    // Verdicts come before statements: what was received and not judged was kept back.
                    if session.judge(*key, entry.through).is_some_and(|play| day_of(play.at) == entry.day) {
                        let (device, session) = key;
                        let sentence = format!(
                            "day {} was stated, but session {session} of device {device} was not judged",
                            entry.day
                        );
                        report.find(Fault::VerdictMissing, index, sentence);
                    }
                }
            }
        }
        tally.lines().collect()
    }

    /// Sums up the sessions as they are judged in the end.
    pub fn finish(&self, report: &mut Report) {
        for (key, session) in &self.sessions {
            let Some(play) = session.judge(*key, u64::MAX) else { continue };
            report.sessions += 1;
            report.valid += u64::from(play.verdict.status == Status::Valid);
        }
    }
}

impl Session {
    fn judge(&self, (device, session): Key, through: u64) -> Option<Play> {
        if self.fragments.iter().all(|fragment| fragment.leaf < through) {
            return Play::judge(device, session, &self.fragments);
        }
        let before = self.fragments.iter().filter(|fragment| fragment.leaf < through).cloned();
        Play::judge(device, session, &before.collect::<Vec<_>>())
    }
}

fn compare(
    index: u64,
    day: u32,
    stated: &[StatementLine],
    counted: &[StatementLine],
    erased: u64,
    report: &mut Report,
) {
    let by_subject = |lines: &[StatementLine]| -> BTreeMap<Subject, Counts> {
        lines.iter().map(|line| (line.subject.clone(), line.counts.clone())).collect()
    };
    let (stated, counted) = (by_subject(stated), by_subject(counted));
    let subjects: BTreeSet<&Subject> = stated.keys().chain(counted.keys()).collect();
    let nothing = Counts::default();
    for subject in subjects {
        let was = stated.get(subject).unwrap_or(&nothing);
        let is = counted.get(subject).unwrap_or(&nothing);
        if was != is && !covers(was, is, erased) {
            let what = match subject {
                Subject::All => "all plays".to_owned(),
                Subject::Track(track) => format!("track {track}"),
                Subject::Artist(artist) => format!("artist {artist}"),
            };
            let sentence = format!(
                "for day {day} the statement says {} valid plays of {what} ({} listeners, {} ms heard); the verdicts \
                 add up to {} ({} listeners, {} ms)",
                was.valid, was.listeners, was.heard_ms, is.valid, is.listeners, is.heard_ms
            );
            report.find(Fault::Statement, index, sentence);
        }
    }
}

/// Whether `was` can be `is` with as many sessions as were erased.
fn covers(was: &Counts, is: &Counts, erased: u64) -> bool {
    let statuses = |counts: &Counts| {
        let Counts { valid, short, muted, suspect, invalid, .. } = *counts;
        [valid, short, muted, suspect, invalid]
    };
    let more = |(was, is): (u64, u64)| was.checked_sub(is);
    let sessions: Option<u64> = statuses(was).into_iter().zip(statuses(is)).map(more).sum();
    sessions.is_some_and(|sessions| sessions <= erased)
        && was.listeners >= is.listeners
        && was.heard_ms >= is.heard_ms
}
