//! The bodies of `POST /v1/batches`, and what else devices ask for.

use crate::json::{FromJson, Json};
use crate::object;
use crate::prelude::*;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};

/// What a device posts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS), ts(optional_fields))]
pub struct IngestRequest {
    /// The access token, unless it is in the `Authorization` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The newest checkpoint that the device has verified; asks for consistency proofs from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
    /// Signed batches, in the order of their sequence numbers.
    pub batches: Vec<String>,
}

object!(write IngestRequest { [token], [known], batches });

/// A checkpoint by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Known {
    /// The log's origin.
    pub origin: String,
    /// The tree's size.
    pub size: u64,
}

object!(write Known { origin, size });

/// What the server answers with status 200.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct IngestResponse {
    /// The log's verifier key (C2SP signed-note vkey).
    pub log: String,
    /// One answer per batch, in order.
    pub answers: Vec<Answer>,
}

object!(read IngestResponse { log, answers });

/// What became of one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub enum Answer {
    /// It is durable and in a signed checkpoint.
    Accepted(Acknowledgement),
    /// It was accepted before; the receipt is the original one.
    Duplicate(Acknowledgement),
    /// It was not kept.
    Refused {
        /// Why, and what to do.
        problem: Problem,
    },
}

impl FromJson for Answer {
    fn from_json(json: Json<'_>) -> Option<Self> {
        match json.get("status")?.string()?.as_str() {
            "accepted" => FromJson::from_json(json).map(Self::Accepted),
            "duplicate" => FromJson::from_json(json).map(Self::Duplicate),
            "refused" => json.required("problem").map(|problem| Self::Refused { problem }),
            _ => None,
        }
    }
}

/// The proof that a batch was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Acknowledgement {
    /// A C2SP tlog-proof whose extra data is the ledger entry.
    pub receipt: String,
    /// Standard base64 hashes that lead from the newest checkpoint the device had (`known`, or that of an
    /// earlier answer in this response, whichever is larger) to this receipt's, or the other way round for
    /// an older receipt. Empty when the two are the same size or the device knew none.
    #[serde(default)]
    pub consistency: Vec<String>,
    /// What was wrong with single events or the chain; the batch was kept all the same.
    #[serde(default)]
    pub problems: Vec<Problem>,
}

object!(read Acknowledgement { receipt, [consistency], [problems] });

/// What `GET /log/keys` answers: the keys that the log has had, and what leads from each to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct LogKeys {
    /// Verifier keys, the present one last.
    pub keys: Vec<String>,
    /// For each key but the first, the C2SP tlog-proof of its announcement: see
    /// [`successor`](crate::ledger::successor).
    pub handovers: Vec<String>,
}

object!(read LogKeys { keys, handovers });
