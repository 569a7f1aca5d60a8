//! The state machine: a method per input, and its outputs as JSON.

use crate::entropy::WebCrypto;
use crate::{outputs, settings};
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use delistening_schema::event::EndReason;
use delistening_schema::json::Object;
use delistening_sdk_core::{
    Config, Core as Machine, FetchResult, Input, Now, Record, Signal, TransportResult,
};
use uuid::Uuid;
use wasm_bindgen::prelude::*;

/// The state machine. Each input takes the time at which it happened: `wall` is milliseconds since 1970,
/// `mono` milliseconds of the page's monotonic clock. After each input [`Core::take`] tells what to do.
#[wasm_bindgen]
pub struct Core(Machine);

#[wasm_bindgen]
impl Core {
    /// `config`: JSON of `delistening_sdk_core::Config`; `owner`: this tab's id.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str, owner: String) -> Result<Core, JsError> {
        let sdk = concat!("delistening-web/", env!("CARGO_PKG_VERSION")).to_owned();
        let config = settings::config(config).ok_or_else(|| JsError::new("the settings cannot be read"))?;
        let config = Config { sdk, ..config };
        Ok(Self(Machine::new(config, owner, Box::new(WebCrypto))))
    }

    /// What to do, as a JSON array of outputs; `undefined` when there is nothing.
    pub fn take(&mut self) -> Option<String> {
        let outputs = self.0.take_outputs();
        (!outputs.is_empty()).then(|| outputs::write(&outputs))
    }

    /// How much is waiting, as JSON.
    pub fn status(&self) -> String {
        let status = self.0.status();
        let mut json = String::new();
        let mut object = Object::begin(&mut json);
        object.member("events", &status.events);
        object.member("batches", &status.batches);
        object.member("acked", &status.acked);
        object.member("leader", &status.leader);
        object.member("halted", &status.halted);
        object.end();
        json
    }

    /// What shows that the log was rewritten, as the text of a file; `undefined` when nothing does.
    pub fn evidence(&self) -> Option<String> {
        self.0.evidence()
    }

    /// A session begins. `id` is its `UUIDv7`, `track` JSON of `delistening_sdk_core::Track`.
    #[allow(
        clippy::too_many_arguments,
        reason = "an object would be read member by member across the border"
    )]
    pub fn open_session(
        &mut self,
        wall: f64,
        mono: f64,
        handle: u32,
        id: &str,
        track: &str,
        engine: String,
        autoplay: bool,
    ) -> Result<(), JsError> {
        let id = Some(Uuid::try_parse(id).map_err(|_| JsError::new("a session's id is a UUID"))?);
        let track = settings::track(track).ok_or_else(|| JsError::new("the track cannot be read"))?;
        self.handle(wall, mono, Input::OpenSession { handle, id, track, engine, autoplay });
        Ok(())
    }

    /// Sound is coming out from here on.
    pub fn playing(&mut self, wall: f64, mono: f64, handle: u32, position_ms: f64) {
        self.signal(wall, mono, handle, Signal::Playing { position_ms: whole(position_ms) });
    }

    /// Playback has come this far. Says whether there is something to do: most often there is not.
    pub fn position(&mut self, wall: f64, mono: f64, handle: u32, position_ms: f64) -> bool {
        self.signal(wall, mono, handle, Signal::Position { position_ms: whole(position_ms) });
        self.0.has_outputs()
    }

    /// Playback was paused.
    pub fn paused(&mut self, wall: f64, mono: f64, handle: u32, position_ms: f64) {
        self.signal(wall, mono, handle, Signal::Paused { position_ms: whole(position_ms) });
    }

    /// Playback waits for data.
    pub fn stalled(&mut self, wall: f64, mono: f64, handle: u32, position_ms: f64) {
        self.signal(wall, mono, handle, Signal::Stalled { position_ms: whole(position_ms) });
    }

    /// The position was moved.
    pub fn seeked(&mut self, wall: f64, mono: f64, handle: u32, from_ms: f64, to_ms: f64) {
        self.signal(wall, mono, handle, Signal::Seeked { from_ms: whole(from_ms), to_ms: whole(to_ms) });
    }

    /// The playback rate changed.
    pub fn rate(&mut self, wall: f64, mono: f64, handle: u32, rate: f64) {
        self.signal(wall, mono, handle, Signal::Rate { rate });
    }

    /// Volume or mute changed.
    pub fn volume(&mut self, wall: f64, mono: f64, handle: u32, volume: f64, muted: bool) {
        self.signal(wall, mono, handle, Signal::Volume { volume, muted });
    }

    /// The player can be seen, or no longer.
    pub fn visible(&mut self, wall: f64, mono: f64, handle: u32, visible: bool) {
        self.signal(wall, mono, handle, Signal::Visible { visible });
    }

    /// Playback failed.
    pub fn failed(&mut self, wall: f64, mono: f64, handle: u32, code: String, position_ms: f64) {
        self.signal(wall, mono, handle, Signal::Failed { code, position_ms: whole(position_ms) });
    }

    /// The session is over; `reason` as the schema spells it.
    pub fn ended(
        &mut self,
        wall: f64,
        mono: f64,
        handle: u32,
        reason: &str,
        position_ms: f64,
    ) -> Result<(), JsError> {
        let reason = EndReason::from_word(reason).ok_or_else(|| JsError::new("no reason to end"))?;
        self.signal(wall, mono, handle, Signal::Ended { reason, position_ms: whole(position_ms) });
        Ok(())
    }

    /// The device's public key, 32 bytes.
    pub fn key(&mut self, wall: f64, mono: f64, public: &[u8]) -> Result<(), JsError> {
        let public = public.try_into().map_err(|_| JsError::new("a public key has 32 bytes"))?;
        self.handle(wall, mono, Input::Key { public });
        Ok(())
    }

    /// This tab leads. `records`: key, value, key, value …; `alive`: the owners that live.
    pub fn lead(&mut self, wall: f64, mono: f64, records: Vec<String>, alive: Vec<String>) {
        self.handle(wall, mono, Input::Lead { records: pairs(records), alive });
    }

    /// Another tab recorded these: key, value, key, value …
    pub fn adopt(&mut self, wall: f64, mono: f64, records: Vec<String>) {
        self.handle(wall, mono, Input::Adopt { records: pairs(records) });
    }

    /// The answer to `store`.
    pub fn stored(&mut self, wall: f64, mono: f64, ticket: f64, ok: bool) {
        self.handle(wall, mono, Input::Stored { ticket: whole(ticket), ok });
    }

    /// The answer to `sign`: 64 bytes, or `undefined` if the key could not sign.
    #[allow(clippy::needless_pass_by_value, reason = "an optional slice cannot cross the border")]
    pub fn signed(&mut self, wall: f64, mono: f64, ticket: f64, signature: Option<Vec<u8>>) {
        let signature = signature.and_then(|bytes| bytes.as_slice().try_into().ok());
        self.handle(wall, mono, Input::Signed { ticket: whole(ticket), signature });
    }

    /// The answer to `need_token`.
    pub fn token(&mut self, wall: f64, mono: f64, token: String) {
        self.handle(wall, mono, Input::Token { token: Ok(token) });
    }

    /// The other answer to `need_token`: there is none, and why.
    pub fn token_failed(&mut self, wall: f64, mono: f64, why: String) {
        self.handle(wall, mono, Input::Token { token: Err(why) });
    }

    /// The server's answer to `send`. `retry_after`: the header, in seconds.
    pub fn response(
        &mut self,
        wall: f64,
        mono: f64,
        ticket: f64,
        status: u16,
        retry_after: Option<f64>,
        body: String,
    ) {
        let result = TransportResult::Answer { status, retry_after_s: retry_after.map(whole), body };
        self.handle(wall, mono, Input::Response { ticket: whole(ticket), result });
    }

    /// No answer to `send` came.
    pub fn network_error(&mut self, wall: f64, mono: f64, ticket: f64) {
        let result = TransportResult::NetworkError;
        self.handle(wall, mono, Input::Response { ticket: whole(ticket), result });
    }

    /// The answer to `fetch`; `undefined` for both if none came.
    pub fn fetched(&mut self, wall: f64, mono: f64, ticket: f64, status: Option<u16>, body: Option<Vec<u8>>) {
        let result = match (status, body) {
            (Some(status), Some(body)) => FetchResult::Answer { status, body },
            _ => FetchResult::NetworkError,
        };
        self.handle(wall, mono, Input::Fetched { ticket: whole(ticket), result });
    }

    /// A person knows that the log was rewritten, and wants to go on with it as it is now.
    pub fn acknowledge_alarm(&mut self, wall: f64, mono: f64) {
        self.handle(wall, mono, Input::AcknowledgeAlarm);
    }

    /// The network came or went, as far as the browser can tell.
    pub fn online(&mut self, wall: f64, mono: f64, online: bool) {
        self.handle(wall, mono, Input::Online(online));
    }

    /// The page may go away at any moment.
    pub fn hidden(&mut self, wall: f64, mono: f64) {
        self.handle(wall, mono, Input::Hidden);
    }

    /// Seal and send now.
    pub fn flush(&mut self, wall: f64, mono: f64) {
        self.handle(wall, mono, Input::Flush);
    }

    /// The time of a `wake_at` has come.
    pub fn tick(&mut self, wall: f64, mono: f64) {
        self.handle(wall, mono, Input::Tick);
    }

    fn signal(&mut self, wall: f64, mono: f64, handle: u32, signal: Signal) {
        self.handle(wall, mono, Input::Signal { handle, signal });
    }

    fn handle(&mut self, wall: f64, mono: f64, input: Input) {
        self.0.handle(Now { wall_ms: whole(wall), mono_ms: whole(mono) }, input);
    }
}

/// A JavaScript number as the whole number below it; what is no number counts as 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, as is wanted")]
fn whole(number: f64) -> u64 {
    number as u64
}

fn pairs(flat: Vec<String>) -> Vec<Record> {
    let mut flat = flat.into_iter();
    core::iter::from_fn(|| Some(Record { key: flat.next()?, value: flat.next()? })).collect()
}
