//! What is asked of the log itself, where an answer left a doubt, and from time to time in any case.

use crate::backoff::Backoff;
use crate::prelude::*;
use delistening_schema::api::Acknowledgement;
use delistening_schema::ledger::LogKey;
use delistening_schema::ledger::tiles::{Tile, Tiles};

/// A log that does not answer is asked again once an hour at the latest.
const CAP_MS: u64 = 3_600_000;

pub struct Audit {
    /// The request under way.
    pub in_flight: Option<Asked>,
    /// What the answers so far are for.
    pub comparison: Option<Comparison>,
    /// Batches whose receipts hold, but were not shown to be of the log's one history.
    pub doubts: Vec<Doubt>,
    /// A log that shows another key than the one that is believed.
    pub handover: Option<Handover>,
    /// The log has shown its own checkpoint; the one that witnesses have cosigned is next.
    pub witnessed_next: bool,
    pub backoff: Backoff,
    /// Whether the app was told that the log proves nothing at the moment.
    pub complained: bool,
    /// Whether the app was told that too few witnesses have seen the log.
    pub unwitnessed: bool,
}

/// A request under way.
pub struct Asked {
    pub ticket: u64,
    pub what: Resource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    Checkpoint,
    /// The checkpoint that enough witnesses have cosigned.
    Witnessed,
    /// Every key that the log has had, and what leads from each to the next.
    Keys,
    /// A tile, and the one that it is asked for in.
    Tile(Tile, Tile),
}

/// The newest checkpoint that is believed against one that was shown.
pub struct Comparison {
    pub origin: String,
    pub known: String,
    pub shown: String,
    /// The batch in doubt; `None` if nothing but the log itself is.
    pub seq: Option<u64>,
    pub missing: Vec<Tile>,
    pub tiles: Tiles,
}

/// A key that may be the log's next one.
pub struct Handover {
    /// The log.
    pub origin: String,
    /// The key that it should be; `None` if only the believed one was found not to sign any more.
    pub key: Option<LogKey>,
    /// What to say if it is not.
    pub detail: String,
}

/// An answer that waits for its proof.
pub struct Doubt {
    /// The batch.
    pub seq: u64,
    pub status: &'static str,
    /// The key the server says its log has.
    pub vkey: String,
    pub origin: String,
    /// The checkpoint of the receipt.
    pub shown: String,
    pub answer: Acknowledgement,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            in_flight: None,
            comparison: None,
            doubts: Vec::new(),
            handover: None,
            witnessed_next: false,
            backoff: Backoff::new(CAP_MS),
            complained: false,
            unwitnessed: false,
        }
    }
}

impl Audit {
    /// Whether a batch waits for its proof.
    pub fn doubts(&self, seq: u64) -> bool {
        self.doubts.iter().any(|doubt| doubt.seq == seq)
    }
}

impl Resource {
    /// The path below the endpoint.
    pub fn path(self) -> String {
        match self {
            Self::Checkpoint => "log/checkpoint".to_owned(),
            Self::Witnessed => "log/witnessed".to_owned(),
            Self::Keys => "log/keys".to_owned(),
            Self::Tile(_, asked) => format!("log/{asked}"),
        }
    }
}
