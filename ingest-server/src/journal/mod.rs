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

mod archive;
mod catalogue;
mod keeper;
mod reader;
mod record;
mod rewrite;
mod segment;
mod writer;

pub use archive::{ArchiveOptions, ArchivePlace, BadPlace, BucketSettings};
pub use keeper::Keeper;
pub use reader::Reader;
pub use record::{BatchRecord, ErasedRecord, Frame, Record, StatementRecord, VerdictsRecord};
pub use segment::{Damage, Form};
pub use writer::Writer;

use crate::disk::DiskFile;
use archive::Archive;
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
    /// The archive does not do what it is asked.
    #[error("the archive fails at {object}: {error}")]
    Archive {
        /// Which object it is about.
        object: String,
        /// Why.
        error: io::Error,
    },
    /// A segment was moved, and nobody says where to.
    #[error("the records from {0} on were moved to an archive: name it with --archive")]
    NoArchive(u64),
}

/// How a journal is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// A new segment begins when the present one has this many bytes.
    pub segment_bytes: u64,
    /// Where the older segments go.
    pub archive: Option<ArchiveOptions>,
}

/// What the writer, the readers and the keeper of a journal share.
#[derive(Debug)]
pub struct Journal {
    catalogue: Catalogue,
    archive: Option<Archive>,
    /// Held while a segment is replaced, so that only one is at a time.
    replacing: Mutex<()>,
    /// The keeper's thread, to be woken when there is something to do.
    keeper: OnceLock<Thread>,
    closing: AtomicBool,
}

impl Journal {
    /// Opens the journal in `folder`, and cuts what lies past the last whole record. The first `signed` records must
    /// be there; those of the last segment are checked one by one.
    pub fn open(folder: &Path, options: &Options, signed: u64) -> Result<(Arc<Self>, Writer), JournalError> {
        std::fs::create_dir_all(folder)?;
        let cache = archive::cache_folder(folder);
        let archive = options.archive.as_ref().map(|options| Archive::open(options, &cache)).transpose()?;
        let catalogue = Catalogue::open(folder)?;
        if let (Some(first), None) = (catalogue.complete(Form::Moved).first(), &archive) {
            return Err(JournalError::NoArchive(*first));
        }
        let journal = Arc::new(Self {
            catalogue,
            archive,
            replacing: Mutex::new(()),
            keeper: OnceLock::new(),
            closing: AtomicBool::new(false),
        });
        let writer = Writer::open(Arc::clone(&journal), options.segment_bytes, signed)?;
        Ok((journal, writer))
    }

    /// The journal in `folder` as it is, for reading alone: nothing is cut, tidied up or written, but for what is fetched
    /// from the archive. Another process may be writing it.
    pub fn look(folder: &Path, archive: Option<&ArchiveOptions>) -> Result<Arc<Self>, JournalError> {
        let archive =
            archive.map(|options| Archive::open(options, &archive::cache_folder(folder))).transpose()?;
        Ok(Arc::new(Self {
            catalogue: Catalogue::look(folder)?,
            archive,
            replacing: Mutex::new(()),
            keeper: OnceLock::new(),
            closing: AtomicBool::new(false),
        }))
    }

    /// How many segments are as they were written, compressed, and in the archive.
    pub fn segments(&self) -> [usize; 3] {
        Form::ALL.map(|form| self.catalogue.count(form))
    }

    fn archive(&self, first: u64) -> Result<&Archive, JournalError> {
        self.archive.as_ref().ok_or(JournalError::NoArchive(first))
    }

    /// Opens the segment that begins with record `first` and was moved.
    fn fetch(&self, first: u64) -> Result<DiskFile, JournalError> {
        self.archive(first)?.fetch(&self.catalogue.ticket(first)?)
    }

    /// A reader whose first record is the one with index `next`.
    pub fn reader(self: &Arc<Self>, next: u64) -> Reader {
        Reader::new(Arc::clone(self), next)
    }
}
