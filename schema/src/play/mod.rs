//! What counts as a play: a pure function from a session's events, with the times that the server signed,
//! to a verdict.
//!
//! The device, the server and the auditor run the same compiled code. A version of the rule never changes
//! once it was used; a new rule is a new version beside it.

mod comparison;
mod facts;
mod rule_v1;
mod session;
mod tally;

pub use comparison::Comparison;
pub use facts::{Evidence, Facts, Gathering};
pub use rule_v1::{TEXT as RULE_1_TEXT, VERSION as RULE_1, enough_ms, judge};
pub use session::{Fragment, Link, Play, Received, SessionKey};
pub use tally::{Counts, StatementLine, Subject, Tally, day_of};

use crate::prelude::*;
use serde::{Deserialize, Serialize};

/// What a session is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Status {
    /// It counts.
    Valid,
    /// Too little was heard.
    Short,
    /// Enough was played, but not audibly.
    Muted,
    /// It would count, but analysis found it suspicious; it is shown apart.
    Suspect,
    /// It contradicts itself or the signed times.
    Invalid,
}

impl Status {
    /// The status as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Short => "short",
            Self::Muted => "muted",
            Self::Suspect => "suspect",
            Self::Invalid => "invalid",
        }
    }
}

/// Why a session has its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Reason {
    /// Thirty seconds or more were heard.
    HeardLongEnough,
    /// Half or more of a track shorter than a minute was heard.
    HeardHalf,
    /// Less was heard than counts.
    HeardTooLittle,
    /// What was played was muted or at volume zero.
    NotAudible,
    /// Part of it was played slower than half or faster than double speed, and was not counted.
    RateOutOfRange,
    /// More was heard than time passed on the device's own monotonic clock.
    ExceedsDeviceTime,
    /// More was heard than time passed between the signed times around it.
    ExceedsSignedTime,
}

impl Reason {
    /// The reason as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HeardLongEnough => "heard_long_enough",
            Self::HeardHalf => "heard_half",
            Self::HeardTooLittle => "heard_too_little",
            Self::NotAudible => "not_audible",
            Self::RateOutOfRange => "rate_out_of_range",
            Self::ExceedsDeviceTime => "exceeds_device_time",
            Self::ExceedsSignedTime => "exceeds_signed_time",
        }
    }
}

/// What analysis found suspicious of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Suspicion {
    /// The version of the analysis.
    pub analysis: u32,
    /// The sum of the weights of its signals. What would count is suspect from 100 on.
    pub score: u32,
    /// The codes of the signals that were found, in alphabetical order.
    pub signals: Vec<String>,
}

/// What a version of the rule says of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Verdict {
    /// The rule's version.
    pub rule: u32,
    /// What the session is worth.
    pub status: Status,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Media time heard, each instant once, in milliseconds, at a rate that counts.
    pub heard_ms: u64,
    /// Media time heard, repeats included, in milliseconds.
    pub played_ms: u64,
    /// What analysis found suspicious, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspicion: Option<Suspicion>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_however_they_are_written() {
        for status in [Status::Valid, Status::Short, Status::Muted, Status::Suspect, Status::Invalid] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for reason in [
            Reason::HeardLongEnough,
            Reason::HeardHalf,
            Reason::HeardTooLittle,
            Reason::NotAudible,
            Reason::RateOutOfRange,
            Reason::ExceedsDeviceTime,
            Reason::ExceedsSignedTime,
        ] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
