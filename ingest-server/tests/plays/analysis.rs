//! What looks like fraud is set apart, also after the fact, and an auditor finds the same.

use super::audit::{assert_clean, export, faults};
use super::support::*;
use delistening_ingest::journal::{Record, VerdictsRecord};
use delistening_ingest::store::{Bounds, Filter};
use delistening_schema::analysis::{Analysis, Rule, Scope, Signal, Trace};
use delistening_schema::audit::{Auditor, CheckedLine, Fault, Report};
use delistening_schema::ledger::Sealed;
use delistening_schema::play::{Play, Status};
use std::time::Duration;

/// More than the ten sessions at once that are no accident.
const AT_ONCE: u32 = 12;

fn plays(records: &[Record]) -> impl DoubleEndedIterator<Item = Play> {
    let lists = records.iter().filter_map(|record| match record {
        Record::Verdicts(VerdictsRecord { items, .. }) => Some(items),
        _ => None,
    });
    lists.flatten().map(|item| serde_json::from_str(item.text().unwrap()).unwrap())
}

/// A device that plays twelve tracks at once, one batch after the other, and is judged after each.
fn run(analysis: Analysis) -> (Vec<Record>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let running = start_with(folder.path(), Duration::ZERO, analysis);
    let (at, mut prev) = (now_ms() - 60_000, None);
    for number in 1..=AT_ONCE {
        let batch = heard(number.into(), prev, number, at, (0, 40));
        prev = Some(batch.hash);
        running.commit(&batch);
        running.until(|records| plays(records).any(|play| play.session == session(number)).then_some(()));
    }
    let settled = |records: &[Record]| {
        (1..=AT_ONCE).all(|number| {
            let last = plays(records).rfind(|play| play.session == session(number));
            last.is_some_and(|play| play.verdict.status == Status::Suspect)
        })
    };
    running.until(|records| settled(records).then_some(()));
    let suspect = running.store.counts(&Filter::default(), &Bounds::all()).unwrap().total.suspect;
    let records = running.records();
    running.end();
    (records, suspect)
}

fn session(number: u32) -> uuid::Uuid {
    format!("018f4e3a-7c00-7000-9000-{number:012x}").parse().unwrap()
}

fn audit(records: &[Record], analysis: Analysis) -> Report {
    audit_by(records, [analysis])
}

fn audit_by(records: &[Record], analyses: impl IntoIterator<Item = Analysis>) -> Report {
    let mut auditor = Auditor::with_analyses(signer().log_key().clone(), analyses);
    for line in export(records) {
        auditor.take(CheckedLine::check(&line));
    }
    auditor.finish()
}

#[test]
fn what_becomes_suspect_later_is_judged_again_and_audited() {
    let (records, suspect) = run(Analysis::v1());
    assert_eq!(suspect, u64::from(AT_ONCE), "counted apart from valid plays");
    let first = plays(&records).find(|play| play.session == session(1)).unwrap();
    assert_eq!((first.verdict.status, first.verdict.suspicion), (Status::Valid, None), "as it looked then");
    let last = plays(&records).rfind(|play| play.session == session(1)).unwrap();
    let suspicion = last.verdict.suspicion.unwrap();
    assert_eq!((suspicion.analysis, suspicion.score), (1, 130));
    assert_eq!(suspicion.signals, ["overlap", "overlaps"]);
    let report = audit(&records, Analysis::v1());
    assert_clean(&report);
    assert_eq!((report.sessions, report.valid, report.suspect), (12, 0, 12));
}

#[test]
fn who_overlooks_a_signal_or_invents_one_is_found() {
    type Trick = fn(&mut Play);
    let (records, _) = run(Analysis::v1());
    let tricks: [(&str, Trick); 3] = [
        ("a friend's plays are let pass", |play| {
            play.verdict.status = Status::Valid;
            play.verdict.suspicion = None;
        }),
        ("a score is lowered", |play| {
            if let Some(suspicion) = &mut play.verdict.suspicion {
                suspicion.score = 99;
            }
        }),
        ("a signal is invented", |play| {
            if let Some(suspicion) = &mut play.verdict.suspicion {
                suspicion.signals.push("near_threshold".into());
            }
        }),
    ];
    for (name, trick) in tricks {
        let mut forged = records.clone();
        let last = forged.iter_mut().rev().find_map(|record| match record {
            Record::Verdicts(verdicts) => verdicts.items.last_mut(),
            _ => None,
        });
        let item = last.unwrap();
        let mut play: Play = serde_json::from_str(item.text().unwrap()).unwrap();
        trick(&mut play);
        *item = Sealed::Open { salt: [7; 16], text: play.to_text() };
        let report = audit(&forged, Analysis::v1());
        assert_eq!(faults(&report), [Fault::Verdict], "{name}");
        assert!(report.findings[0].sentence.contains("overlaps"), "{:?}", report.findings);
    }
}

/// A rule of an operator's own.
#[derive(Debug)]
struct AnyTrackOne;

impl Rule for AnyTrackOne {
    fn signal(&self) -> Signal {
        Signal { code: "own.track_one".into(), weight: 5, text: "It is a play of track-1.".into() }
    }
    fn scope(&self) -> Scope {
        Scope::Session
    }
    fn examine(&self, plays: &[&Trace], mark: &mut dyn FnMut(usize)) {
        (0..plays.len()).filter(|&place| plays[place].track == "track-1").for_each(mark);
    }
}

#[test]
fn an_operator_s_own_rules_are_published_and_audited_by_who_has_them() {
    let own = || Analysis::v1().with(1_001, [Box::new(AnyTrackOne) as Box<dyn Rule>]);
    let (records, _) = run(own());
    let last = plays(&records).next_back().unwrap().verdict.suspicion.unwrap();
    assert_eq!((last.analysis, last.score), (1_001, 135));
    assert_clean(&audit(&records, own()));
    let without = audit(&records, Analysis::v1());
    assert_eq!(
        faults(&without),
        [Fault::Rule, Fault::Verdict],
        "and is not taken for something else by others"
    );
}

/// The log of an operator who got rules of its own, and went back to version 1: the same plays judged three times, each
/// time with one more, and the day stated after the first.
fn run_of_changes(own: impl Fn() -> Analysis) -> Vec<Record> {
    let (folder, at) = (tempfile::tempdir().unwrap(), now_ms() - 2 * DAY_MS);
    let (mut prev, mut records) = (None, Vec::new());
    for (number, analysis) in (1..).zip([Analysis::v1(), own(), Analysis::v1()]) {
        let running = start_with(folder.path(), Duration::ZERO, analysis);
        // One after the other: no two of them at once.
        let batch = heard(number.into(), prev, number, at + u64::from(number) * 600_000, (0, 40));
        prev = Some(batch.hash);
        running.commit(&batch);
        records = running.until(|records| {
            let stated = records.iter().any(|record| matches!(record, Record::Statement(_)));
            let judged = plays(records).any(|play| play.session == session(number));
            // What the analysis says of the first play is said again.
            let first = plays(records).rfind(|play| play.session == session(1))?;
            let present = first.verdict.suspicion.is_some() == (number == 2);
            (judged && stated && present).then(|| records.to_vec())
        });
        running.end();
    }
    records
}

#[test]
fn an_export_that_spans_versions_of_the_analysis_is_audited_by_the_one_in_force() {
    let own = || Analysis::v1().with(1_001, [Box::new(AnyTrackOne) as Box<dyn Rule>]);
    let records = run_of_changes(own);
    let both = |records: &[Record]| audit_by(records, [Analysis::v1(), own()]);
    let report = both(&records);
    assert_clean(&report);
    assert_eq!((report.sessions, report.valid), (3, 3));
    assert!(report.statements >= 1, "{report:?}");
    let first: Vec<bool> = plays(&records)
        .filter(|play| play.session == session(1))
        .map(|play| play.verdict.suspicion.is_some())
        .collect();
    assert_eq!(first, [false, true, false], "superseded by appending");
    // Whoever knows one of them alone does not take the other for it.
    for analysis in [Analysis::v1(), own()] {
        assert!(faults(&audit(&records, analysis)).contains(&Fault::Rule));
    }
    // Each verdict, of whichever version, is held to the one that was in force.
    let mut flipped = 0;
    for (at, record) in records.iter().enumerate() {
        let Record::Verdicts(verdicts) = record else { continue };
        for (place, item) in verdicts.items.iter().enumerate() {
            let play: Play = serde_json::from_str(item.text().unwrap()).unwrap();
            let mut status = play.clone();
            status.verdict.status = Status::Short;
            let mut version = play.clone();
            version.verdict.suspicion = match play.verdict.suspicion {
                Some(_) => None,
                None => plays(&records).find_map(|play| play.verdict.suspicion),
            };
            for forged in [status, version] {
                let mut records = records.clone();
                let Record::Verdicts(verdicts) = &mut records[at] else { unreachable!() };
                verdicts.items[place] = Sealed::Open { salt: [7; 16], text: forged.to_text() };
                assert!(faults(&both(&records)).contains(&Fault::Verdict), "verdict {place} of entry {at}");
                flipped += 1;
            }
        }
    }
    assert!(flipped >= 12, "{flipped}: at least three, two and one more of each version, in two ways");
}
