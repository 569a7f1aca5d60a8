//! A dishonest operator: plays every trick on a log that a device and an auditor knew before, with the real server on
//! a folder that was made up, the real SDK core and the real audit.
//!
//! The device has the log's newest checkpoint, plays once more, and then asks the log by itself. The auditor has an
//! earlier export, goes on with it, and also begins anew. Start with [`tricks::all`].

pub mod operator;
pub mod tricks;

use crate::listener::Listener;
use delistening_ingest::journal::Record;
use delistening_schema::audit::Fault;
use delistening_schema::ledger::{Evidence, LogKey};
use operator::{Operator, audit, client, records};
use reqwest::Client;
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tricks::Trick;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Devices play for minutes of their own clocks' time while this runs for seconds.
const LAG_MS: u64 = 2 * 60 * 60 * 1000;

/// What came of a trick.
pub struct Outcome {
    /// Which.
    pub trick: Trick,
    /// The errors that the device raised.
    pub sdk: Vec<String>,
    /// How many batches and events it keeps after another play.
    pub kept: usize,
    /// Whether it holds evidence that verifies.
    pub evidence: bool,
    /// What the auditor found to be wrong.
    pub audit: BTreeSet<Fault>,
}

impl Outcome {
    /// What is not as it should be, in words; nothing if all is.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let expected: Vec<&str> = self.trick.sdk.seen().into_iter().copied().collect();
        if self.sdk != expected {
            faults.push(format!("the device said {:?} instead of {expected:?}", self.sdk));
        }
        if self.kept > 0 && expected.is_empty() || self.kept == 0 && !expected.is_empty() {
            faults.push(format!("the device keeps {} records", self.kept));
        }
        if self.evidence != (expected == ["log-inconsistent"]) {
            faults.push(format!("the device has evidence: {}", self.evidence));
        }
        match self.trick.audit.seen() {
            Some(fault) if !self.audit.contains(fault) => {
                faults.push(format!("the auditor found {:?} and not {fault:?}", self.audit));
            }
            None if !self.audit.is_empty() => {
                faults.push(format!("the auditor found {:?} where nothing is wrong", self.audit));
            }
            _ => {}
        }
        faults
    }
}

/// What device and auditor knew before.
struct Before {
    client: Client,
    keys: TempDir,
    key: LogKey,
    records: Vec<Record>,
    export: Vec<String>,
    device: Listener,
    wall_ms: u64,
}

/// Plays every trick.
pub async fn run() -> Vec<Outcome> {
    let before = honest().await;
    let mut outcomes = Vec::new();
    for trick in tricks::all() {
        outcomes.push(before.play(trick).await);
    }
    outcomes
}

/// A log with plays of yesterday and today, verdicts and a statement, and a device that knows all of it.
async fn honest() -> Before {
    let client = client();
    let operator = Operator::begin(&client).await;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    let wall_ms = u64::try_from(since.as_millis()).expect("a time") - LAG_MS;
    let holds = |kind: &'static str, count: usize| {
        move |lines: &[String]| lines.iter().filter(|line| line.contains(kind)).count() >= count
    };
    let mut yesterdays = Listener::new(&client, 2, &operator.url, wall_ms - DAY_MS).await;
    yesterdays.play().await;
    operator.until(holds(r#""kind":"statement""#, 1)).await;
    let mut device = Listener::new(&client, 1, &operator.url, wall_ms).await;
    for _ in 0..6 {
        device.play().await;
    }
    device.audit().await;
    assert_eq!((device.errors(), device.kept()), (vec![], 0), "nothing is wrong yet");
    let export = operator.export(0).await;
    let key = operator.key.clone();
    let keys = operator.end().await;
    // What was entered at the very end is there as well, though nobody has seen it yet.
    let records = records(keys.path());
    Before { client, keys, key, records, export, device, wall_ms }
}

impl Before {
    async fn play(&self, trick: Trick) -> Outcome {
        let mut records = self.records.clone();
        if let Some(past) = trick.past {
            past(&mut records);
        }
        let strange =
            if trick.another_key { Some(Operator::begin(&self.client).await.end().await) } else { None };
        let keys = strange.as_ref().unwrap_or(&self.keys).path();
        let operator = Operator::forge(&self.client, keys, &records).await;
        let fork = if trick.fork { Some(Operator::forge(&self.client, keys, &records).await) } else { None };
        let public = fork.as_ref().unwrap_or(&operator);
        let mut other = Listener::new(&self.client, 9, &public.url, self.wall_ms).await;
        if trick.grows || trick.fork {
            other.play_beyond(self.device.known()).await;
        }
        let mut device = self.device.restart(1, &operator.url).await;
        device.log_url.clone_from(&public.url);
        (device.answers, device.shown) = (trick.answers, trick.shown);
        device.play().await;
        if trick.fork {
            // Each tree grows at its own pace; only a longer one is asked how it goes on from what is known.
            other.play_beyond(device.known()).await;
        }
        device.audit().await;
        device.play().await;

        let seen = if trick.fork { operator.export(0).await } else { self.export.clone() };
        if trick.fork {
            other.play_beyond(entries(&seen)).await;
        }
        let goes_on = [&seen[..], &public.export(entries(&seen)).await].concat();
        let mut anew = public.export(0).await;
        if let Some(change) = trick.export {
            change(&mut anew);
        }
        let reports = [audit(&self.key, &goes_on), audit(&self.key, &anew)];
        let findings = reports.iter().flat_map(|report| &report.findings);
        let audit = findings.filter(|finding| finding.wrong).map(|finding| finding.fault).collect();
        drop(operator.end().await);
        if let Some(fork) = fork {
            drop(fork.end().await);
        }
        Outcome {
            trick,
            sdk: device.errors().into_iter().map(str::to_owned).collect(),
            kept: device.kept(),
            evidence: device.evidence().is_some_and(|text| proves(&text)),
            audit,
        }
    }
}

/// How many entries an export of one range holds.
fn entries(export: &[String]) -> u64 {
    export.len() as u64 - 2
}

fn proves(evidence: &str) -> bool {
    serde_json::from_str::<Evidence>(evidence).is_ok_and(|evidence| evidence.verify().is_ok())
}
