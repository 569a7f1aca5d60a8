//! What the server says of plays is entered in the log: verdicts, and a statement of each day that is over.

use super::support::*;
use delistening_ingest::journal::{Record, StatementRecord, VerdictsRecord};
use delistening_ingest::store::{Bounds, Filter};
use delistening_schema::play::{Play, StatementLine, Status, Subject, day_of};
use std::time::Duration;

fn verdicts(records: &[Record]) -> Vec<(u64, Play)> {
    let lists = records.iter().filter_map(|record| match record {
        Record::Verdicts(VerdictsRecord { through, items }) => Some((*through, items)),
        _ => None,
    });
    lists
        .flat_map(|(through, items)| {
            items.iter().map(move |item| (through, serde_json::from_str(item.text().unwrap()).unwrap()))
        })
        .collect()
}

fn statements(records: &[Record]) -> Vec<&StatementRecord> {
    records
        .iter()
        .filter_map(|record| if let Record::Statement(statement) = record { Some(statement) } else { None })
        .collect()
}

#[test]
fn a_verdict_is_entered_and_a_later_one_supersedes_it() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path(), Duration::ZERO);
    let first = heard(1, None, 1, now_ms(), (0, 20));
    running.commit(&first);
    let (through, play) = running.until(|records| verdicts(records).into_iter().next());
    assert_eq!((play.verdict.status, play.verdict.heard_ms), (Status::Short, 20_000));
    assert_eq!((through, play.track.as_str(), play.listener.as_str()), (3, "track-1", "listener-1"));

    running.commit(&heard(2, Some(first.hash), 1, now_ms(), (20, 45)));
    let (through, play) = running.until(|records| verdicts(records).into_iter().nth(1));
    assert_eq!((play.verdict.status, play.verdict.heard_ms), (Status::Valid, 45_000));
    assert_eq!(through, 5);
    let counts = running.store.counts(&Filter::default(), &Bounds::all()).unwrap().total;
    assert_eq!((counts.valid, counts.heard_ms), (1, 45_000), "what is served is what is entered");
}

#[test]
fn verdicts_that_come_soon_after_each_other_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let waiting = start(folder.path(), Duration::from_hours(1));
    let first = heard(1, None, 1, now_ms(), (0, 20));
    waiting.commit(&first);
    waiting.commit(&heard(2, Some(first.hash), 1, now_ms(), (20, 45)));
    assert!(verdicts(&waiting.records()).is_empty());
    waiting.end();
    // What waited is entered by whoever comes after.
    let running = start(folder.path(), Duration::ZERO);
    let entered = running.until(|records| Some(verdicts(records)).filter(|entered| !entered.is_empty()));
    assert_eq!(entered.len(), 1);
    assert_eq!(entered[0].1.verdict.heard_ms, 45_000);
}

#[test]
fn a_day_that_is_over_is_stated_and_today_is_not() {
    let folder = tempfile::tempdir().unwrap();
    // Yesterday's play and today's wait for their verdicts together.
    let yesterday = now_ms() - DAY_MS;
    let waiting = start(folder.path(), Duration::from_hours(1));
    let first = heard(1, None, 1, yesterday, (0, 40));
    waiting.commit(&first);
    waiting.commit(&heard(2, Some(first.hash), 2, now_ms(), (0, 50)));
    waiting.end();

    let running = start(folder.path(), Duration::ZERO);
    let statement = running.until(|records| statements(records).first().copied().cloned());
    assert_eq!(statement.day, day_of(yesterday));
    assert_eq!((statement.part, statement.parts), (1, 1));
    let lines: Vec<StatementLine> =
        statement.items.iter().map(|item| serde_json::from_str(item.text().unwrap()).unwrap()).collect();
    let subjects: Vec<&Subject> = lines.iter().map(|line| &line.subject).collect();
    assert_eq!(
        subjects,
        [&Subject::All, &Subject::Track("track-1".into()), &Subject::Artist("artist-1".into())]
    );
    assert!(lines.iter().all(|line| line.counts.valid == 1 && line.counts.heard_ms == 40_000));
    assert_eq!(statements(&running.records()).len(), 1);
}

#[test]
fn without_trail_and_store_the_same_is_known_and_nothing_is_entered_twice() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path(), Duration::ZERO);
    let first = heard(1, None, 1, now_ms() - DAY_MS, (0, 40));
    running.commit(&first);
    running.until(|records| statements(records).first().map(|_| ()));
    let before = running.records();
    running.end();
    for name in ["trail.sqlite", "plays.sqlite", "judge.sqlite"] {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.path().join(format!("{name}{suffix}")));
        }
    }
    let running = start(folder.path(), Duration::ZERO);
    running.commit(&heard(2, Some(first.hash), 2, now_ms(), (0, 50)));
    running.until(|records| verdicts(records).get(1).map(|_| ()));
    let after = running.records();
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(after.len(), before.len() + 2, "the batch and its verdict, and nothing else");
}
