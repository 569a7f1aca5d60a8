//! The façade: takes each input to its room, and gathers what is to be done.

mod auditing;
mod bounds;
mod identity;
mod recording;
mod sending;

use crate::audit::Audit;
use crate::backlog::Backlog;
use crate::batch::Unsigned;
use crate::ids::Ids;
use crate::io::{Config, Entropy, ErrorNotice, Input, Notice, Now, Output, Record, Status};
use crate::prelude::*;
use crate::queue::Queue;
use crate::record::{self, AlarmRecord, BatchRecord, State};
use crate::session::Session;
use crate::sorted::Map;
use crate::upload::Upload;
use crate::witnesses::Witnesses;
use delistening_schema::ledger::LogKey;
use delistening_schema::problem::Action;
use delistening_schema::token::Claims;
use delistening_schema::{Anchor, DeviceId, PublicKey};

/// How long to wait before something that could not be stored is tried again.
const STORE_AGAIN_MS: u64 = 5_000;
/// How many deletions that storage refused are remembered. The next to lead knows what to do with what is left.
const LEFT_OVER: usize = 1_000;

/// The state machine of one device, or of one of several owners that share a device's storage.
// The flags are independent facts; no combination of them is a state of its own.
#[allow(clippy::struct_excessive_bools)]
pub struct Core {
    config: Config,
    owner: String,
    entropy: Box<dyn Entropy>,
    ids: Ids,
    outputs: Vec<Output>,
    next_ticket: u64,
    sessions: Map<u32, Session>,
    #[cfg(feature = "senses")]
    senses: crate::senses::Senses,
    /// Events stored by this follower that storage has not confirmed yet: a new leader may not have read them.
    unconfirmed: Map<u64, Vec<Record>>,
    /// Whether this core seals and sends.
    leads: bool,
    /// Whether a refusal has stopped sending for good.
    halted: bool,
    /// The log was found to be rewritten: sending has stopped until that is acknowledged.
    alarm: Option<AlarmRecord>,
    alarm_ticket: Option<u64>,
    /// When the alarm is stored again, after storage refused it.
    alarm_again_ms: Option<u64>,
    audit: Audit,
    key: Option<PublicKey>,
    pinned: Vec<LogKey>,
    witnesses: Option<Witnesses>,
    state: State,
    queue: Queue,
    /// When the queue is to be sealed, on the monotonic clock.
    seal_due_ms: Option<u64>,
    /// The newest checkpoint that was verified before the oldest event in the queue was recorded.
    anchor: Option<Anchor>,
    /// The batch that waits for its signature.
    unsigned: Option<Unsigned>,
    /// Sealed, but not known to be on disk: what is to be written, and when to try again after a failure.
    unstored: Option<Unstored>,
    /// Deletions on their way to the disk of what need not be kept any longer, by ticket.
    letting_go: Map<u64, LetGo>,
    /// Those that storage has refused: they go with the next state that is stored.
    left_over: Vec<String>,
    batches: Backlog,
    /// The device whose key was lost, while batches that it sealed are still to be sent.
    former: Option<DeviceId>,
    upload: Upload,
    online: bool,
    token: Option<Token>,
    token_asked: bool,
    /// The server refused the present token: get another before sending again.
    token_refused: bool,
    flushing: bool,
    /// The page or app was hidden, and nothing has happened since but answers.
    hidden: bool,
    storage_complained: bool,
    acked: u64,
    wake_at: Option<u64>,
}

/// A sealed batch on its way to the disk.
struct Unstored {
    ticket: u64,
    batch: BatchRecord,
    deletes: Vec<String>,
    retry_at_ms: Option<u64>,
    /// How often it could not be stored.
    failures: u32,
}

/// What is deleted as the state is stored.
struct LetGo {
    deletes: Vec<String>,
    /// Whether the server has it: then nothing is missing if it goes and the state stays as it was.
    proved: bool,
}

/// An access token.
struct Token {
    text: String,
    claims: Claims,
    /// When it is no longer worth sending, on the monotonic clock.
    until_mono_ms: u64,
}

impl Core {
    /// A core that records for `owner` (a name for this tab or process, unique among those that share a
    /// storage). It seals and sends nothing before [`Input::Lead`].
    pub fn new(config: Config, owner: impl Into<String>, entropy: Box<dyn Entropy>) -> Self {
        let mut core = Self {
            owner: owner.into(),
            entropy,
            ids: Ids::default(),
            outputs: Vec::new(),
            next_ticket: 1,
            sessions: Map::default(),
            #[cfg(feature = "senses")]
            senses: crate::senses::Senses::default(),
            unconfirmed: Map::default(),
            leads: false,
            halted: false,
            alarm: None,
            alarm_ticket: None,
            alarm_again_ms: None,
            audit: Audit::default(),
            key: None,
            pinned: Vec::new(),
            witnesses: None,
            state: State { listener: config.listener.clone(), ..State::default() },
            queue: Queue::default(),
            seal_due_ms: None,
            anchor: None,
            unsigned: None,
            unstored: None,
            letting_go: Map::default(),
            left_over: Vec::new(),
            batches: Backlog::default(),
            former: None,
            upload: Upload::default(),
            online: true,
            token: None,
            token_asked: false,
            token_refused: false,
            flushing: false,
            hidden: false,
            storage_complained: false,
            acked: 0,
            wake_at: None,
            config,
        };
        for vkey in core.config.log_keys.clone() {
            match LogKey::parse(&vkey) {
                Ok(key) => core.pinned.push(key),
                Err(error) => core.halt("bad-log-key", format!("logKeys: {vkey}: {error}")),
            }
        }
        match core.config.witness_policy.as_deref().map(Witnesses::parse).transpose() {
            Ok(witnesses) => core.witnesses = witnesses,
            Err(error) => core.halt("bad-witness-policy", error),
        }
        core
    }

    /// Takes an input. What is to be done about it is then in [`Core::take_outputs`].
    pub fn handle(&mut self, now: Now, input: Input) {
        let is_answer = matches!(
            input,
            Input::Stored { .. }
                | Input::Signed { .. }
                | Input::Token { .. }
                | Input::Response { .. }
                | Input::Fetched { .. }
        );
        let was_hidden = self.hidden;
        self.hidden &= is_answer;
        match input {
            Input::OpenSession { handle, id, track, engine, autoplay } => {
                let id = id.unwrap_or_else(|| self.ids.next(now.wall_ms, &mut *self.entropy));
                self.sessions.insert(handle, Session::new(id, track, engine, autoplay));
            }
            Input::Signal { handle, signal } => {
                // Most signals only say that playback has come a little further: what else is due has its own wake.
                if !self.signal(now, handle, signal) && !was_hidden {
                    return;
                }
            }
            Input::Engage { handle, kind, target } => self.engage(now, handle, kind, target),
            Input::Key { public } => match PublicKey::from_bytes(&public) {
                Ok(key) => {
                    self.key = Some(key);
                    self.identify();
                }
                Err(error) => self.halt("unacceptable-key", error.to_string()),
            },
            Input::Lead { records, alive } => self.lead(now, &records, &alive),
            Input::Adopt { records } => self.adopt(now, &records),
            Input::Stored { ticket, ok } => self.stored(now, ticket, ok),
            Input::Signed { ticket, signature } => self.signed(now, ticket, signature),
            Input::Token { token } => self.token(now, token),
            Input::Response { ticket, result } => self.response(now, ticket, result),
            Input::Fetched { ticket, result } => self.fetched(now, ticket, result),
            #[cfg(feature = "senses")]
            Input::Allow(allowed) => self.senses.allow(allowed),
            #[cfg(feature = "senses")]
            Input::Moved(motion) => self.senses.moved(now, motion),
            #[cfg(feature = "senses")]
            Input::Located { latitude, longitude } => self.senses.located(now, latitude, longitude),
            Input::AcknowledgeAlarm => self.acknowledge_alarm(),
            Input::Online(online) => {
                if online && !self.online {
                    self.upload.backoff.hurry();
                    self.audit.backoff.hurry();
                }
                self.online = online;
            }
            Input::Hidden => {
                self.write_progress(now);
                self.store_batch_again(now);
                self.hidden = true;
            }
            Input::Flush => {
                self.write_progress(now);
                self.store_batch_again(now);
                self.flushing = true;
            }
            Input::Tick => self.wake_at = None,
        }
        self.proceed(now);
    }

    /// What is to be done, in order.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        core::mem::take(&mut self.outputs)
    }

    /// Whether [`Core::take_outputs`] has anything to give.
    pub fn has_outputs(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// How much is waiting.
    pub fn status(&self) -> Status {
        Status {
            events: self.queue.len(),
            batches: self.batches.len() + usize::from(self.unstored.is_some()),
            acked: self.acked,
            leader: self.leads,
            halted: self.stopped(),
        }
    }

    /// What shows that the log was rewritten, as a file to keep and hand on: JSON of
    /// `delistening_schema::ledger::Evidence`. Known once this core leads.
    pub fn evidence(&self) -> Option<String> {
        self.alarm.as_ref().map(|alarm| alarm.evidence.clone())
    }

    fn stopped(&self) -> bool {
        self.halted || self.alarm.as_ref().is_some_and(|alarm| !alarm.acknowledged)
    }

    fn ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket - 1
    }

    fn notify(&mut self, notice: Notice) {
        self.outputs.push(Output::Notify { notice });
    }

    fn error(&mut self, code: &str, detail: String, action: Action) {
        self.notify(Notice::Error(ErrorNotice { code: code.to_owned(), detail, action }));
    }

    /// Stops sending for good: everything is kept, and a person must look.
    fn halt(&mut self, code: &str, detail: String) {
        self.halted = true;
        self.error(code, detail, Action::Stop);
    }

    fn store(&mut self, puts: Vec<Record>, deletes: Vec<String>) -> u64 {
        let ticket = self.ticket();
        self.outputs.push(Output::Store { ticket, puts, deletes });
        ticket
    }

    /// Stores the state, and lets go of what it makes up for.
    fn store_state(&mut self, mut deletes: Vec<String>, proved: bool) {
        deletes.append(&mut self.left_over);
        let state = record::write(record::STATE.to_owned(), &self.state);
        let ticket = self.store(vec![state], deletes.clone());
        self.letting_go.insert(ticket, LetGo { deletes, proved });
    }

    fn let_go(&mut self, now: Now, LetGo { deletes, proved }: LetGo, ok: bool) {
        if ok && !deletes.is_empty() {
            // That made room.
            self.store_batch_again(now);
        } else if !ok && proved && !deletes.is_empty() {
            // A disk that is full takes no state, but gives room back.
            let ticket = self.store(Vec::new(), deletes.clone());
            self.letting_go.insert(ticket, LetGo { deletes, proved: false });
        } else if !ok && self.left_over.len() < LEFT_OVER {
            self.left_over.extend(deletes);
        }
    }

    fn stored(&mut self, now: Now, ticket: u64, ok: bool) {
        if !ok && !self.storage_complained {
            self.storage_complained = true;
            let detail = "nothing can be written to this device's storage at the moment; what is recorded is \
                          kept in memory and tried again";
            self.error("storage-unavailable", detail.to_owned(), Action::Retry);
        }
        if ok {
            self.storage_complained = false;
        }
        self.unconfirmed.remove(&ticket);
        if let Some(what) = self.letting_go.remove(&ticket) {
            self.let_go(now, what, ok);
        }
        self.alarm_stored(now, ticket, ok);
        if self.unstored.as_ref().is_some_and(|unstored| unstored.ticket == ticket) {
            self.batch_stored(now, ok);
        }
    }

    /// Everything that may go on, goes on; then asks to be woken for what must wait.
    fn proceed(&mut self, now: Now) {
        self.store_alarm_again(now);
        self.keep_within_bounds(now);
        self.succeed_former();
        self.seal(now);
        self.send(now);
        self.audit(now);
        self.settle(now);
        self.ask_to_be_woken(now);
    }

    fn ask_to_be_woken(&mut self, now: Now) {
        let (goes_on, mono_ms) = (!self.stopped(), now.mono_ms);
        let queued = !self.queue.is_empty() && self.unsigned.is_none() && self.unstored.is_none();
        let seal = self.seal_due_ms.filter(|_| self.leads && goes_on && queued);
        let send = self
            .upload
            .backoff
            .waits_until(mono_ms)
            .filter(|_| self.upload.in_flight.is_none() && !self.batches.is_empty() && goes_on);
        let waits = !self.audit.doubts.is_empty() || self.audit.handover.is_some();
        let due = if waits { Some(mono_ms) } else { self.audit_due(now) };
        let audit = due
            .map(|due| self.audit.backoff.waits_until(mono_ms).unwrap_or(due).max(due))
            .filter(|_| self.audit.in_flight.is_none() && self.leads && self.online && goes_on);
        let store = self.unstored.as_ref().and_then(|unstored| unstored.retry_at_ms);
        // What is due already waits for something else (a token, a key), which will come as an input.
        let next = [seal, send, audit, store, self.alarm_again_ms];
        let next = next.into_iter().flatten().filter(|&at| at > mono_ms).min();
        if let Some(mono_ms) = next.filter(|_| next != self.wake_at) {
            self.outputs.push(Output::WakeAt { mono_ms });
            self.wake_at = next;
        }
    }
}
