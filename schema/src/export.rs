//! The export: everything that the log commits to, as lines of JSON, so that anybody can check and count again.
//!
//! A range begins with a [`Header`], goes on with a [`Row`] for each entry in order, and ends with a [`Footer`]: the
//! signed checkpoint of the size at which the range ends. Ranges that follow each other may stand one after the other.

use crate::bytes::base64url_array;
use crate::ledger::Sealed;
use crate::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The only version there is.
pub const VERSION: u32 = 1;

/// The first line of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Header {
    /// The version of the export, 1.
    pub export: u32,
    /// The log.
    pub origin: String,
    /// The index of the first entry.
    pub from: u64,
    /// The index after the last entry.
    pub to: u64,
}

/// One entry, and what it commits to unless that was erased.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct Row {
    /// Its place in the log.
    pub index: u64,
    /// Its canonical bytes.
    #[cfg_attr(
        feature = "generate",
        schemars(with = "crate::ledger::Entry"),
        ts(as = "crate::ledger::Entry")
    )]
    pub entry: Box<RawValue>,
    /// What a batch entry commits to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<ExportedBatch>,
    /// What a verdict or statement entry commits to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<Sealed>>,
}

/// A batch as it was journaled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct ExportedBatch {
    /// The signed batch, byte for byte.
    pub jws: String,
    /// The intake context: JSON.
    pub context: String,
    /// 16 random bytes, base64url, which the commitment to the context begins with.
    #[serde(with = "base64url_array")]
    #[cfg_attr(feature = "generate", schemars(with = "String"), ts(type = "string"))]
    pub salt: [u8; 16],
}

/// The last line of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Footer {
    /// The log's signed checkpoint of the size at which the range ends.
    pub checkpoint: String,
}

/// A line of an export.
#[derive(Clone, Debug)]
pub enum Line {
    /// A range begins.
    Header(Header),
    /// An entry.
    Row(Row),
    /// A range ends.
    Footer(Footer),
}

impl Line {
    /// Reads a line.
    pub fn parse(line: &str) -> Result<Self, serde_json::Error> {
        // Which it is stands first in each, so that no line is read twice.
        if line.starts_with(r#"{"index":"#) {
            serde_json::from_str(line).map(Self::Row)
        } else if line.starts_with(r#"{"checkpoint":"#) {
            serde_json::from_str(line).map(Self::Footer)
        } else {
            serde_json::from_str(line).map(Self::Header)
        }
    }
}
