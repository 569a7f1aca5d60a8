//! From stored events to sealed batches to verified receipts.

use super::{Core, STORE_AGAIN_MS, Token, Unstored};
use crate::audit::Doubt;
use crate::batch;
use crate::io::{Notice, Now, Output, TransportResult};
use crate::prelude::*;
use crate::record::{self, BatchRecord};
use crate::trust::{self, Distrust, Proof};
use crate::upload::InFlight;
use delistening_schema::api::{Acknowledgement, Answer, IngestRequest, IngestResponse, Known};
use delistening_schema::problem::{Action, Code, Problem};
use delistening_schema::token::Claims;
use delistening_schema::{DeviceId, DropReason, json, limits};

/// A token that lives no longer than this is not worth sending, unless tokens never live much longer.
const TOKEN_MARGIN_S: u64 = 30;
/// Bytes of batches in one request, below the limit with room for token and framing.
const REQUEST_BYTES: usize = limits::REQUEST_BYTES - 64 * 1024;
/// What a page may send on its way out (64 KiB in all), with room for token and framing.
const LAST_REQUEST_BYTES: usize = 56 * 1024;

impl Core {
    /// Seals the next batch if it is time. One at a time: its signature and its place on disk come first.
    pub(super) fn seal(&mut self, now: Now) {
        if let Some(unstored) = &self.unstored {
            if unstored.retry_at_ms.is_some_and(|at| at <= now.mono_ms) {
                self.store_batch();
            }
            return;
        }
        let due = self.seal_due_ms.is_some_and(|due| due <= now.mono_ms)
            || self.queue.len() >= self.config.max_events
            || self.queue.bytes() >= self.config.max_bytes
            || self.flushing
            || self.hidden;
        let waits = self.unsigned.is_some() || self.former.is_some();
        if !self.leads || self.stopped() || waits || self.queue.is_empty() || !due {
            return;
        }
        let (Some(key), Some(audience)) = (&self.key, &self.state.audience) else {
            self.need_token();
            return;
        };
        let Some(listener) = self.state.listener.as_deref() else {
            self.need_token();
            return;
        };
        let Some(cut) = self.queue.cut(listener, self.config.max_events, self.config.max_bytes) else {
            return;
        };
        let (key, audience, ticket) = (key.clone(), audience.clone(), self.next_ticket);
        self.next_ticket += 1;
        let unsigned = batch::prepare(
            &self.state,
            &key,
            cut,
            (&self.config.sdk, &audience, self.anchor.clone()),
            now,
            (&mut self.ids, &mut *self.entropy),
            ticket,
        );
        let message = unsigned.signing_input().to_owned();
        self.unsigned = Some(unsigned);
        self.outputs.push(Output::Sign { ticket, message });
    }

    pub(super) fn signed(&mut self, now: Now, ticket: u64, signature: Option<[u8; 64]>) {
        let Some(unsigned) = self.unsigned.take_if(|unsigned| unsigned.ticket == ticket) else { return };
        let Some(signature) = signature else {
            self.error("signing-failed", "the device's key could not sign a batch".to_owned(), Action::Retry);
            self.seal_due_ms = Some(now.mono_ms + STORE_AGAIN_MS);
            return;
        };
        let verifies = self
            .key
            .as_ref()
            .is_some_and(|key| key.verifies(unsigned.signing_input().as_bytes(), &signature));
        if !verifies {
            self.halt("wrong-key", "the device's key does not sign as its public half says".to_owned());
            return;
        }
        let (batch, keys) = unsigned.seal(&signature, &mut self.state);
        self.queue.remove(&keys);
        if self.queue.is_empty() {
            self.seal_due_ms = None;
            self.anchor = None;
        }
        let deletes = keys.into_iter().chain(core::mem::take(&mut self.left_over)).collect();
        self.unstored = Some(Unstored { ticket: 0, batch, deletes, retry_at_ms: None, failures: 0 });
        self.store_batch();
    }

    /// The batch, the chain's new end, and the end of its events: all or nothing.
    fn store_batch(&mut self) {
        let Some(mut unstored) = self.unstored.take() else { return };
        let puts = vec![
            record::write(record::batch_key(unstored.batch.seq), &unstored.batch),
            record::write(record::STATE.to_owned(), &self.state),
        ];
        unstored.ticket = self.store(puts, unstored.deletes.clone());
        unstored.retry_at_ms = None;
        self.unstored = Some(unstored);
    }

    /// A batch that could not be stored is tried again at once.
    pub(super) fn store_batch_again(&mut self, now: Now) {
        if let Some(at) = self.unstored.as_mut().and_then(|unstored| unstored.retry_at_ms.as_mut()) {
            *at = now.mono_ms;
        }
    }

    pub(super) fn batch_stored(&mut self, now: Now, ok: bool) {
        if !ok {
            if let Some(unstored) = &mut self.unstored {
                // Storage may be full for days: five seconds at first, five minutes in the end.
                unstored.retry_at_ms = Some(now.mono_ms + (STORE_AGAIN_MS << unstored.failures.min(6)));
                unstored.failures += 1;
            }
            return;
        }
        if let Some(Unstored { batch, .. }) = self.unstored.take() {
            let BatchRecord { seq, events, .. } = batch;
            self.notify(Notice::Sealed { seq, bytes: batch.jws.len(), events });
            self.batches.insert(batch);
        }
    }

    /// Sends what may be sent.
    pub(super) fn send(&mut self, now: Now) {
        if !self.leads || self.stopped() || !self.online || self.batches.is_empty() {
            return;
        }
        if !self.upload.ready(now.mono_ms) || self.audit.handover.is_some() {
            return;
        }
        let good = |token: &&Token| token.until_mono_ms > now.mono_ms && !self.token_refused;
        let Some(Token { text: token, claims, .. }) = self.token.as_ref().filter(good) else {
            self.need_token();
            return;
        };
        let most = if self.hidden { LAST_REQUEST_BYTES } else { REQUEST_BYTES };
        let mut bytes = 0;
        let chosen: Vec<&BatchRecord> = self
            .batches
            .values()
            .filter(|batch| batch.listener == claims.sub && !self.audit.doubts(batch.seq))
            .take(limits::REQUEST_BATCHES)
            .take_while(|batch| {
                bytes += batch.jws.len() + 3;
                bytes <= most
            })
            .collect();
        if chosen.is_empty() {
            return;
        }
        let known =
            trust::newest(&self.state).map(|newest| Known { origin: newest.origin, size: newest.size });
        let request = IngestRequest {
            token: Some(token.clone()),
            known,
            batches: chosen.iter().map(|batch| batch.jws.clone()).collect(),
        };
        let seqs = chosen.iter().map(|batch| batch.seq).collect();
        let body = json::to_string(&request);
        let ticket = self.ticket();
        self.upload.in_flight = Some(InFlight { ticket, seqs });
        self.outputs.push(Output::Send { ticket, body, last_chance: self.hidden });
    }

    fn need_token(&mut self) {
        if !self.token_asked && self.online && !self.stopped() {
            let Some(device) = self.token_device() else { return };
            self.token_asked = true;
            self.outputs.push(Output::NeedToken { device: device.to_string() });
        }
    }

    /// The device whose batches are to be sent.
    fn token_device(&self) -> Option<DeviceId> {
        self.former.or_else(|| self.key.as_ref().map(delistening_schema::PublicKey::thumbprint))
    }

    pub(super) fn token(&mut self, now: Now, token: Result<String, String>) {
        self.token_asked = false;
        let claims = token.and_then(|token| {
            let claims = Claims::peek(&token).map_err(|error| error.to_string())?;
            let bound = claims.cnf.as_ref().map(|cnf| cnf.jkt);
            if bound != self.token_device() {
                return Err("the token is bound to another device".to_owned());
            }
            match &self.config.listener {
                Some(listener) if *listener != claims.sub => {
                    Err("the token is another listener's".to_owned())
                }
                _ => Ok((token, claims)),
            }
        });
        match claims {
            Ok((token, claims)) => {
                self.token_refused = false;
                let learned = (Some(claims.aud.clone()), Some(claims.sub.clone()));
                if (&self.state.audience, &self.state.listener) != (&learned.0, &learned.1) {
                    (self.state.audience, self.state.listener) = learned;
                    if self.leads {
                        let record = record::write(record::STATE.to_owned(), &self.state);
                        self.store(vec![record], Vec::new());
                    }
                }
                self.give_up_former_of_others(&claims.sub);
                // By the time that has passed since: a device's wall clock may be wrong by any amount.
                let life_s = claims.exp.saturating_sub(claims.iat);
                let good_s = (life_s - TOKEN_MARGIN_S.min(life_s / 2)).max(1);
                let until_mono_ms = now.mono_ms.saturating_add(good_s.saturating_mul(1_000));
                self.token = Some(Token { text: token, claims, until_mono_ms });
            }
            Err(detail) => {
                self.token = None;
                self.upload.backoff.failed(now.mono_ms, None, &mut *self.entropy);
                // Sealing may be what waits for the token: try again when sending would.
                self.seal_due_ms =
                    self.upload.backoff.waits_until(now.mono_ms).filter(|_| !self.queue.is_empty());
                self.error(Code::BadToken.as_str(), detail, Action::Refresh);
                self.flushing = false;
                self.notify(Notice::Idle);
            }
        }
    }

    pub(super) fn response(&mut self, now: Now, ticket: u64, result: TransportResult) {
        let Some(InFlight { seqs, .. }) = self.upload.in_flight.take_if(|sent| sent.ticket == ticket) else {
            return;
        };
        // An answer may forget batches, which nothing may after an alarm; they get the same one again.
        if self.stopped() {
            return;
        }
        let TransportResult::Answer { status, retry_after_s, body } = result else {
            self.upload.backoff.failed(now.mono_ms, None, &mut *self.entropy);
            return;
        };
        if status != 200 {
            let problem = json::from_str(&body).unwrap_or_else(|| unreadable(status));
            self.refused(now, &seqs, problem, retry_after_s);
            return;
        }
        match json::from_str::<IngestResponse>(&body) {
            Some(response) if response.answers.len() == seqs.len() => self.answered(now, &seqs, response),
            _ => {
                let detail = "the answer is not one of an ingest server".to_owned();
                self.error("malformed-answer", detail, Action::Retry);
                self.upload.backoff.failed(now.mono_ms, None, &mut *self.entropy);
            }
        }
    }

    fn answered(&mut self, now: Now, seqs: &[u64], response: IngestResponse) {
        let known = trust::newest(&self.state).map(|newest| newest.origin);
        let named = Proof::Answer { named: known.as_deref() };
        let mut done = Vec::new();
        for (&seq, answer) in seqs.iter().zip(response.answers) {
            let (status, ack) = match answer {
                Answer::Accepted(ack) => ("accepted", ack),
                Answer::Duplicate(ack) => ("duplicate", ack),
                Answer::Refused { problem } => {
                    self.refused(now, &[seq], problem.clone(), problem.retry_after);
                    continue;
                }
            };
            if self.acknowledged(now, seq, status, &response.log, &ack, named) {
                done.push(seq);
            }
            if self.stopped() || self.audit.handover.is_some() {
                break;
            }
        }
        if !done.is_empty() {
            self.upload.backoff.succeeded();
            self.forget(done);
        }
    }

    /// Batches whose receipts hold are no longer this device's to keep.
    pub(super) fn forget(&mut self, seqs: Vec<u64>) {
        if self.stopped() {
            return;
        }
        for seq in &seqs {
            self.batches.remove(*seq);
        }
        self.store_state(seqs.into_iter().map(record::batch_key).collect(), true);
    }

    /// Whether a batch need not be kept any longer.
    pub(super) fn acknowledged(
        &mut self,
        now: Now,
        seq: u64,
        status: &'static str,
        vkey: &str,
        ack: &Acknowledgement,
        proof: Proof<'_>,
    ) -> bool {
        let Some(batch) = self.batches.get(seq) else { return false };
        match trust::check(&mut self.state, &self.pinned, vkey, &batch.jws, ack, proof) {
            Ok(verified) => {
                if let Some(log) = self.state.logs.get_mut(&verified.checkpoint.origin) {
                    log.audited.get_or_insert(now.wall_ms);
                }
                self.acked += 1;
                self.notify(Notice::Acked { seq, status });
                self.notify(Notice::Receipt {
                    seq,
                    index: verified.index,
                    size: verified.checkpoint.size,
                    origin: verified.checkpoint.origin,
                    checkpoint: verified.note,
                    received: verified.received,
                    verified: true,
                });
                for problem in &ack.problems {
                    self.error(problem.code.as_str(), problem.detail.clone(), problem.action);
                }
                return true;
            }
            Err(Distrust::Receipt(detail)) => {
                self.halt("receipt-invalid", format!("the receipt for batch {seq} does not hold: {detail}"));
            }
            Err(Distrust::NoKey(detail)) => self.halt("log-key-changed", detail),
            Err(Distrust::Key { key, detail }) => self.ask_for_handover(*key, detail),
            // Sent again, the batch names this log, and so has the answer to prove that the log has only grown.
            Err(Distrust::NotAsked { origin }) => {
                self.state.newest = Some(origin);
                self.upload.backoff.failed(now.mono_ms, None, &mut *self.entropy);
            }
            Err(Distrust::Unproved { origin, shown }) => {
                let (vkey, answer) = (vkey.to_owned(), ack.clone());
                self.audit.doubts.push(Doubt { seq, status, vkey, origin, shown, answer });
            }
            Err(Distrust::Rewritten(evidence)) => self.raise(&evidence),
        }
        false
    }

    fn refused(&mut self, now: Now, seqs: &[u64], problem: Problem, retry_after_s: Option<u64>) {
        let retry_after_s = retry_after_s.or(problem.retry_after);
        match problem.action {
            Action::Retry => self.upload.backoff.failed(now.mono_ms, retry_after_s, &mut *self.entropy),
            Action::Refresh => {
                // A new token may help at once; if the next one is refused as well, the wait grows.
                self.token_refused = true;
                self.upload.backoff.failed(now.mono_ms, retry_after_s, &mut *self.entropy);
                if problem.code == Code::ExpiredToken && self.upload.backoff.failures() == 1 {
                    self.upload.backoff.hurry();
                }
                self.error(problem.code.as_str(), problem.detail, Action::Refresh);
            }
            Action::Drop => {
                for &seq in seqs {
                    self.give_up_batch(seq, DropReason::Refused, Some(problem.clone()));
                }
                self.error(problem.code.as_str(), problem.detail, Action::Drop);
            }
            Action::Stop => self.halt(problem.code.as_str(), problem.detail),
        }
    }

    /// Says when a flush has done what it can.
    pub(super) fn settle(&mut self, now: Now) {
        let asks = self.audit.in_flight.is_some()
            && (!self.audit.doubts.is_empty() || self.audit.handover.is_some());
        let busy = self.unsigned.is_some() || self.upload.in_flight.is_some() || self.token_asked || asks;
        let storing = self.unstored.as_ref().is_some_and(|unstored| unstored.retry_at_ms.is_none());
        if !self.flushing || busy || storing {
            return;
        }
        let nothing_left = self.queue.is_empty() && self.batches.is_empty();
        let stuck = self.stopped()
            || !self.online
            || !self.leads
            || self.key.is_none()
            || self.upload.backoff.waits_until(now.mono_ms).is_some()
            || self.unstored.is_some()
            || !self.batches.is_empty();
        if nothing_left || stuck {
            self.flushing = false;
            self.notify(Notice::Idle);
        }
    }
}

fn unreadable(status: u16) -> Problem {
    let code = match status {
        401 => Code::BadToken,
        408 | 429 => Code::TooManyRequests,
        _ => Code::Overloaded,
    };
    Problem::new(code, format!("the server answered with status {status} and no problem that can be read"))
}
