//! The object that an app makes.

use crate::clock;
use crate::errors::TelemetryError;
use crate::events::{Action, Status, TelemetryEvent, TelemetryObserver};
use crate::folder;
use crate::host::{self, Host, Parts, SharedStatus};
use crate::inbox::{Inbox, Message, Messages};
use crate::options::{self, Settings, TelemetryOptions, TokenProvider, Track};
use crate::session::PlaySession;
use crate::sync::{SyncOutcome, Waiters};
use crate::transport::{self, Transport};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// Measures plays. Make one when the app starts and keep it. Everything in it may be called from any thread.
#[derive(Debug, uniffi::Object)]
pub struct Telemetry {
    device: String,
    inbox: Inbox,
    handles: AtomicU32,
    status: SharedStatus,
}

#[uniffi::export]
impl Telemetry {
    /// Opens the folder, with the device's key and whatever an earlier process left in it, and begins to send.
    #[uniffi::constructor(default(observer = None))]
    pub fn new(
        options: TelemetryOptions,
        token: Arc<dyn TokenProvider>,
        observer: Option<Arc<dyn TelemetryObserver>>,
    ) -> Result<Self, TelemetryError> {
        let Settings { endpoint, folder, config } = options::read_options(options)?;
        let contents = folder::open(&folder)?;
        let device = contents.key.public().thumbprint().to_string();
        let unavailable = |reason: String| TelemetryError::Unavailable { reason };
        let transport = Transport::new(&endpoint, &device, transport::public_roots()).map_err(unavailable)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| unavailable(format!("the event loop: {error}")))?;
        let (inbox, messages) = Inbox::new();
        let status = SharedStatus::default();
        let shared = Arc::clone(&status);
        let parts = Parts { config, contents, transport, tokens: token, observer, status: shared };
        thread::Builder::new()
            .name("delistening".to_owned())
            .spawn(move || live(runtime, parts, messages))
            .map_err(|error| unavailable(format!("a thread: {error}")))?;
        Ok(Self { device, inbox, handles: AtomicU32::new(1), status })
    }

    /// The device's id, which its access tokens must be bound to.
    pub fn device(&self) -> String {
        self.device.clone()
    }

    /// Begins a play. `engine` names what decodes; `autoplay` tells whether it began without a user's gesture.
    #[uniffi::method(default(engine = "native", autoplay = false))]
    pub fn session(&self, track: Track, engine: String, autoplay: bool) -> PlaySession {
        let id = host::new_id(clock::now());
        let handle = self.handles.fetch_add(1, Ordering::Relaxed);
        self.inbox.put(match options::read_track(track) {
            Ok(track) => Message::Open { handle, id, track, engine, autoplay },
            // What is then told about the session concerns no open one, and is ignored.
            Err(wrong) => Message::Report(TelemetryEvent::invalid(wrong)),
        });
        PlaySession::new(id.to_string(), handle, self.inbox.clone())
    }

    /// What was stored, sent and acknowledged when the last call was taken up; never waits.
    pub fn status(&self) -> Status {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The network came or went. When it comes, what waits is sent at once.
    pub fn online(&self, online: bool) {
        self.inbox.put(Message::Online(online));
    }

    /// The app may be ended at any moment from here on: what was heard so far is written down, sealed and sent.
    pub fn hidden(&self) {
        self.inbox.put(Message::Hidden);
    }

    /// What proves that the server's log was rewritten, once the error `log-inconsistent` has told so: the text of a
    /// file to keep, which `delistening-ingest evidence` checks for anybody. It holds no play and no listener.
    pub async fn evidence(&self) -> Option<String> {
        let (answer, answered) = oneshot::channel();
        self.inbox.put(Message::Evidence(answer));
        answered.await.unwrap_or_default()
    }

    /// A person knows that the log was rewritten: believes it anew, from what it shows next on, and goes on sending.
    /// The evidence is kept.
    pub fn acknowledge_alarm(&self) {
        self.inbox.put(Message::AcknowledgeAlarm);
    }

    /// Seals and sends now. Returns when everything that could be sent was answered, or `within` has passed:
    /// what is under way then goes on. Meant for a background task with a deadline.
    pub async fn sync(&self, within: Duration) -> SyncOutcome {
        self.wait(within, false).await
    }

    /// Ends the open sessions, sends what can be sent `within` that time, and lets go of the folder: when this
    /// returns, another object may open it. Every later call does nothing.
    pub async fn shut_down(&self, within: Duration) -> SyncOutcome {
        self.wait(within, true).await
    }
}

impl Telemetry {
    async fn wait(&self, within: Duration, last: bool) -> SyncOutcome {
        let deadline = clock::after(Instant::now(), within);
        let (answer, answered) = oneshot::channel();
        self.inbox.put(Message::Sync { deadline, last, answer });
        // Nobody is there to answer once telemetry has ended.
        answered.await.unwrap_or(SyncOutcome::Stopped)
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.inbox.put(Message::Leave);
    }
}

/// The life of telemetry's thread.
fn live(runtime: Runtime, parts: Parts, mut messages: Messages) {
    let observer = parts.observer.clone();
    // Whoever waits, or asks to, is answered by the end of these: after the observer was told.
    let mut waiters = Waiters::default();
    let lived = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(Host::new(parts, &mut waiters).run(&mut messages))
    }));
    // Cancels what is under way: a request, or the app's token callback. A name being looked up is not waited for.
    runtime.shutdown_background();
    match lived {
        Ok(Some(farewell)) => farewell.say(),
        Ok(None) => {}
        Err(panic) => {
            let what = panic.downcast_ref::<&str>().map(ToString::to_string);
            let what = what.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            let why = format!("telemetry failed and has stopped: {what}");
            host::tell(&observer, TelemetryEvent::error("core-failed", why, Action::Stop));
        }
    }
}
