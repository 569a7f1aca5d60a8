//! The journal: append-only files of checksummed records, the source of truth.
//!
//! Everything else (ledger, registry, store) is derived from it. Whether a record counts is not the journal's to
//! say: the signed checkpoint decides what must be there.
//!
//! The records lie in segments, in one of three forms: *raw* while they are written (`segment/raw`), *sealed* once
//! the next one has begun (`segment/sealed`, compressed), and *moved* where there is an archive (`archive`). The
//! `catalogue` knows them, the `writer` appends to the last one, a `reader` goes through them from any record on, and
//! the `keeper` seals and moves in the background. No record is ever rewritten in place: a segment is replaced whole,
//! or not at all ([`Journal::rewrite`]).

mod catalogue;
mod keeper;
mod reader;
mod record;
mod rewrite;
mod segment;
mod writer;

pub use keeper::Keeper;
pub use reader::Reader;
pub use record::{BatchRecord, ErasedRecord, Frame, Record, StatementRecord, VerdictsRecord};
pub use segment::Damage;
pub use writer::Writer;

use catalogue::Catalogue;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::Thread;

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

/// What the writer, the readers and the keeper of a journal share.
#[derive(Debug)]
pub struct Journal {
    catalogue: Catalogue,
    /// Held while a segment is replaced, so that only one is at a time.
    replacing: Mutex<()>,
    /// The keeper's thread, to be woken when there is something to do.
    keeper: OnceLock<Thread>,
    closing: AtomicBool,
}

impl Journal {
    /// Opens the journal in `folder`, and cuts what lies past the last whole record. The first `signed` records must
    /// be there; those of the last segment are checked one by one.
    pub fn open(folder: &Path, segment_bytes: u64, signed: u64) -> Result<(Arc<Self>, Writer), JournalError> {
        std::fs::create_dir_all(folder)?;
        let journal = Arc::new(Self {
            catalogue: Catalogue::open(folder)?,
            replacing: Mutex::new(()),
            keeper: OnceLock::new(),
            closing: AtomicBool::new(false),
        });
        let writer = Writer::open(Arc::clone(&journal), segment_bytes, signed)?;
        Ok((journal, writer))
    }

    /// A reader whose first record is the one with index `next`.
    pub fn reader(self: &Arc<Self>, next: u64) -> Reader {
        Reader::new(Arc::clone(self), next)
    }
}
