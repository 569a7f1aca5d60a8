//! Signed batches: the unit that a device seals, sends, and gets a receipt for.
//!
//! A batch is a JWS in compact serialization whose payload is a [`Batch`] as JSON, signed by the device's
//! own key, which stands in the protected header. The exact bytes of the JWS are what is journaled, hashed
//! and exported; they are never re-encoded.

mod reported;

pub use reported::Reported;

use crate::bytes::{self, Hash, base64url_array, optional_hash};
use crate::event::{Event, EventError};
use crate::json::{self, Json, Object};
use crate::jws::{self, JwsError, Parts};
use crate::key::{DeviceId, KeyError, PublicKey};
use crate::prelude::*;
use crate::problem::{Code, Problem};
use crate::{limits, object, words};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The only payload version there is.
pub const VERSION: u32 = 1;
/// The `typ` of a batch's protected header.
pub const TYPE: &str = "delistening-batch+jws";

// Its events are texts, each an `Event` as JSON, or what they were read as.
/// The payload of a signed batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "generate",
    derive(schemars::JsonSchema, ts_rs::TS),
    schemars(rename = "Batch"),
    ts(optional_fields, concrete(E = Event))
)]
pub struct Batch<E = Box<RawValue>> {
    /// Payload version, 1.
    pub v: u32,
    /// UUIDv7 of the batch.
    pub batch: Uuid,
    /// The device: the thumbprint of the key that signs.
    pub device: DeviceId,
    /// 1, 2, 3 … per device.
    pub seq: u64,
    /// SHA-256 of the previous batch's bytes; empty for the first.
    #[serde(with = "optional_hash")]
    #[cfg_attr(feature = "generate", schemars(with = "String"), ts(type = "string"))]
    pub prev: Option<Hash>,
    /// 16 random bytes, base64url: they make the commitment in the ledger hiding.
    #[serde(with = "base64url_array")]
    #[cfg_attr(feature = "generate", schemars(with = "String"), ts(type = "string"))]
    pub nonce: [u8; 16],
    /// The service it is for.
    pub aud: String,
    /// The listener whose plays it holds; the token's `sub`.
    pub listener: String,
    /// The last checkpoint that the device had verified before the oldest event of this batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
    /// Wall clock of the device when the batch was sealed, milliseconds since 1970.
    pub sent_at: u64,
    /// Name and version of the SDK.
    pub sdk: String,
    /// The events.
    pub events: Vec<E>,
    /// What the device gave up since the batch before; empty if nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
}

/// A payload as a device writes it, with its events as the texts that they are stored as. See [`Batch`].
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// `UUIDv7` of the batch.
    pub batch: Uuid,
    /// See [`Batch::seq`].
    pub seq: u64,
    /// See [`Batch::prev`].
    pub prev: Option<Hash>,
    /// See [`Batch::nonce`].
    pub nonce: [u8; 16],
    /// See [`Batch::aud`].
    pub aud: &'a str,
    /// See [`Batch::listener`].
    pub listener: &'a str,
    /// See [`Batch::anchor`].
    pub anchor: Option<&'a Anchor>,
    /// See [`Batch::sent_at`].
    pub sent_at: u64,
    /// See [`Batch::sdk`].
    pub sdk: &'a str,
    /// See [`Batch::events`].
    pub events: &'a [&'a str],
    /// See [`Batch::dropped`].
    pub dropped: &'a [Dropped],
}

/// Events that a device gave up instead of sending them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Dropped {
    /// Why.
    pub reason: DropReason,
    /// How many events. A record that could not be read counts as one.
    pub events: u64,
}

/// Why a device gave events up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum DropReason {
    /// More was waiting than the device may keep; the oldest went first.
    QueueFull,
    /// They waited longer than the device may keep them.
    TooOld,
    /// A stored record could not be read any more.
    Corrupted,
    /// The server said that it will never take them.
    Refused,
    /// The device's key was lost, and they belong to sessions that the former device had begun.
    KeyLost,
    /// A reason that this version does not know.
    #[serde(other)]
    Other,
}

object!(Dropped { reason, events });
words!(DropReason {
    QueueFull = "queue_full",
    TooOld = "too_old",
    Corrupted = "corrupted",
    Refused = "refused",
    KeyLost = "key_lost",
    Other = "other",
} else Other);

/// A checkpoint that a device had verified: what makes the time of its plays hold up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Anchor {
    /// The log's origin.
    pub origin: String,
    /// The tree's size.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
}

object!(write Anchor { origin, size, root });

/// A batch whose events were read, each by itself: one that cannot be read spoils none of its neighbours.
pub type ReadBatch = Batch<Result<Event, EventError>>;

/// A batch that was opened: signature, form and bounds hold.
#[derive(Clone, Debug)]
pub struct OpenedBatch {
    /// The payload.
    pub payload: ReadBatch,
    /// SHA-256 of the exact bytes of the JWS.
    pub hash: Hash,
    /// The key that signed it.
    pub key: PublicKey,
}

#[derive(Deserialize)]
struct Header {
    jwk: Jwk,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

/// What stands before and after the key in a header that [`header`] wrote.
const AROUND_KEY: [&str; 2] =
    [r#"{"alg":"EdDSA","typ":"delistening-batch+jws","jwk":{"kty":"OKP","crv":"Ed25519","x":""#, r#""}}"#];

/// The protected header of batches signed by `key`.
pub fn header(key: &PublicKey) -> String {
    let [before, after] = AROUND_KEY;
    [before, &key.jwk_x(), after].concat()
}

/// The bytes of the key in a protected header, once the header is checked.
fn key_bytes(parts: &Parts) -> Result<[u8; 32], Problem> {
    let [before, after] = AROUND_KEY.map(str::as_bytes);
    let x = parts.header_bytes().strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    // As nearly all are: nothing else can be in it, and to find that out as JSON takes longer than to decode the batch.
    if let Some(bytes) = x.and_then(|x| bytes::decode_array(str::from_utf8(x).ok()?)) {
        return Ok(bytes);
    }
    parts.check_header(&[TYPE]).map_err(malformed)?;
    let Header { jwk } = parts.header().map_err(malformed)?;
    if jwk.kty != "OKP" || jwk.crv != "Ed25519" {
        return Err(Problem::new(Code::UnacceptableKey, "the jwk must be an Ed25519 public key"));
    }
    bytes::decode_array(&jwk.x).ok_or_else(|| unacceptable(KeyError::Malformed))
}

fn unacceptable(error: KeyError) -> Problem {
    Problem::new(Code::UnacceptableKey, format!("{error}; the device must make a new key"))
}

impl Draft<'_> {
    /// The bytes to sign for the device of `key`; give them with the signature to [`jws::with_signature`].
    pub fn signing_input(&self, key: &PublicKey) -> String {
        jws::signing_input(&header(key), self.payload(key.thumbprint()).as_bytes())
    }

    fn payload(&self, device: DeviceId) -> String {
        let mut payload = String::new();
        let mut object = Object::begin(&mut payload);
        object.member("v", &VERSION);
        object.member("batch", &self.batch);
        object.member("device", &device);
        object.member("seq", &self.seq);
        object.member("prev", &self.prev.map_or_else(String::new, |hash| hash.to_string()));
        object.member("nonce", &bytes::encode(&self.nonce));
        object.member("aud", self.aud);
        object.member("listener", self.listener);
        if let Some(anchor) = self.anchor {
            object.member("anchor", anchor);
        }
        object.member("sent_at", &self.sent_at);
        object.member("sdk", self.sdk);
        object.member("events", &json::Raw(format!("[{}]", self.events.join(","))));
        if !self.dropped.is_empty() {
            object.member("dropped", self.dropped);
        }
        object.end();
        payload
    }
}

/// The device that a signed batch names, without a look at anything else: for a device that looks at its own.
pub fn device_of(jws: &str) -> Option<DeviceId> {
    let payload = bytes::decode(jws.split('.').nth(1)?)?;
    Json::parse(str::from_utf8(&payload).ok()?)?.required("device")
}

impl Batch {
    /// The bytes to sign for the device of `key`, as [`Draft::signing_input`].
    pub fn signing_input(&self, key: &PublicKey) -> String {
        let events: Vec<&str> = self.events.iter().map(|event| event.get()).collect();
        let draft = Draft {
            batch: self.batch,
            seq: self.seq,
            prev: self.prev,
            nonce: self.nonce,
            aud: &self.aud,
            listener: &self.listener,
            anchor: self.anchor.as_ref(),
            sent_at: self.sent_at,
            sdk: &self.sdk,
            events: &events,
            dropped: &self.dropped,
        };
        jws::signing_input(&header(key), draft.payload(self.device).as_bytes())
    }

    /// Opens a signed batch: checks its size, form, version, key, signature and bounds, in that order.
    pub fn open(jws: &str) -> Result<OpenedBatch, Problem> {
        Self::open_with(jws, |_| None)
    }

    /// Opens as [`Batch::open`] does. `known` gives the key of these bytes if it was accepted before: to expand and
    /// check a key anew costs a fifth of a verification.
    pub fn open_with(
        jws: &str,
        known: impl FnOnce(&[u8; 32]) -> Option<PublicKey>,
    ) -> Result<OpenedBatch, Problem> {
        let (bytes, key) = Self::verify(jws, known)?;
        let payload = ReadBatch::of_payload(&bytes)?;
        if payload.device != key.thumbprint() {
            return Err(Problem::new(
                Code::MalformedBatch,
                "device must be the thumbprint of the key in the header",
            ));
        }
        Ok(OpenedBatch { payload, hash: Hash::of(jws.as_bytes()), key })
    }

    /// The first half of [`Batch::open_with`]: the bytes of the payload, and the key under which the signature holds.
    pub fn verify(
        jws: &str,
        known: impl FnOnce(&[u8; 32]) -> Option<PublicKey>,
    ) -> Result<(Vec<u8>, PublicKey), Problem> {
        if jws.len() > limits::BATCH_BYTES {
            return Err(Problem::new(
                Code::TooLarge,
                format!("a batch may have at most {} bytes; split it", limits::BATCH_BYTES),
            ));
        }
        let parts = Parts::split(jws).map_err(malformed)?;
        let key = key_bytes(&parts)?;
        let key = known(&key).map_or_else(|| PublicKey::from_bytes(&key), Ok).map_err(unacceptable)?;
        Ok((parts.verify(&key).map_err(malformed)?, key))
    }

    /// Reads the payload without checking who signed it: for a batch that was opened before. Its events are left as they are.
    pub fn unverified(jws: &str) -> Result<Self, Problem> {
        let parts = Parts::parse(jws, &[TYPE]).map_err(malformed)?;
        let text = text_of(parts.unverified_payload())?;
        Self::checked(serde_json::from_str(text), text)
    }

    /// Reads its events.
    pub fn read(self) -> ReadBatch {
        self.map(|event| Event::from_json(event.get()))
    }

    /// How many bytes the JWS of a payload of `payload` bytes has.
    pub fn sealed_bytes(header: usize, payload: usize) -> usize {
        let base64 = |bytes: usize| bytes.div_ceil(3) * 4;
        base64(header) + base64(payload) + bytes::encode(&[0; 64]).len() + 2
    }
}

impl<E> Batch<E> {
    fn map<F>(self, read: impl FnMut(E) -> F) -> Batch<F> {
        Batch {
            v: self.v,
            batch: self.batch,
            device: self.device,
            seq: self.seq,
            prev: self.prev,
            nonce: self.nonce,
            aud: self.aud,
            listener: self.listener,
            anchor: self.anchor,
            sent_at: self.sent_at,
            sdk: self.sdk,
            events: self.events.into_iter().map(read).collect(),
            dropped: self.dropped,
        }
    }

    /// Holds what was `read` of a payload against the bounds.
    fn checked(read: serde_json::Result<Self>, text: &str) -> Result<Self, Problem> {
        let malformed = |detail: String| Problem::new(Code::MalformedBatch, detail);
        let payload = match read {
            Ok(payload) => payload,
            Err(error) => {
                // A later version may have another shape: look at the version alone before judging the rest.
                return Err(match serde_json::from_str(text) {
                    Ok(VersionOnly { v }) if v != VERSION => unsupported(v),
                    _ => malformed(format!("the payload is not a batch: {error}")),
                });
            }
        };
        if payload.v != VERSION {
            return Err(unsupported(payload.v));
        }
        if payload.seq == 0 || payload.seq > limits::MAX_INTEGER {
            return Err(malformed("seq must be between 1 and 2^53 - 1".into()));
        }
        if payload.prev.is_some() != (payload.seq > 1) {
            return Err(malformed("prev must be empty for the first batch and only for it".into()));
        }
        if payload.sent_at > limits::MAX_INTEGER {
            return Err(malformed("sent_at must be at most 2^53 - 1".into()));
        }
        if payload.events.len() > limits::BATCH_EVENTS {
            return Err(Problem::new(
                Code::TooLarge,
                format!("a batch may have at most {} events; split it", limits::BATCH_EVENTS),
            ));
        }
        if payload.dropped.len() > limits::BATCH_DROPPED
            || payload.dropped.iter().any(|dropped| dropped.events > limits::MAX_INTEGER)
        {
            return Err(malformed(format!(
                "dropped must have at most {} members of at most 2^53 - 1 events",
                limits::BATCH_DROPPED
            )));
        }
        let anchor = payload.anchor.as_ref().map_or("origin", |anchor| anchor.origin.as_str());
        for (name, text) in [
            ("aud", payload.aud.as_str()),
            ("listener", &payload.listener),
            ("sdk", &payload.sdk),
            ("anchor.origin", anchor),
        ] {
            if text.is_empty() || text.len() > limits::ID_BYTES || text.chars().any(char::is_control) {
                return Err(malformed(format!(
                    "{name} must be 1 to {} bytes without control characters",
                    limits::ID_BYTES
                )));
            }
        }
        Ok(payload)
    }
}

impl ReadBatch {
    fn of_payload(bytes: &[u8]) -> Result<Self, Problem> {
        let text = text_of(bytes)?;
        // Nearly always every event can be read at once. Where one cannot, each is read by itself.
        let read = match serde_json::from_str::<Batch<Event>>(text) {
            Ok(batch) => Ok(batch.map(Ok)),
            Err(_) => serde_json::from_str(text).map(Batch::read),
        };
        Self::checked(read, text)
    }
}

fn text_of(payload: &[u8]) -> Result<&str, Problem> {
    str::from_utf8(payload).map_err(|_| Problem::new(Code::MalformedBatch, "the payload is not UTF-8"))
}

fn unsupported(version: u32) -> Problem {
    Problem::new(
        Code::UnsupportedVersion,
        format!("version {version} is not read here, only {VERSION}; update the server or the SDK"),
    )
}

fn malformed(error: JwsError) -> Problem {
    match error {
        JwsError::Signature => {
            Problem::new(Code::BadSignature, "the signature does not verify under the key in the header")
        }
        other => Problem::new(Code::MalformedBatch, other.to_string()),
    }
}

#[cfg(test)]
mod tests;
