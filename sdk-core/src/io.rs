//! What goes into the core and what comes out of it.

use crate::prelude::*;
use delistening_schema::DropReason;
use delistening_schema::event::EndReason;
use delistening_schema::play::Verdict;
use delistening_schema::problem::{Action, Problem};
use uuid::Uuid;

/// The time at which an input happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Wall clock, milliseconds since 1970.
    pub wall_ms: u64,
    /// A monotonic clock with any origin, in milliseconds.
    pub mono_ms: u64,
}

/// Where unpredictable bytes come from. Hosts give a cryptographic generator, tests a seeded one.
pub trait Entropy {
    /// Fills `bytes`.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// How the core behaves; every member has a sensible default.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name and version of the SDK, written into each batch.
    pub sdk: String,
    /// The listener's pseudonym; learned from the token otherwise.
    pub listener: Option<String>,
    /// Pinned log keys (vkeys); otherwise the first key seen of an origin is trusted from then on.
    pub log_keys: Vec<String>,
    /// A batch is sealed at this many events.
    pub max_events: usize,
    /// A batch is sealed at this many bytes of events.
    pub max_bytes: usize,
    /// A batch is sealed when its oldest event is this old, in milliseconds.
    pub max_age_ms: u64,
    /// Most events that may wait on the device, sealed or not; beyond that the oldest are given up.
    pub queue_events: usize,
    /// Most bytes of events and batches that may wait on the device; beyond that the oldest are given up.
    pub queue_bytes: usize,
    /// How long an event may wait by the device's own clock, in milliseconds; 0 is for ever. A clock that jumps
    /// years ahead makes everything old, so it is for ever unless asked for.
    pub queue_age_ms: u64,
    /// Progress is written each time this much time was spent playing, in milliseconds.
    pub progress_every_ms: u64,
    /// The log itself is asked for its checkpoint, and for what proves that it only grew, each time this much time
    /// has passed, in milliseconds; 0: only where an answer leaves a doubt.
    pub audit_every_ms: u64,
    /// A policy (C2SP tlog-policy): each time the log is asked, enough of its witnesses must have cosigned what it was
    /// the time before. For builds with the feature `witnesses`.
    pub witness_policy: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sdk: concat!("delistening/", env!("CARGO_PKG_VERSION")).to_owned(),
            listener: None,
            log_keys: Vec::new(),
            max_events: 100,
            // A request with one batch stays below the 64 KiB that browsers let a page send on its way out.
            max_bytes: 32 * 1024,
            max_age_ms: 30_000,
            // Months of listening: an hour is some 400 events, and about 200 KB sealed.
            queue_events: 500_000,
            queue_bytes: 256 * 1024 * 1024,
            queue_age_ms: 0,
            progress_every_ms: 10_000,
            audit_every_ms: 24 * 60 * 60 * 1000,
            witness_policy: None,
        }
    }
}

/// What is played.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// The platform's identifier of the track.
    pub id: String,
    /// The platform's identifier of the artist.
    pub artist: Option<String>,
    /// The platform's identifier of the release.
    pub release: Option<String>,
    /// Length in milliseconds; absent for a live stream.
    pub duration_ms: Option<u64>,
    /// What led to the play.
    pub source: Option<String>,
    /// Whether the media comes from the device's own storage.
    pub offline: bool,
}

/// What a player does. Positions are milliseconds of media time.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// Sound is coming out from here on; ends a pause or a stall.
    Playing {
        /// Where.
        position_ms: u64,
    },
    /// Playback has come this far.
    Position {
        /// Where.
        position_ms: u64,
    },
    /// Playback was paused.
    Paused {
        /// Where.
        position_ms: u64,
    },
    /// The position was moved.
    Seeked {
        /// From where.
        from_ms: u64,
        /// To where.
        to_ms: u64,
    },
    /// Playback waits for data.
    Stalled {
        /// Where.
        position_ms: u64,
    },
    /// The playback rate changed.
    Rate {
        /// 1 is normal speed.
        rate: f64,
    },
    /// Volume or mute changed.
    Volume {
        /// From 0 to 1.
        volume: f64,
        /// Whether muted.
        muted: bool,
    },
    /// The player can be seen, or no longer.
    Visible {
        /// Whether it can be seen.
        visible: bool,
    },
    /// The output route changed.
    Output {
        /// Its name: speaker, headphones, bluetooth …
        route: String,
    },
    /// Playback failed.
    Failed {
        /// The player's code.
        code: String,
        /// Where.
        position_ms: u64,
    },
    /// The session is over.
    Ended {
        /// Why.
        reason: EndReason,
        /// Where.
        position_ms: u64,
    },
}

/// What a listener did with a track beside playing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngageKind {
    /// Liked it.
    Like,
    /// Shared it.
    Share,
    /// Added it to a playlist.
    PlaylistAdd,
    /// Followed its artist.
    Follow,
}

/// A stored text under a key. The core alone knows what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `state`, `alarm`, `event/…`, `batch/…` or `session/…`.
    pub key: String,
    /// JSON.
    pub value: String,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportResult {
    /// The server answered.
    Answer {
        /// HTTP status.
        status: u16,
        /// The `Retry-After` header, in seconds.
        retry_after_s: Option<u64>,
        /// The body.
        body: String,
    },
    /// No answer came.
    NetworkError,
}

/// What came of asking the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchResult {
    /// The server answered.
    Answer {
        /// HTTP status.
        status: u16,
        /// The body; no more than 64 KiB of it are ever looked at.
        body: Vec<u8>,
    },
    /// No answer came.
    NetworkError,
}

/// What happens to the core.
#[derive(Clone, Debug)]
pub enum Input {
    /// A session begins; it is recorded from the first `Playing` on. `handle` is the host's name for it, `id`
    /// its UUIDv7 if the host has made one.
    OpenSession {
        /// The host's name for it.
        handle: u32,
        /// Its id.
        id: Option<Uuid>,
        /// What is played.
        track: Track,
        /// What decodes.
        engine: String,
        /// Whether it began without a user's gesture.
        autoplay: bool,
    },
    /// A player did something.
    Signal {
        /// Which session.
        handle: u32,
        /// What.
        signal: Signal,
    },
    /// The listener did something with the track of a session.
    Engage {
        /// Which session.
        handle: u32,
        /// What.
        kind: EngageKind,
        /// What the act was aimed at.
        target: Option<String>,
    },
    /// The device's public key; the host keeps the private half.
    Key {
        /// 32 bytes of RFC 8032.
        public: [u8; 32],
    },
    /// From now on this core alone seals and sends for its device.
    Lead {
        /// Everything that is stored.
        records: Vec<Record>,
        /// The owners that still live: their open sessions are left alone.
        alive: Vec<String>,
    },
    /// Events that another owner of the same storage recorded.
    Adopt {
        /// The records.
        records: Vec<Record>,
    },
    /// Storage answers.
    Stored {
        /// Of the output.
        ticket: u64,
        /// Whether all of it is durable; otherwise none of it is.
        ok: bool,
    },
    /// The key's keeper answers; `None` if it could not sign.
    Signed {
        /// Of the output.
        ticket: u64,
        /// The signature.
        signature: Option<[u8; 64]>,
    },
    /// The token callback answers.
    Token {
        /// The token, or why there is none.
        token: Result<String, String>,
    },
    /// The server answers, or nobody does.
    Response {
        /// Of the output.
        ticket: u64,
        /// What came.
        result: TransportResult,
    },
    /// The log answers, or nobody does.
    Fetched {
        /// Of the output.
        ticket: u64,
        /// What came.
        result: FetchResult,
    },
    /// What the listener lets plays tell of the device; nothing, until this is said.
    #[cfg(feature = "senses")]
    Allow(crate::senses::Allowed),
    /// How the device moves, as summed up by [`crate::MotionSummary`] or by the platform.
    #[cfg(feature = "senses")]
    Moved(delistening_schema::event::Motion),
    /// Where the device is: reduced at once to a cell of the size that is allowed.
    #[cfg(feature = "senses")]
    Located {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
    },
    /// A person knows that the log was rewritten, and wants to go on with it as it is now. The evidence is kept.
    AcknowledgeAlarm,
    /// The network came or went, as far as the platform can tell.
    Online(
        /// Whether it is there.
        bool,
    ),
    /// The page or app may go away at any moment: write and send what can be.
    Hidden,
    /// Seal and send now.
    Flush,
    /// The time of a [`Output::WakeAt`] has come.
    Tick,
}

/// What the host should do.
#[derive(Clone, Debug)]
pub enum Output {
    /// Write and delete in one transaction, then answer [`Input::Stored`].
    Store {
        /// For the answer.
        ticket: u64,
        /// To write.
        puts: Vec<Record>,
        /// Keys to delete.
        deletes: Vec<String>,
    },
    /// Tell whoever leads of these events.
    Handover {
        /// The records, stored already or about to be.
        records: Vec<Record>,
    },
    /// Sign with the device's key, then answer [`Input::Signed`].
    Sign {
        /// For the answer.
        ticket: u64,
        /// ASCII text.
        message: String,
    },
    /// Ask the platform for a token, then answer [`Input::Token`].
    NeedToken {
        /// The device it must be bound to: this one, or the one whose batches are still to be sent after its key was
        /// lost.
        device: String,
    },
    /// Post to `/v1/batches`, then answer [`Input::Response`].
    Send {
        /// For the answer.
        ticket: u64,
        /// The JSON body, token included.
        body: String,
        /// Whether there may be no time for an answer.
        last_chance: bool,
    },
    /// Get `path` below the endpoint, then answer [`Input::Fetched`]. Without a token, a cookie or the device's name:
    /// who is not known cannot be shown a log of their own.
    Fetch {
        /// For the answer.
        ticket: u64,
        /// Such as `log/checkpoint`.
        path: String,
    },
    /// Give [`Input::Tick`] at this time; replaces the one asked for before.
    WakeAt {
        /// On the monotonic clock, in milliseconds.
        mono_ms: u64,
    },
    /// Tell the app.
    Notify {
        /// What.
        notice: Notice,
    },
}

/// What an app may want to know.
#[derive(Clone, Debug)]
pub enum Notice {
    /// An event was recorded.
    Event {
        /// The event, as JSON.
        event: String,
    },
    /// A session is over: what it is worth by the play rule, from all that was recorded of it. The server says the same,
    /// unless the signed times or what looks like fraud speak against it.
    Verdict {
        /// Which session.
        session: Uuid,
        /// What it is worth.
        verdict: Verdict,
    },
    /// A batch was sealed and is durable.
    Sealed {
        /// Its sequence number.
        seq: u64,
        /// Its size.
        bytes: usize,
        /// How many events it holds.
        events: usize,
    },
    /// The server keeps a batch.
    Acked {
        /// Its sequence number.
        seq: u64,
        /// `accepted` or `duplicate`.
        status: &'static str,
    },
    /// A batch's receipt holds, and the log only grew.
    Receipt {
        /// The batch.
        seq: u64,
        /// Its place in the log.
        index: u64,
        /// The size of the log that the receipt proves it in.
        size: u64,
        /// The log.
        origin: String,
        /// The signed checkpoint.
        checkpoint: String,
        /// When the server received the batch, milliseconds since 1970.
        received: u64,
        /// Always true: what does not verify is an error.
        verified: bool,
    },
    /// Events were given up.
    Dropped {
        /// The batch they were in, if any.
        seq: Option<u64>,
        /// How many.
        events: usize,
        /// Why.
        reason: DropReason,
        /// The server's reason, if it was the server's.
        problem: Option<Problem>,
    },
    /// Something is wrong.
    Error(ErrorNotice),
    /// Nothing is left to send, or nothing more can be sent at the moment.
    Idle,
}

/// Something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorNotice {
    /// Stable code.
    pub code: String,
    /// What happened, in a sentence.
    pub detail: String,
    /// What the core does about it.
    pub action: Action,
}

/// How much is waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Events in no batch yet.
    pub events: usize,
    /// Batches without a verified receipt.
    pub batches: usize,
    /// Batches acknowledged since this core was made.
    pub acked: u64,
    /// Whether this core seals and sends.
    pub leader: bool,
    /// Whether it has stopped sending because of a contradiction or refusal.
    pub halted: bool,
}
