//! The journal: append-only files of checksummed records, the source of truth.
//!
//! Everything else (ledger, registry, store) is derived from it. A record is never rewritten. Whether a
//! record counts is not the journal's to say: the signed checkpoint decides what must be there.

mod reader;
mod record;
mod segment;
mod writer;

pub use reader::Reader;
pub use record::{BatchRecord, ErasedRecord, Record, StatementRecord, VerdictsRecord};
pub use segment::Damage;
pub use writer::{AppendError, Writer};

use std::io;

/// Why the journal could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("the journal cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// Bytes that should be a record are not.
    #[error(transparent)]
    Damage(#[from] Damage),
}
