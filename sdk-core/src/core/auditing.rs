//! From doubts to certainty: the log itself is asked for the tiles that show what it was.

use super::{Core, STORE_AGAIN_MS};
use crate::audit::{Asked, Audit, Comparison, Doubt, Handover, Resource};
use crate::io::{FetchResult, Now, Output};
use crate::prelude::*;
use crate::record::{self, AlarmRecord, LogState};
use crate::trust::{self, Proof, Relation};
use delistening_schema::api::LogKeys;
use delistening_schema::json;
use delistening_schema::ledger::tiles::{self, Tiles};
use delistening_schema::ledger::{Checkpoint, Evidence, LogKey, Receipt, successor};
use delistening_schema::problem::Action;

/// Neither a checkpoint nor a tile is longer.
const ANSWER_BYTES: usize = 64 * 1024;

impl Core {
    /// Asks for the next thing that is missing, one at a time.
    pub(super) fn audit(&mut self, now: Now) {
        let may = self.leads && self.online && !self.hidden && !self.stopped();
        if !may || self.audit.in_flight.is_some() || !self.audit.backoff.ready(now.mono_ms) {
            return;
        }
        if self.audit.handover.is_some() {
            return self.ask(Resource::Keys);
        }
        // A doubt about a size that is known already needs no tile: it is settled at once, and the next one taken up.
        for _ in 0..=self.audit.doubts.len() {
            if self.audit.comparison.is_none() {
                self.compare_doubt();
            }
            if !self.audit.comparison.as_ref().is_some_and(|comparison| comparison.missing.is_empty()) {
                break;
            }
            self.conclude(now);
        }
        // What was settled may have been an alarm.
        if self.stopped() || !self.audit.backoff.ready(now.mono_ms) {
            return;
        }
        let what = match &self.audit.comparison {
            Some(comparison) => comparison.missing.last().map(|&tile| Resource::Tile(tile, tile)),
            None if self.audit.witnessed_next => Some(Resource::Witnessed),
            None => self.audit_due(now).filter(|&due| due <= now.mono_ms).map(|_| Resource::Checkpoint),
        };
        if let Some(what) = what {
            self.ask(what);
        }
    }

    /// When the log is asked again without an occasion, on the monotonic clock.
    pub(super) fn audit_due(&self, now: Now) -> Option<u64> {
        let log = self.state.logs.get(self.state.newest.as_ref()?)?;
        if self.config.audit_every_ms == 0 || log.checkpoint.is_none() {
            return None;
        }
        // A clock that was set back says nothing of how long ago it was.
        let waited = log.audited.and_then(|at| now.wall_ms.checked_sub(at));
        Some(now.mono_ms + waited.map_or(0, |waited| self.config.audit_every_ms.saturating_sub(waited)))
    }

    fn ask(&mut self, what: Resource) {
        let ticket = self.ticket();
        self.audit.in_flight = Some(Asked { ticket, what });
        self.outputs.push(Output::Fetch { ticket, path: what.path() });
    }

    /// Takes up the oldest batch whose receipt was not shown to be of the log's one history.
    fn compare_doubt(&mut self) {
        let Some(doubt) = self.audit.doubts.first() else { return };
        let (origin, shown, seq) = (doubt.origin.clone(), doubt.shown.clone(), doubt.seq);
        self.compare(origin, shown, Some(seq));
    }

    fn compare(&mut self, origin: String, shown: String, seq: Option<u64>) {
        let known = self.state.logs.get(&origin).and_then(|log| log.checkpoint.clone());
        let Some(known) = known else { return };
        let Some([(smaller, _), (larger, _)]) = trust::by_size(&known, &shown) else { return };
        let missing = tiles::needed(smaller.size, larger.size);
        self.audit.comparison = Some(Comparison { origin, known, shown, seq, missing, tiles: Tiles::new() });
    }

    pub(super) fn fetched(&mut self, now: Now, ticket: u64, result: FetchResult) {
        let Some(Asked { what, .. }) = self.audit.in_flight.take_if(|asked| asked.ticket == ticket) else {
            return;
        };
        if self.stopped() {
            return;
        }
        let (status, body) = match result {
            FetchResult::Answer { status, body } if body.len() <= ANSWER_BYTES => (status, body),
            _ => return self.unanswered(now),
        };
        match (status, what) {
            (200, Resource::Checkpoint) => self.shown(now, body),
            (200, Resource::Witnessed) => self.witnessed(now, body),
            (404, Resource::Witnessed) => self.unwitnessed(now),
            (200 | 404, Resource::Keys) => self.handed_over(now, &body),
            (200, Resource::Tile(tile, _)) => match (tile.read(&body), &mut self.audit.comparison) {
                (Some(hashes), Some(comparison)) => {
                    comparison.missing.retain(|&missing| missing != tile);
                    comparison.tiles.push((tile, hashes));
                    if comparison.missing.is_empty() {
                        self.conclude(now);
                    }
                }
                _ => self.unproved(now, "a tile is not one"),
            },
            // A log may have dropped a partial tile when the full one was there.
            (404, Resource::Tile(tile, asked)) if tile == asked && tile.full().is_some() => {
                self.ask(Resource::Tile(tile, tile.full().unwrap_or(tile)));
            }
            (408 | 429 | 500.., _) => self.unanswered(now),
            _ => self.unproved(now, "it does not give what would show it"),
        }
    }

    /// The log shows its newest checkpoint to somebody it does not know.
    fn shown(&mut self, now: Now, body: Vec<u8>) {
        let Some(origin) = self.state.newest.clone() else { return };
        let Some(log) = self.state.logs.get(&origin) else { return };
        let (Ok(key), Ok(shown)) = (LogKey::parse(&log.key), String::from_utf8(body)) else {
            return self.unproved(now, "its checkpoint is not one");
        };
        // Nodes of one service have logs of their own: another one may have answered.
        if Checkpoint::unverified(&shown).is_ok_and(|checkpoint| checkpoint.origin != origin) {
            return self.unanswered(now);
        }
        if Checkpoint::verify(&shown, &key).is_err() {
            let detail = "its checkpoint is not signed by its key".to_owned();
            self.audit.handover = Some(Handover { origin, key: None, detail });
            return;
        }
        self.compare_now(now, origin, shown);
    }

    fn compare_now(&mut self, now: Now, origin: String, shown: String) {
        self.compare(origin, shown, None);
        if self.audit.comparison.as_ref().is_some_and(|comparison| comparison.missing.is_empty()) {
            self.conclude(now);
        }
    }

    /// What witnesses have seen, they have seen grow: it must be of the history that this device was shown, and reach
    /// as far as that did when the log was last asked.
    fn witnessed(&mut self, now: Now, body: Vec<u8>) {
        let (Some(witnesses), Some(origin)) = (&self.witnesses, self.state.newest.clone()) else { return };
        let Ok(note) = String::from_utf8(body) else { return self.unwitnessed(now) };
        let before = self.state.logs.get(&origin).map_or(0, |log| log.audited_size);
        match witnesses.verify(&note) {
            Some(checkpoint) if checkpoint.origin != origin => self.unanswered(now),
            Some(checkpoint) if checkpoint.size >= before => {
                self.audit.unwitnessed = false;
                self.compare_now(now, origin, note);
            }
            _ => self.unwitnessed(now),
        }
    }

    /// That is no evidence either: witnesses may be out of reach.
    fn unwitnessed(&mut self, now: Now) {
        if !core::mem::replace(&mut self.audit.unwitnessed, true) {
            let detail =
                "too few witnesses have seen the log as it was shown to this device; it is asked again";
            self.error("log-unwitnessed", detail.to_owned(), Action::Retry);
        }
        self.finish_audit(now);
    }

    fn finish_audit(&mut self, now: Now) {
        self.audit.witnessed_next = false;
        let newest = trust::newest(&self.state);
        if let Some(log) = newest.as_ref().and_then(|newest| self.state.logs.get_mut(&newest.origin)) {
            log.audited = Some(now.wall_ms);
            log.audited_size = newest.map_or(0, |newest| newest.size);
        }
        let state = record::write(record::STATE.to_owned(), &self.state);
        self.store(vec![state], Vec::new());
    }

    /// An answer is by a log with another key: it may have been handed over.
    pub(super) fn ask_for_handover(&mut self, key: LogKey, detail: String) {
        let origin = key.name().to_owned();
        self.audit.handover = Some(Handover { origin, key: Some(key), detail });
    }

    /// The log tells which keys it has had.
    fn handed_over(&mut self, now: Now, body: &[u8]) {
        let told = str::from_utf8(body).ok().and_then(json::from_str);
        let LogKeys { keys, handovers } = told.unwrap_or_default();
        let Some(Handover { origin, .. }) = &self.audit.handover else { return };
        let is_of = |vkey: &String| LogKey::parse(vkey).is_ok_and(|key| key.name() == origin);
        if !keys.is_empty() && !keys.iter().any(is_of) {
            return self.unanswered(now);
        }
        let Some(Handover { origin, key, detail }) = self.audit.handover.take() else { return };
        let first = trust::first_key(&self.state, &self.pinned, &origin);
        let proofs: Result<Vec<Receipt>, _> = handovers.iter().map(|text| Receipt::parse(text)).collect();
        let led = first.zip(proofs.ok());
        let led = led.and_then(|(first, proofs)| Some((successor(&first, &proofs).ok()?, first)));
        match (led, key) {
            (Some((last, first)), key)
                if key.as_ref().is_none_or(|key| *key == last) && self.is_new(&last) =>
            {
                let log = self.state.logs.get_or_insert_with(origin, || LogState::new(&first));
                log.hand_over(&last, handovers);
                self.audit.backoff.succeeded();
                let state = record::write(record::STATE.to_owned(), &self.state);
                self.store(vec![state], Vec::new());
            }
            (_, Some(_)) => self.halt("log-key-changed", detail),
            (_, None) => self.unproved(now, &detail),
        }
    }

    fn is_new(&self, key: &LogKey) -> bool {
        let log = self.state.logs.get(key.name());
        log.is_none_or(|log| log.key != key.to_vkey())
    }

    /// All tiles are there.
    fn conclude(&mut self, now: Now) {
        let Some(Comparison { origin, known, shown, seq, tiles, .. }) = self.audit.comparison.take() else {
            return;
        };
        let Some(log) = self.state.logs.get(&origin) else { return };
        // Another answer may have proved something meanwhile: what is still in doubt is taken up again.
        if log.checkpoint.as_ref() != Some(&known) {
            return;
        }
        let Some([(smaller, _), (larger, _)]) = trust::by_size(&known, &shown) else { return };
        let proof = if smaller.size == larger.size {
            Some(Vec::new())
        } else {
            tiles::prove(smaller.size, larger.size, &larger.root, &tiles).map(|(_, proof)| proof)
        };
        match proof.map(|proof| trust::relate(log, &known, &shown, &proof)) {
            Some(Relation::OneHistory) => self.proved(now, &origin, &shown, seq),
            Some(Relation::Contradiction(evidence)) => self.raise(&evidence),
            Some(Relation::Unproved) | None => {
                self.unproved(now, "its tiles are not those of what it signed");
            }
        }
    }

    fn proved(&mut self, now: Now, origin: &str, shown: &str, seq: Option<u64>) {
        self.audit.backoff.succeeded();
        self.audit.complained = false;
        if let Some(log) = self.state.logs.get_mut(origin) {
            log.advance(shown);
        }
        let Some(seq) = seq else {
            if self.witnesses.is_some() && !self.audit.witnessed_next {
                self.audit.witnessed_next = true;
            } else {
                self.finish_audit(now);
            }
            return;
        };
        let Some(place) = self.audit.doubts.iter().position(|doubt| doubt.seq == seq) else { return };
        let Doubt { status, vkey, answer, .. } = self.audit.doubts.remove(place);
        if self.acknowledged(now, seq, status, &vkey, &answer, Proof::Tiles) {
            self.forget(vec![seq]);
        }
    }

    /// Nobody answered, or nobody who could.
    fn unanswered(&mut self, now: Now) {
        self.audit.comparison = None;
        self.audit.backoff.failed(now.mono_ms, None, &mut *self.entropy);
    }

    /// Something answered that shows nothing. That is not evidence: it is asked again, and meanwhile nothing is
    /// deleted for which the proof is missing.
    fn unproved(&mut self, now: Now, why: &str) {
        self.unanswered(now);
        if !core::mem::replace(&mut self.audit.complained, true) {
            let detail =
                format!("the log does not show at the moment that it only grew: {why}; it is asked again");
            self.error("log-unproved", detail, Action::Retry);
        }
    }

    /// The log was rewritten, and it can be proved.
    pub(super) fn raise(&mut self, evidence: &Evidence) {
        let Some([(smaller, _), (larger, _)]) = trust::by_size(&evidence.smaller, &evidence.larger) else {
            return;
        };
        let detail = format!(
            "the log {} was rewritten: what it signed at size {} contradicts what it signed at size {}. Nothing is \
             sent or deleted any more; keep the evidence, and acknowledge the alarm to go on",
            larger.origin, larger.size, smaller.size,
        );
        let evidence = json::to_string(evidence);
        self.audit = Audit::default();
        self.alarm = Some(AlarmRecord { acknowledged: false, detail, origin: larger.origin, evidence });
        self.store_alarm();
        self.tell_alarm();
    }

    /// Once when it is found, and at every later start until it is acknowledged.
    pub(super) fn tell_alarm(&mut self) {
        if let Some(AlarmRecord { acknowledged: false, detail, .. }) = &self.alarm {
            self.error("log-inconsistent", detail.clone(), Action::Stop);
        }
    }

    fn store_alarm(&mut self) {
        let Some(alarm) = &self.alarm else { return };
        let puts = vec![
            record::write(record::ALARM.to_owned(), alarm),
            record::write(record::STATE.to_owned(), &self.state),
        ];
        self.alarm_ticket = Some(self.store(puts, Vec::new()));
    }

    pub(super) fn alarm_stored(&mut self, now: Now, ticket: u64, ok: bool) {
        if self.alarm_ticket.take_if(|waits| *waits == ticket).is_some() && !ok {
            self.alarm_again_ms = Some(now.mono_ms + STORE_AGAIN_MS);
        }
    }

    pub(super) fn store_alarm_again(&mut self, now: Now) {
        if self.alarm_again_ms.take_if(|at| *at <= now.mono_ms).is_some() {
            self.store_alarm();
        }
    }

    /// The log is believed anew, from what it shows next on.
    pub(super) fn acknowledge_alarm(&mut self) {
        let Some(alarm) = self.alarm.as_mut().filter(|alarm| !alarm.acknowledged) else { return };
        alarm.acknowledged = true;
        self.state.newest.take_if(|newest| *newest == alarm.origin);
        if let Some(log) = self.state.logs.get_mut(&alarm.origin) {
            (log.checkpoint, log.audited) = (None, None);
        }
        self.upload.backoff.hurry();
        self.store_alarm();
    }
}
