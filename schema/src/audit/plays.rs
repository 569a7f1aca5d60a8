//! Judges and counts again: from batches to verdicts, from verdicts to statements.

use super::checked::Item;
use super::report::{Fault, Report};
use crate::analysis::Analysis;
use crate::batch::Reported;
use crate::bytes::Hash;
use crate::judge::{Heard, Judge, MemoryCasebook};
use crate::ledger::{StatementEntry, VerdictEntry};
use crate::play::{Counts, Play, Received, SessionKey, StatementLine, Status, Subject, Tally, day_of};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

/// Everything that is known of plays.
#[derive(Debug)]
pub(super) struct Plays {
    /// One for each analysis that is known; all have taken the batches among the first `through` entries.
    judges: Vec<Judge<MemoryCasebook>>,
    /// The one whose analysis is in force: the one that was entered last.
    present: usize,
    through: u64,
    /// Batches that no verdict rests on yet.
    waiting: VecDeque<Heard>,
    /// All batches, if they are kept.
    pub kept: Option<Vec<Heard>>,
    /// Whether batches were erased: what they said of other sessions cannot be found again.
    erased_batches: bool,
    /// The verdicts on each session: the index of the entry, and the play.
    verdicts: BTreeMap<SessionKey, Vec<(u64, Play)>>,
    /// Entries with erased verdicts, in ascending order, and how many.
    erased: Vec<(u64, u64)>,
    /// The parts of a statement that came so far.
    parts: Vec<StatementLine>,
    parts_whole: bool,
}

impl Plays {
    /// By these analyses; the first is in force until another one is entered.
    pub fn new(analyses: impl IntoIterator<Item = Analysis>) -> Self {
        let judge = |analysis| Judge::new(Arc::new(analysis), MemoryCasebook::default());
        let mut judges: Vec<_> = analyses.into_iter().map(judge).collect();
        if judges.is_empty() {
            judges.push(judge(Analysis::v1()));
        }
        Self {
            judges,
            present: 0,
            through: 0,
            waiting: VecDeque::new(),
            kept: None,
            erased_batches: false,
            verdicts: BTreeMap::new(),
            erased: Vec::new(),
            parts: Vec::new(),
            parts_whole: false,
        }
    }

    /// The analysis in force.
    pub fn analysis(&self) -> &Analysis {
        self.judge().analysis()
    }

    /// An analysis was entered, and is in force from now on, if it is known; gives whether it is.
    pub fn entered(&mut self, version: u32, text: &str) -> bool {
        let same =
            |judge: &Judge<_>| judge.analysis().version() == version && judge.analysis().text() == text;
        let known = self.judges.iter().position(same);
        self.present = known.unwrap_or(self.present);
        known.is_some()
    }

    fn judge(&self) -> &Judge<MemoryCasebook> {
        &self.judges[self.present]
    }

    /// A batch speaks of sessions.
    pub fn batch(&mut self, batch: Reported, received: &Received) {
        let heard = Heard::of(batch, received);
        if let Some(kept) = &mut self.kept {
            kept.push(heard.clone());
        }
        self.waiting.push_back(heard);
    }

    /// A batch was erased, before anything rests on it.
    pub fn erased_batch(&mut self, hash: Hash) {
        self.erased_batches = true;
        for judge in &mut self.judges {
            let Ok(_) = judge.erased(hash);
        }
    }

    /// Judges by the batches among the first `through` entries.
    fn advance(&mut self, through: u64) {
        self.through = self.through.max(through);
        while let Some(heard) = self.waiting.pop_front_if(|heard| heard.leaf() < through) {
            let Some((last, others)) = self.judges.split_last_mut() else { continue };
            for judge in others {
                let Ok(_) = judge.take(heard.clone());
            }
            let Ok(_) = last.take(heard);
        }
        // The others look at what changed when theirs is in force.
        let Ok(_) = self.judges[self.present].examine();
    }

    /// Sessions were judged.
    pub fn verdicts(
        &mut self,
        index: u64,
        entry: &VerdictEntry,
        items: Vec<Item<Play>>,
        report: &mut Report,
    ) -> Vec<u32> {
        if entry.through < self.through {
            let sentence = "the verdicts rest on fewer entries than what was said before them";
            report.find(Fault::Verdict, index, sentence);
        }
        self.advance(entry.through);
        let mut erased = Vec::new();
        for (place, item) in (0..).zip(items) {
            match item {
                Item::Erased => erased.push(place),
                Item::Unreadable => {
                    report.find(Fault::Verdict, index, format!("verdict {place} cannot be read"));
                }
                Item::Shown(play, text) => {
                    report.verdicts += 1;
                    self.verdict(index, entry, &play, &text, report);
                    self.verdicts.entry(SessionKey::from(&play)).or_default().push((index, play));
                }
            }
        }
        report.erased_verdicts += erased.len() as u64;
        if !erased.is_empty() {
            self.erased.push((index, erased.len() as u64));
        }
        erased
    }

    fn verdict(&self, index: u64, entry: &VerdictEntry, play: &Play, text: &str, report: &mut Report) {
        let Ok(again) = self.judge().play(&SessionKey::from(play));
        let (session, device, through) = (play.session, play.device, entry.through);
        let Some(again) = again else {
            let sentence = format!(
                "session {session} of device {device} was judged, but no batch among the first {through} entries speaks \
                 of it"
            );
            report.find(Fault::Verdict, index, sentence);
            return;
        };
        if again.to_text() == text {
            return;
        }
        if self.erased_batches && same_but_for_signals(&again, play) {
            let sentence = format!(
                "session {session} of device {device} was judged {}; what is shown makes it {}, but batches were erased \
                 that may have stood beside it",
                say(play),
                say(&again)
            );
            report.find(Fault::ErasedEvidence, index, sentence);
            return;
        }
        let sentence = format!(
            "session {session} of device {device} was judged {}; the batches among the first {through} entries make it {}",
            say(play),
            say(&again)
        );
        report.find(Fault::Verdict, index, sentence);
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
    fn count(&mut self, index: u64, entry: &StatementEntry, report: &mut Report) -> Vec<StatementLine> {
        self.advance(entry.through);
        let mut tally = Tally::default();
        let last = |key: &SessionKey| {
            let verdicts = self.verdicts.get(key)?;
            verdicts.iter().rev().find(|(verdict, _)| *verdict < entry.through).map(|(_, play)| play)
        };
        for play in self.verdicts.keys().filter_map(last) {
            if day_of(play.at) == entry.day {
                tally.add(play);
            }
        }
        // Verdicts come before statements: what was received and not judged, or not judged again, was kept back.
        for case in self.judge().casebook().cases().filter(|case| day_of(case.play.at) == entry.day) {
            let (device, session, day) = (case.play.device, case.play.session, entry.day);
            let sentence = match last(&case.key()) {
                Some(play) if *play == case.play => continue,
                Some(play) if self.erased_batches && same_but_for_signals(play, &case.play) => continue,
                Some(play) => format!(
                    "day {day} was stated, but session {session} of device {device}, judged {}, was not judged again as {}",
                    say(play),
                    say(&case.play)
                ),
                None => {
                    format!("day {day} was stated, but session {session} of device {device} was not judged")
                }
            };
            report.find(Fault::VerdictMissing, index, sentence);
        }
        tally.lines().collect()
    }

    /// The sessions as they are judged in the end.
    pub fn judged(&self) -> BTreeMap<SessionKey, Play> {
        self.judge().casebook().cases().map(|case| (case.key(), case.play.clone())).collect()
    }

    /// Sums up the sessions as they are judged in the end.
    pub fn finish(&mut self, report: &mut Report) {
        self.advance(u64::MAX);
        for case in self.judge().casebook().cases() {
            report.sessions += 1;
            report.valid += u64::from(case.play.verdict.status == Status::Valid);
            report.suspect += u64::from(case.play.verdict.status == Status::Suspect);
        }
    }
}

/// A verdict in words.
fn say(play: &Play) -> String {
    let verdict = &play.verdict;
    let mut words = format!("{} with {} ms heard", verdict.status.as_str(), verdict.heard_ms);
    if let Some(suspicion) = &verdict.suspicion {
        let _ = write!(words, " and a score of {} ({})", suspicion.score, suspicion.signals.join(", "));
    }
    words
}

/// Whether two plays say the same, except for what analysis found.
fn same_but_for_signals(one: &Play, other: &Play) -> bool {
    let plain = |play: &Play| {
        let mut play = play.clone();
        play.verdict.suspicion = None;
        if play.verdict.status == Status::Suspect {
            play.verdict.status = Status::Valid;
        }
        play
    };
    plain(one) == plain(other)
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
