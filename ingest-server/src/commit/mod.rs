//! The commit: from checked batches to receipts. One thread writes; batches that arrive together share it.
//!
//! The order of a commit is what the promises rest on: append and sync the records, read back what is about
//! to be signed, sign the checkpoint, make it durable, publish it, answer. An outcome in doubt stops
//! intake for good; what is on disk decides at the next start.

mod committer;
mod group;
mod hold;
mod log;
mod recent;
mod recovery;
mod succession;

pub use committer::Committer;
pub use hold::Hold;
pub use log::{Log, OpenError, Options};
pub use recent::{Recent, Recents};
pub use succession::SuccessionError;

use delistening_schema::Hash;
pub use delistening_schema::IntakeContext;
use delistening_schema::batch::Reported;

/// A batch that was opened and checked, on its way into the journal.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What it says.
    pub reported: Reported,
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// Its exact bytes.
    pub jws: String,
    /// When it was received, milliseconds since 1970.
    pub received: u64,
    /// What else was known when it came in.
    pub context: IntakeContext,
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is durable and in a signed checkpoint.
    Accepted {
        /// The proof.
        receipt: String,
        /// From the checkpoint known before to this one.
        consistency: Vec<Hash>,
        /// Earlier sequence numbers of the device are missing, or its chain is broken.
        gap: bool,
    },
    /// It was accepted before.
    Duplicate {
        /// The original proof.
        receipt: String,
        /// From the checkpoint known before to this one, or the other way round.
        consistency: Vec<Hash>,
    },
    /// Another batch holds its sequence number.
    Fork,
}

/// Why nothing of a request was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Something failed whose outcome is in doubt: intake is closed until a restart.
    #[error("intake is closed until the server is restarted")]
    Stopped,
    /// Too much is waiting already.
    #[error("too many requests are waiting to be written")]
    Busy,
    /// The disk takes nothing at the moment.
    #[error("nothing can be written at the moment")]
    StorageFull,
}
