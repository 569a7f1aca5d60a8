//! Where sealed segments go that are seldom read: a folder, or a bucket of an S3-compatible store. They are fetched
//! again when somebody reads them.
//!
//! An object is named by its segment and by its own hash, and is never changed. A ticket stays in the journal's folder
//! in the place of the segment. A segment that is rewritten becomes another object, and the one before is deleted.

mod cache;
mod place;
mod ticket;

pub use place::{ArchivePlace, BadPlace, BucketSettings};
pub use ticket::Ticket;

use super::JournalError;
use crate::disk::DiskFile;
use cache::Cache;
use futures_util::TryStreamExt as _;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt as _, buffered::BufWriter};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// What is read and sent at once.
const CHUNK: usize = 1024 * 1024;
/// Larger objects are sent in parts of this size.
const PART: usize = 8 * 1024 * 1024;
/// How long an object may take at most: one that stands still must not keep others from theirs.
const PATIENCE: Duration = Duration::from_mins(10);

/// How an archive is used.
#[derive(Clone, Debug)]
pub struct ArchiveOptions {
    /// Where it is.
    pub place: ArchivePlace,
    /// How many of the newest sealed segments stay here.
    pub keep: usize,
    /// How many bytes of fetched segments are kept.
    pub cache_bytes: u64,
}

/// An archive.
#[derive(Debug)]
pub struct Archive {
    store: Arc<dyn ObjectStore>,
    prefix: ObjectPath,
    /// How many of the newest sealed segments stay here.
    pub keep: usize,
    /// Held while something is fetched: whoever wants the same finds it then.
    cache: Mutex<Cache>,
    /// Becomes true when nothing is to be waited for any more.
    closing: watch::Sender<bool>,
    runtime: Option<Runtime>,
}

impl Archive {
    /// Gets ready; nothing is asked of the store yet. Fetched segments are kept in the folder `cache`.
    pub fn open(options: &ArchiveOptions, cache: &Path) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("archive")
            .enable_all()
            .build()?;
        let (store, prefix) = options.place.open().map_err(io::Error::other)?;
        Ok(Self {
            store,
            prefix,
            keep: options.keep,
            cache: Mutex::new(Cache::open(cache, options.cache_bytes)?),
            closing: watch::channel(false).0,
            runtime: Some(runtime),
        })
    }

    /// Puts a sealed segment into the archive, and gives its ticket.
    pub(super) fn put(&self, file: DiskFile, first: u64, end: u64) -> Result<Ticket, JournalError> {
        let ticket = Ticket::of(&file, first, end)?;
        let path = self.path(&ticket);
        let (store, bytes) = (Arc::clone(&self.store), ticket.bytes);
        self.wait(&ticket.object, async move {
            let mut writer = BufWriter::with_capacity(Arc::clone(&store), path.clone(), PART);
            let (mut offset, mut chunk) = (0, vec![0; CHUNK]);
            while offset < bytes {
                let read = file.read_at(&mut chunk, offset)?;
                writer.write_all(&chunk[..read]).await?;
                offset += read as u64;
            }
            writer.shutdown().await?;
            let there = store.head(&path).await.map_err(io_error)?.size;
            if there == bytes {
                Ok(())
            } else {
                Err(io::Error::other("it has another length than what was put"))
            }
        })?;
        Ok(ticket)
    }

    /// Opens the object of `ticket`, which is fetched if it is not here.
    pub(super) fn fetch(&self, ticket: &Ticket) -> Result<DiskFile, JournalError> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let name = ticket.file_name();
        if let Some(file) = cache.open_file(&name) {
            return Ok(file);
        }
        let (store, path, temporary) = (Arc::clone(&self.store), self.path(ticket), cache.temporary(&name));
        let expected = ticket.clone();
        let target = temporary.clone();
        self.wait(&ticket.object, async move {
            let mut pieces = store.get(&path).await.map_err(io_error)?.into_stream();
            let file = DiskFile::create(&target)?;
            let mut offset = 0;
            while let Some(piece) = pieces.try_next().await.map_err(io_error)? {
                file.write_all_at(&piece, offset)?;
                offset += piece.len() as u64;
            }
            if expected.is_for(&file)? {
                Ok(())
            } else {
                Err(io::Error::other("it is not what was put there"))
            }
        })?;
        Ok(cache.take(&name, &temporary, ticket.bytes)?)
    }

    /// Deletes what there is of a segment beside the object of `ticket`, here and in the archive.
    pub(super) fn tidy(&self, first: u64, ticket: &Ticket) -> Result<(), JournalError> {
        let keep = ticket.file_name();
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.remove(|name| ticket::is_of(name, first) && name != keep)?;
        let (store, prefix, present) =
            (Arc::clone(&self.store), self.prefix.clone().join(ticket::folder(first)), self.path(ticket));
        self.wait(&ticket.object, async move {
            let objects: Vec<_> = store.list(Some(&prefix)).try_collect().await.map_err(io_error)?;
            for object in objects.into_iter().filter(|object| object.location != present) {
                store.delete(&object.location).await.map_err(io_error)?;
            }
            Ok(())
        })
    }

    /// Nothing is waited for any more.
    pub(super) fn close(&self) {
        self.closing.send_replace(true);
    }

    fn path(&self, ticket: &Ticket) -> ObjectPath {
        ticket.object.split('/').fold(self.prefix.clone(), ObjectPath::join)
    }

    /// Waits for `work`, on a thread that may itself belong to a runtime.
    fn wait(
        &self,
        object: &str,
        work: impl Future<Output = io::Result<()>> + Send + 'static,
    ) -> Result<(), JournalError> {
        let mut closing = self.closing.subscribe();
        let (done, result) = mpsc::sync_channel(1);
        let task = async move {
            let outcome = tokio::select! {
                outcome = tokio::time::timeout(PATIENCE, work) => {
                    outcome.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                }
                _ = closing.wait_for(|closing| *closing) => Err(io::Error::other("the log is being closed")),
            };
            // Whoever asked waits for it.
            let _ = done.send(outcome);
        };
        if let Some(runtime) = &self.runtime {
            runtime.spawn(task);
        }
        let outcome = result.recv().unwrap_or_else(|_| Err(io::Error::other("the archive's thread failed")));
        outcome.map_err(|error| JournalError::Archive { object: object.to_owned(), error })
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        // An ordinary drop would wait, which must not be done where a runtime's own threads run.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn io_error(error: object_store::Error) -> io::Error {
    let kind = match error {
        object_store::Error::NotFound { .. } => io::ErrorKind::NotFound,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

/// Where fetched segments are, in the journal's folder.
pub(super) fn cache_folder(journal: &Path) -> PathBuf {
    journal.join("fetched")
}
