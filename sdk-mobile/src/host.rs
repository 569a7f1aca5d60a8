//! Runs the core on telemetry's own thread: feeds it what happens, with the time it happened, and does what it
//! asks for.

use crate::clock;
use crate::consent::Consent;
use crate::entropy::{self, System};
use crate::errors::TelemetryError;
use crate::events::{Action, Status, TelemetryEvent, TelemetryObserver};
use crate::folder::{self, Contents, Keys};
use crate::inbox::{Message, Messages};
use crate::options::{TokenProvider, TokenRequest};
use crate::storage::Storage;
use crate::sync::{Farewell, SyncOutcome, Waiters};
use crate::transport::Transport;
use delistening_schema::event::EndReason;
use delistening_schema::key::SecretKey;
use delistening_sdk_core::{Config, Core, Input, Notice, Now, Output, Signal};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use uuid::Uuid;

const TOKEN_TIMEOUT: Duration = Duration::from_secs(30);

/// What is waiting, for whoever asks from another thread.
pub type SharedStatus = Arc<Mutex<Status>>;

pub type Observer = Option<Arc<dyn TelemetryObserver>>;

pub fn tell(observer: &Observer, event: TelemetryEvent) {
    if let Some(observer) = observer {
        // Its own failure is its own affair.
        let _ = observer.on_event(event);
    }
}

/// What a host is made of.
pub struct Parts {
    pub config: Config,
    pub folder: String,
    pub keys: Keys,
    pub contents: Contents,
    pub transport: Transport,
    pub tokens: Arc<dyn TokenProvider>,
    pub observer: Observer,
    pub status: SharedStatus,
}

pub struct Host<'a> {
    core: Core,
    folder: String,
    keys: Keys,
    storage: Storage,
    key: SecretKey,
    transport: Transport,
    listener: Option<String>,
    consent: Consent,
    tokens: Arc<dyn TokenProvider>,
    observer: Observer,
    status: SharedStatus,
    /// The open sessions, and where each was last.
    sessions: BTreeMap<u32, u64>,
    /// What will be an input when it is done.
    tasks: JoinSet<Input>,
    wake_at: Option<Instant>,
    waiters: &'a mut Waiters,
    idle: bool,
    /// The newest time that the core was told of.
    mono_ms: u64,
}

impl<'a> Host<'a> {
    pub fn new(parts: Parts, waiters: &'a mut Waiters) -> Self {
        let Parts { config, folder, keys, contents, transport, tokens, observer, status } = parts;
        let Contents { storage, key } = contents;
        let listener = config.listener.clone();
        // The folder is ours alone: whoever owned a session that is found open there is gone.
        let owner = new_id(clock::now()).to_string();
        Self {
            core: Core::new(config, owner, Box::new(System)),
            folder,
            keys,
            storage,
            key,
            transport,
            listener,
            consent: Consent::default(),
            tokens,
            observer,
            status,
            sessions: BTreeMap::new(),
            tasks: JoinSet::new(),
            wake_at: None,
            waiters,
            idle: false,
            mono_ms: 0,
        }
    }

    /// Runs until the app leaves. What it gives is to be said when this is gone.
    pub async fn run(mut self, messages: &mut Messages) -> Option<Farewell> {
        self.begin();
        loop {
            let (wake_at, deadline) = (self.wake_at, self.waiters.next_deadline());
            tokio::select! {
                message = messages.recv() => match message {
                    None | Some((_, Message::Leave)) => break,
                    Some((_, Message::Forget(answer))) => return Some(Farewell::new(answer, self.forget())),
                    Some((now, message)) => self.take(now, message),
                },
                Some(task) = self.tasks.join_next() => match task {
                    Ok(input) => self.feed(clock::now(), input),
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                },
                () = until(wake_at) => self.tick(),
                () = until(deadline) => self.waiters.expire(&self.outcome(), Instant::now()),
            }
            if let Some(farewell) = self.waiters.farewell() {
                return Some(farewell);
            }
        }
        self.end_sessions(EndReason::Unloaded);
        None
    }

    /// Lets go of the folder and erases what is in it.
    fn forget(self) -> Result<(), TelemetryError> {
        let Self { folder, keys, storage, .. } = self;
        drop(storage);
        folder::erase(&folder, &keys)
    }

    fn begin(&mut self) {
        let now = clock::now();
        self.feed(now, Input::Key { public: self.key.public().to_bytes() });
        match self.storage.all() {
            Ok(records) => self.feed(now, Input::Lead { records, alive: Vec::new() }),
            Err(error) => {
                // To lead without knowing the chain would fork it.
                let why = format!("what is stored on this device cannot be read: {error}");
                tell(&self.observer, TelemetryEvent::error("storage-unavailable", why, Action::Stop));
            }
        }
    }

    fn take(&mut self, now: Now, message: Message) {
        match message {
            Message::Open { handle, id, track, engine, autoplay } => {
                self.sessions.insert(handle, 0);
                self.feed(now, Input::OpenSession { handle, id: Some(id), track, engine, autoplay });
            }
            Message::Signal { handle, signal } => self.signal(now, handle, signal),
            Message::Abandoned { handle } => self.end_session(now, handle, EndReason::Unloaded),
            Message::Report(event) => tell(&self.observer, event),
            Message::Online(online) => self.feed(now, Input::Online(online)),
            Message::Hidden => self.feed(now, Input::Hidden),
            Message::Consent(consent) => {
                self.consent = consent;
                self.feed(now, Input::Allow(consent.into()));
            }
            Message::Moved(motion) => self.feed(now, Input::Moved(motion)),
            Message::Located { latitude, longitude } => {
                self.feed(now, Input::Located { latitude, longitude });
            }
            Message::Evidence(answer) => {
                // Whoever asked may no longer listen.
                let _ = answer.send(self.core.evidence());
            }
            Message::AcknowledgeAlarm => self.feed(now, Input::AcknowledgeAlarm),
            Message::Sync { deadline, last, answer } => {
                if last {
                    self.end_sessions(EndReason::Stopped);
                }
                self.waiters.add(deadline, last, answer);
                self.feed(now, Input::Flush);
            }
            Message::Forget(_) | Message::Leave => {}
            #[cfg(feature = "conformance")]
            Message::Panic(message) => std::panic::panic_any(message),
        }
    }

    fn signal(&mut self, now: Now, handle: u32, signal: Signal) {
        let Some(position) = self.sessions.get_mut(&handle) else { return };
        match signal {
            Signal::Output { .. } if !self.consent.output => return,
            Signal::Playing { position_ms }
            | Signal::Position { position_ms }
            | Signal::Paused { position_ms }
            | Signal::Stalled { position_ms }
            | Signal::Failed { position_ms, .. }
            | Signal::Seeked { to_ms: position_ms, .. } => *position = position_ms,
            Signal::Ended { .. } => drop(self.sessions.remove(&handle)),
            _ => {}
        }
        self.feed(now, Input::Signal { handle, signal });
    }

    fn end_session(&mut self, now: Now, handle: u32, reason: EndReason) {
        if let Some(&position_ms) = self.sessions.get(&handle) {
            self.signal(now, handle, Signal::Ended { reason, position_ms });
        }
    }

    fn end_sessions(&mut self, reason: EndReason) {
        let handles: Vec<u32> = self.sessions.keys().copied().collect();
        for handle in handles {
            self.end_session(clock::now(), handle, reason);
        }
    }

    fn tick(&mut self) {
        self.wake_at = None;
        self.feed(clock::now(), Input::Tick);
        if !self.waiters.is_empty() {
            // They are told when this try has had its answer.
            self.feed(clock::now(), Input::Flush);
        }
    }

    /// Tells the core, and does what it then asks for.
    fn feed(&mut self, now: Now, input: Input) {
        self.handle(now, input);
        loop {
            let outputs = self.core.take_outputs();
            if outputs.is_empty() {
                break;
            }
            for output in outputs {
                self.act(output);
            }
        }
        self.publish();
        if std::mem::take(&mut self.idle) {
            self.waiters.idle(&self.outcome(), self.wake_at);
        }
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::Store { ticket, puts, deletes } => {
                let ok = self.storage.write(&puts, &deletes).is_ok();
                self.handle(clock::now(), Input::Stored { ticket, ok });
            }
            Output::Sign { ticket, message } => {
                let signature = Some(self.key.sign(message.as_bytes()));
                self.handle(clock::now(), Input::Signed { ticket, signature });
            }
            Output::NeedToken { device } => self.ask_for_token(device),
            Output::Send { ticket, body, last_chance: _ } => {
                self.waiters.attempted();
                let transport = self.transport.clone();
                self.tasks
                    .spawn(async move { Input::Response { ticket, result: transport.post(body).await } });
            }
            Output::Fetch { ticket, path } => {
                let transport = self.transport.clone();
                self.tasks
                    .spawn(async move { Input::Fetched { ticket, result: transport.get(&path).await } });
            }
            Output::WakeAt { mono_ms } => self.wake_at = Some(clock::instant(mono_ms)),
            Output::Notify { notice: Notice::Idle } => self.idle = true,
            Output::Notify { notice } => {
                if let Some(event) = TelemetryEvent::of(notice) {
                    tell(&self.observer, event);
                }
            }
            // Nobody else works with this folder.
            Output::Handover { .. } => {}
        }
    }

    fn ask_for_token(&mut self, device: String) {
        self.waiters.attempted();
        let request = TokenRequest { device, listener: self.listener.clone() };
        let tokens = Arc::clone(&self.tokens);
        self.tasks.spawn(async move {
            let token = match tokio::time::timeout(TOKEN_TIMEOUT, tokens.token(request)).await {
                Ok(answer) => answer.map_err(|error| format!("the token callback failed: {error}")),
                Err(_) => Err(format!("the token callback gave no answer within {TOKEN_TIMEOUT:?}")),
            };
            Input::Token { token }
        });
    }

    fn handle(&mut self, now: Now, input: Input) {
        // Of two threads, the one that looked at the clock first may have put its message second.
        self.mono_ms = self.mono_ms.max(now.mono_ms);
        self.core.handle(Now { mono_ms: self.mono_ms, ..now }, input);
    }

    fn publish(&self) {
        let status = Status::from(self.core.status());
        let before = {
            let mut shared = self.status.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *shared, status)
        };
        if before != status {
            tell(&self.observer, TelemetryEvent::Status { status });
        }
    }

    fn outcome(&self) -> SyncOutcome {
        let status = Status::from(self.core.status());
        if self.core.status().halted {
            SyncOutcome::Stopped
        } else if status.nothing_waits() {
            SyncOutcome::Complete
        } else {
            SyncOutcome::Pending { status }
        }
    }
}

/// A `UUIDv7`.
pub fn new_id(now: Now) -> Uuid {
    let mut random = [0; 10];
    entropy::fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(now.wall_ms, &random).into_uuid()
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
