//! Compares what clients know with what a restarted server has.

use super::listener::Listener;
use super::{AUDIENCE, PATIENCE, now};
use crate::device::Issuer;
use delistening_schema::Hash;
use delistening_schema::audit::{Auditor, CheckedLine};
use delistening_schema::export::Line;
use delistening_schema::ledger::{Checkpoint, LogKey};
use delistening_schema::play::Counts;
use delistening_schema::token::{SCOPE_READ_COUNTS, SCOPE_READ_EXPORT};
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Something that must never be seen.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// What a kill left cannot be gone on with.
    #[error("a server does not start on what a kill left: {0}")]
    NoStart(std::io::Error),
    /// An answer that no device expects.
    #[error("an answer that no device expects: {0}")]
    Answer(String),
    /// A receipt that proves nothing.
    #[error("a receipt does not prove its batch: {0}")]
    Receipt(String),
    /// Two receipts for a batch.
    #[error("a batch that was sent again got another receipt than at first")]
    OtherReceipt,
    /// The log was rewritten.
    #[error("the log of {1} entries does not begin with the log of {0} entries that was signed before")]
    Inconsistent(u64, u64),
    /// A whole server does not take a batch.
    #[error("a server that is whole did not ack a batch")]
    NeverAcked,
    /// The projection stands still.
    #[error("after a restart, only {0} of {1} entries were counted")]
    NotCounted(u64, u64),
    /// The audit has found something.
    #[error("the audit of the export: {0}")]
    Audit(String),
    /// The server does not answer.
    #[error("a server that is whole does not answer: {0}")]
    Silent(#[from] reqwest::Error),
}

/// What was compared in a life so far.
#[derive(Clone, Debug, Default)]
pub struct Ledgers {
    pub acked: u64,
    pub lost: u64,
    pub double: u64,
    /// Batches in the export, up to the entry before `exported`.
    journaled: HashSet<Hash>,
    exported: u64,
    twice: u64,
}

impl Ledgers {
    /// Every listener has a receipt for everything.
    pub async fn compare(
        &mut self,
        client: &reqwest::Client,
        url: &str,
        issuer: &Issuer,
        listeners: &[Listener],
    ) -> Result<(), Violation> {
        let size = size(client, url).await?;
        for line in export(client, url, issuer, self.exported, size).await?.lines() {
            let Some(batch) = batch(line)? else { continue };
            self.twice += u64::from(!self.journaled.insert(batch));
        }
        self.exported = size;
        let acked = || listeners.iter().flat_map(|listener| &listener.acked);
        self.acked = acked().count() as u64;
        let gone =
            acked().filter(|(jws, _)| !self.journaled.contains(&Hash::of(jws.as_bytes()))).count() as u64;
        let played: usize = listeners.iter().map(Listener::played).sum();
        let counted = counted(client, url, issuer, size).await?;
        self.lost = self.lost.max(gone).max((played as u64).saturating_sub(counted));
        self.double = self.double.max(self.twice).max(counted.saturating_sub(played as u64));
        Ok(())
    }

    /// The whole export is sound, and still holds every batch that it ever held.
    pub async fn audit(&self, client: &reqwest::Client, url: &str, issuer: &Issuer) -> Result<(), Violation> {
        let vkey = get(client, &format!("{url}/log/vkey"), "").await?;
        let key = LogKey::parse(vkey.trim()).map_err(|_| Violation::Answer(vkey.clone()))?;
        let mut auditor = Auditor::new(key);
        let mut gone = self.journaled.clone();
        for line in export(client, url, issuer, 0, size(client, url).await?).await?.lines() {
            if let Some(batch) = batch(line)? {
                gone.remove(&batch);
            }
            auditor.take(CheckedLine::check(line));
        }
        let report = auditor.finish();
        if !gone.is_empty() {
            return Err(Violation::Audit(format!("{} batches are in it no more", gone.len())));
        }
        match report.findings.first() {
            Some(finding) => Err(Violation::Audit(finding.sentence.clone())),
            None => Ok(()),
        }
    }
}

fn batch(line: &str) -> Result<Option<Hash>, Violation> {
    match Line::parse(line).map_err(|error| Violation::Answer(format!("{error}: {line}")))? {
        Line::Row(row) => Ok(row.batch.map(|batch| Hash::of(batch.jws.as_bytes()))),
        Line::Header(_) | Line::Footer(_) => Ok(None),
    }
}

async fn size(client: &reqwest::Client, url: &str) -> Result<u64, Violation> {
    let note = get(client, &format!("{url}/log/checkpoint"), "").await?;
    let checkpoint = Checkpoint::unverified(&note).map_err(|_| Violation::Answer(note.clone()))?;
    Ok(checkpoint.size)
}

async fn export(
    client: &reqwest::Client,
    url: &str,
    issuer: &Issuer,
    from: u64,
    to: u64,
) -> Result<String, Violation> {
    let token = issuer.service_token(AUDIENCE, SCOPE_READ_EXPORT, now().as_secs());
    get(client, &format!("{url}/v1/export?from={from}&to={to}"), &token).await
}

/// How many plays of any kind are counted, once the first `size` entries are.
async fn counted(client: &reqwest::Client, url: &str, issuer: &Issuer, size: u64) -> Result<u64, Violation> {
    let begin = Instant::now();
    loop {
        let metrics = get(client, &format!("{url}/metrics"), "").await?;
        let projected = metrics.lines().find_map(|line| line.strip_prefix("delistening_projected "));
        let projected = projected.and_then(|number| number.parse().ok()).unwrap_or(0);
        if projected >= size {
            break;
        }
        if begin.elapsed() > PATIENCE {
            return Err(Violation::NotCounted(projected, size));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let token = issuer.service_token(AUDIENCE, SCOPE_READ_COUNTS, now().as_secs());
    let text = get(client, &format!("{url}/v1/plays"), &token).await?;
    let counts: Counts =
        serde_json::from_str(&text).map_err(|error| Violation::Answer(format!("{error}: {text}")))?;
    Ok(counts.valid + counts.short + counts.muted + counts.suspect + counts.invalid)
}

async fn get(client: &reqwest::Client, url: &str, token: &str) -> Result<String, Violation> {
    let answer = client.get(url).bearer_auth(token).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    if status.is_success() { Ok(text) } else { Err(Violation::Answer(format!("{url}: {status}: {text}"))) }
}
