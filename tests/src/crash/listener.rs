//! A device as devices are: it keeps what it has no receipt for and resends it, checks every receipt, and that the
//! log only grows.

use super::check::Violation;
use super::{ORIGIN, Random, now};
use crate::device::{Address, Device};
use delistening_schema::Hash;
use delistening_schema::api::{Acknowledgement, Answer, IngestRequest, IngestResponse, Known};
use delistening_schema::ledger::{Checkpoint, LogKey, Receipt, merkle};
use std::collections::VecDeque;

/// Batches in a request at most.
const REQUEST: u64 = 4;
/// Each batch holds one session of so many events.
const EVENTS: u64 = 6;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Every batch in it is acked.
    Answered,
    /// The server said no, for now.
    Refused,
    /// Whether it arrived is unknown.
    Unanswered,
}

/// The device of a listener.
pub struct Listener {
    pub name: String,
    pub device: Device,
    pub token: String,
    random: Random,
    /// Sealed and without a receipt.
    waiting: VecDeque<String>,
    /// Acked, with the receipt.
    pub acked: Vec<(String, String)>,
    known: Option<Checkpoint>,
}

impl Listener {
    pub fn new(number: u64, random: Random) -> Self {
        let device = Device::new(number);
        Self {
            name: format!("listener-{number}"),
            device,
            token: String::new(),
            random,
            waiting: VecDeque::new(),
            acked: Vec::new(),
            known: None,
        }
    }

    /// Plays something, unless much is waiting already.
    pub fn play(&mut self, audience: &str) {
        if self.waiting.len() < 16 {
            let at = u64::try_from(now().as_millis()).unwrap_or_default();
            let address = Address { audience, listener: &self.name };
            self.waiting.push_back(self.device.seal(&address, EVENTS, at));
        }
    }

    /// Whether something has no receipt.
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// How many sessions were played.
    pub fn played(&self) -> usize {
        self.waiting.len() + self.acked.len()
    }

    /// Sends what waits, and now and then something that was acked long ago.
    pub async fn send(&mut self, client: &reqwest::Client, url: &str) -> Result<Sent, Violation> {
        let count = usize::try_from(1 + self.random.below(REQUEST)).unwrap_or(1);
        let mut batches: Vec<String> = self.waiting.iter().take(count).cloned().collect();
        if !self.acked.is_empty() && self.random.once_in(8) {
            let old = self.random.below(self.acked.len() as u64);
            batches.push(self.acked[usize::try_from(old).unwrap_or_default()].0.clone());
        }
        let known = self.known.as_ref().map(|known| Known { origin: ORIGIN.into(), size: known.size });
        let request = IngestRequest { token: Some(self.token.clone()), known, batches };
        let body = serde_json::to_string(&request).unwrap_or_default();
        let ingest = format!("{url}/v1/batches");
        if self.random.once_in(20) {
            // A connection that is lost before the answer: it may have been taken.
            let sent =
                client.post(&ingest).header("content-type", "application/json").body(body.clone()).send();
            let _ = tokio::time::timeout(std::time::Duration::from_millis(1), sent).await;
        }
        let sent = client.post(&ingest).header("content-type", "application/json").body(body).send().await;
        let Ok(answer) = sent else { return Ok(Sent::Unanswered) };
        let status = answer.status().as_u16();
        let Ok(text) = answer.text().await else { return Ok(Sent::Unanswered) };
        if status == 503 {
            // Told to wait; here there is no time for it, but others are let go first.
            tokio::task::yield_now().await;
            return Ok(Sent::Refused);
        }
        if status != 200 {
            return Err(Violation::Answer(format!("status {status}: {text}")));
        }
        let response: IngestResponse =
            serde_json::from_str(&text).map_err(|error| Violation::Answer(format!("{error}: {text}")))?;
        self.take(&request.batches, response)?;
        Ok(Sent::Answered)
    }

    fn take(&mut self, batches: &[String], response: IngestResponse) -> Result<(), Violation> {
        let key = LogKey::parse(&response.log).map_err(|_| Violation::Answer(response.log.clone()))?;
        if response.answers.len() != batches.len() {
            return Err(Violation::Answer("not every batch was answered".to_owned()));
        }
        for (batch, answer) in batches.iter().zip(response.answers) {
            let ack = match answer {
                Answer::Accepted(ack) | Answer::Duplicate(ack) => ack,
                Answer::Refused { problem } => return Err(Violation::Answer(problem.to_string())),
            };
            self.verify(batch, &ack, &key)?;
            match self.acked.iter().find(|(acked, _)| acked == batch) {
                Some((_, receipt)) if *receipt == ack.receipt => {}
                Some(_) => return Err(Violation::OtherReceipt),
                None => {
                    self.waiting.retain(|waiting| waiting != batch);
                    self.acked.push((batch.clone(), ack.receipt));
                }
            }
        }
        Ok(())
    }

    fn verify(&mut self, batch: &str, ack: &Acknowledgement, key: &LogKey) -> Result<(), Violation> {
        let receipt = Receipt::parse(&ack.receipt).map_err(|error| Violation::Receipt(error.to_string()))?;
        let (_, checkpoint) =
            receipt.verify(batch.as_bytes(), key).map_err(|error| Violation::Receipt(error.to_string()))?;
        let Some(known) = &self.known else {
            self.known = Some(checkpoint);
            return Ok(());
        };
        let proof: Option<Vec<Hash>> = ack.consistency.iter().map(|hash| Hash::from_base64(hash)).collect();
        let (old, new) =
            if known.size <= checkpoint.size { (known, &checkpoint) } else { (&checkpoint, known) };
        let proof = proof.unwrap_or_default();
        if !merkle::verify_consistency(old.size, &old.root, new.size, &new.root, &proof) {
            return Err(Violation::Inconsistent(old.size, new.size));
        }
        if new.size > known.size {
            self.known = Some(checkpoint);
        }
        Ok(())
    }
}
