//! Every way a request or batch can be refused: one stable code each, with its HTTP status and what the
//! client should do. The HTTP problem document (RFC 9457), the SDK's error and the server's log line all
//! come from here.

use crate::json::{FromJson, Json, Object, ToJson};
use crate::prelude::*;
use crate::words;
use alloc::borrow::Cow;
use serde::{Deserialize, Serialize};

/// Below this path the server has a page for each problem.
pub const PAGES: &str = "/problems/";

/// What a client does about a problem. Known from the code alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Action {
    /// Send the same again later, not before `retry_after`.
    Retry,
    /// Get a new token, then send the same again.
    Refresh,
    /// Give this batch up: it will never be accepted. Others may be.
    Drop,
    /// Stop sending and tell a person; keep what is stored.
    Stop,
}

words!(Action { Retry = "retry", Refresh = "refresh", Drop = "drop", Stop = "stop" });

macro_rules! codes {
    ($(#[doc = $doc:literal] $variant:ident = $code:literal, $status:literal, $action:ident, $title:literal;)+) => {
        /// A stable problem code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
        pub enum Code {
            $(#[doc = $doc] #[serde(rename = $code)] $variant,)+
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it is written in a problem document.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The HTTP status it goes with.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// What the client should do.
            pub const fn action(self) -> Action {
                match self { $(Self::$variant => Action::$action),+ }
            }

            /// What it means, in a sentence that begins with a space.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc),+ }
            }

            /// A short name for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

codes! {
    /// The body is not the JSON that the endpoint expects.
    MalformedRequest = "malformed-request", 400, Drop, "Malformed request";
    /// A query parameter or path segment is not acceptable.
    InvalidParameter = "invalid-parameter", 400, Stop, "Invalid parameter";
    /// No such resource.
    NotFound = "not-found", 404, Stop, "Not found";
    /// The path exists, the method does not.
    MethodNotAllowed = "method-not-allowed", 405, Stop, "Method not allowed";
    /// The content type is not one the endpoint reads.
    UnsupportedMediaType = "unsupported-media-type", 415, Stop, "Unsupported media type";
    /// The content encoding is not one the endpoint reads.
    UnsupportedEncoding = "unsupported-encoding", 415, Stop, "Unsupported content encoding";
    /// The body or the batch is larger than the limit.
    TooLarge = "too-large", 413, Drop, "Too large";
    /// The body did not arrive in time.
    RequestTimeout = "request-timeout", 408, Retry, "Request timeout";
    /// The token is missing or not acceptable.
    BadToken = "bad-token", 401, Refresh, "Bad token";
    /// The token has expired.
    ExpiredToken = "expired-token", 401, Refresh, "Expired token";
    /// The token does not allow this.
    InsufficientScope = "insufficient-scope", 403, Stop, "Insufficient scope";
    /// The token is bound to another device than the one that signed the batch.
    WrongDevice = "wrong-device", 403, Refresh, "Wrong device";
    /// The batch holds plays of another listener than the token's.
    WrongListener = "wrong-listener", 403, Refresh, "Wrong listener";
    /// The batch was made for another service.
    WrongAudience = "wrong-audience", 403, Stop, "Wrong audience";
    /// The batch is not a JWS with the payload that is expected.
    MalformedBatch = "malformed-batch", 400, Drop, "Malformed batch";
    /// The payload's version is not one this server reads.
    UnsupportedVersion = "unsupported-version", 400, Stop, "Unsupported version";
    /// The signature does not verify.
    BadSignature = "bad-signature", 400, Drop, "Bad signature";
    /// The device's public key is malformed, weak or not canonical.
    UnacceptableKey = "unacceptable-key", 400, Stop, "Unacceptable key";
    /// Another batch holds this sequence number: the device's chain has two continuations.
    SequenceFork = "sequence-fork", 409, Stop, "Sequence fork";
    /// Accepted, but earlier sequence numbers of the device are missing or its chain is broken.
    SequenceGap = "sequence-gap", 200, Drop, "Sequence gap";
    /// One event is malformed; its batch was kept without it counting.
    MalformedEvent = "malformed-event", 200, Drop, "Malformed event";
    /// One event has a type this version does not know; its batch was kept without it counting.
    UnknownEventType = "unknown-event-type", 200, Drop, "Unknown event type";
    /// The sender should slow down.
    TooManyRequests = "too-many-requests", 429, Retry, "Too many requests";
    /// The server has more to do than it can; nothing of the request was kept.
    Overloaded = "overloaded", 503, Retry, "Overloaded";
    /// The server cannot make anything durable at the moment; nothing of the request was kept.
    StorageUnavailable = "storage-unavailable", 503, Retry, "Storage unavailable";
    /// The server failed in a way it should not; nothing is known to have been kept.
    Internal = "internal", 500, Retry, "Internal error";
}

impl ToJson for Code {
    fn write_json(&self, out: &mut String) {
        self.as_str().write_json(out);
    }
}

impl FromJson for Code {
    fn from_json(json: Json<'_>) -> Option<Self> {
        let word = json.string()?;
        Self::ALL.iter().copied().find(|code| code.as_str() == word)
    }
}

impl core::fmt::Display for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A problem document (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Problem {
    /// The path of the page about it, on the server that answers: `/problems/` and the code.
    pub r#type: Cow<'static, str>,
    /// A short name for people.
    pub title: Cow<'static, str>,
    /// The HTTP status this problem has by itself.
    pub status: u16,
    /// What happened here and what to do about it, in one sentence.
    pub detail: String,
    /// The stable code.
    pub code: Code,
    /// What the client should do.
    pub action: Action,
    /// Seconds to wait before trying again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// For a problem of one event: its index in the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u32>,
}

impl ToJson for Problem {
    fn write_json(&self, out: &mut String) {
        let mut object = Object::begin(out);
        object.member("type", &*self.r#type);
        object.member("title", &*self.title);
        object.member("status", &self.status);
        object.member("detail", &self.detail);
        object.member("code", &self.code);
        object.member("action", &self.action);
        object.optional("retry_after", &self.retry_after);
        object.optional("event", &self.event);
        object.end();
    }
}

impl FromJson for Problem {
    fn from_json(json: Json<'_>) -> Option<Self> {
        Some(Self {
            r#type: json.required::<String>("type")?.into(),
            title: json.required::<String>("title")?.into(),
            status: json.required("status")?,
            detail: json.required("detail")?,
            code: json.required("code")?,
            action: json.required("action")?,
            retry_after: json.optional("retry_after")?,
            event: json.optional("event")?,
        })
    }
}

impl Problem {
    /// The problem `code` with a sentence for people.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            r#type: Cow::Owned(format!("{PAGES}{code}")),
            title: Cow::Borrowed(code.title()),
            status: code.status(),
            detail: detail.into(),
            code,
            action: code.action(),
            retry_after: None,
            event: None,
        }
    }

    /// Asks the client to wait `seconds` before it tries again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Says that the problem is that of event number `index`.
    #[must_use]
    pub fn of_event(mut self, index: usize) -> Self {
        self.event = u32::try_from(index).ok();
        self
    }
}

impl core::fmt::Display for Problem {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl core::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_written_as_they_are_read() {
        let mut seen = std::collections::HashSet::new();
        for &code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code} stands twice");
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{code}\""));
        }
    }

    #[test]
    fn a_retry_is_asked_for_only_where_trying_again_can_help() {
        for &code in Code::ALL {
            if code.status() >= 500 || matches!(code.status(), 408 | 429) {
                assert_eq!(code.action(), Action::Retry, "{code}");
            }
        }
    }
}
