//! The object that an app makes.

use crate::clock;
use crate::consent::{Activity, Consent};
use crate::errors::TelemetryError;
use crate::events::{Action, Status, TelemetryEvent, TelemetryObserver};
use crate::folder;
use crate::host::{self, Host, Parts, SharedStatus};
use crate::inbox::{Inbox, Message, Messages};
use crate::key::KeyStore;
use crate::options::{self, Settings, TelemetryOptions, TokenProvider, Track};
use crate::seconds::Seconds;
use crate::session::PlaySession;
use crate::sync::{SyncOutcome, Waiters};
use crate::transport::{self, HttpTransport, Transport};
use delistening_schema::event::Motion;
use delistening_sdk_core::MotionSummary;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// Measures plays. Make one when the app starts and keep it. Everything in it may be called from any thread.
#[derive(Debug, uniffi::Object)]
pub struct Telemetry {
    device: String,
    inbox: Inbox,
    handles: AtomicU32,
    status: SharedStatus,
    /// While the listener lets plays tell how the device moves.
    motion: Mutex<Option<MotionSummary>>,
}

#[uniffi::export]
impl Telemetry {
    /// Opens the folder, with the device's key and whatever an earlier process left in it, and begins to send. The key is
    /// kept by `key_store`, in a file of the folder otherwise; requests go through `transport`, or by a client of our own.
    #[uniffi::constructor(default(observer = None, key_store = None, transport = None))]
    pub fn new(
        options: TelemetryOptions,
        token: Arc<dyn TokenProvider>,
        observer: Option<Arc<dyn TelemetryObserver>>,
        key_store: Option<Arc<dyn KeyStore>>,
        transport: Option<Arc<dyn HttpTransport>>,
    ) -> Result<Self, TelemetryError> {
        let Settings { endpoint, folder, config } = options::read_options(options)?;
        let contents = folder::open(&folder, &key_store)?;
        let device = contents.key.public().thumbprint().to_string();
        let unavailable = |reason: String| TelemetryError::Unavailable { reason };
        let transport = match transport {
            Some(transport) => Transport::through(transport, &endpoint, &device),
            None => Transport::new(&endpoint, &device, transport::public_roots()),
        };
        let transport = transport.map_err(unavailable)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| unavailable(format!("the event loop: {error}")))?;
        let (inbox, messages) = Inbox::new();
        let status = SharedStatus::default();
        let shared = Arc::clone(&status);
        let (tokens, keys) = (token, key_store);
        let parts = Parts { config, folder, keys, contents, transport, tokens, observer, status: shared };
        thread::Builder::new()
            .name("delistening".to_owned())
            .spawn(move || live(runtime, parts, messages))
            .map_err(|error| unavailable(format!("a thread: {error}")))?;
        Ok(Self { device, inbox, handles: AtomicU32::new(1), status, motion: Mutex::default() })
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

    /// What the listener has agreed to be told beside the plays: nothing, until this is called.
    pub fn set_consent(&self, consent: Consent) {
        {
            let mut motion = self.motion.lock().unwrap_or_else(PoisonError::into_inner);
            *motion =
                if consent.motion { motion.take().or_else(|| Some(MotionSummary::default())) } else { None };
        }
        self.inbox.put(Message::Consent(consent));
    }

    /// A sample of the accelerometer, gravity included, in m/s²; some 20 a second, at least 10. They are summed up to a
    /// word every five seconds and never kept. Where the platform recognises activities, call `activity` instead.
    pub fn acceleration(&self, x: f64, y: f64, z: f64) {
        let mono_ms = clock::now().mono_ms;
        let mut motion = self.motion.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(motion) = motion.as_mut().and_then(|summary| summary.acceleration(mono_ms, x, y, z)) {
            self.inbox.put(Message::Moved(motion));
        }
    }

    /// How the device moves, as the platform says, and how sure it is, from 0 to 1.
    pub fn activity(&self, activity: Activity, confidence: f64) {
        self.inbox.put(if (0.0..=1.0).contains(&confidence) {
            Message::Moved(Motion { activity: activity.into(), confidence })
        } else {
            Message::Report(TelemetryEvent::invalid("activity(activity, confidence), from 0 to 1"))
        });
    }

    /// Where the device is, in degrees. What is kept is a cell of the size that the listener agreed to; without that,
    /// nothing.
    pub fn location(&self, latitude: f64, longitude: f64) {
        let known = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        self.inbox.put(if known {
            Message::Located { latitude, longitude }
        } else {
            Message::Report(TelemetryEvent::invalid("location(latitude, longitude), in degrees"))
        });
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

    /// Seals and sends now. Returns when everything that could be sent was answered, or `within` has passed: what
    /// is under way then goes on. Meant for a background task with a deadline.
    pub async fn sync(&self, within: Seconds) -> SyncOutcome {
        self.wait(within, false).await
    }

    /// Ends the open sessions, sends what can be sent `within` that time, and lets go of the folder: when this
    /// returns, another object may open it. Every later call does nothing.
    pub async fn shut_down(&self, within: Seconds) -> SyncOutcome {
        self.wait(within, true).await
    }

    /// The listener does not want to be measured any more: erases the device's key and everything that was not sent, and
    /// ends. Whoever opens the folder next begins as a new device; what the server has is erased through the server.
    pub async fn forget(&self) -> Result<(), TelemetryError> {
        let (answer, answered) = oneshot::channel();
        self.inbox.put(Message::Forget(answer));
        let ended =
            || TelemetryError::Unavailable { reason: "it has ended; open it again to forget".to_owned() };
        answered.await.unwrap_or_else(|_| Err(ended()))
    }
}

impl Telemetry {
    #[cfg(feature = "conformance")]
    pub(crate) fn tell(&self, message: Message) {
        self.inbox.put(message);
    }

    async fn wait(&self, within: Seconds, last: bool) -> SyncOutcome {
        let deadline = clock::after(Instant::now(), within.duration());
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
