//! Seals complete segments, and moves the older ones to the archive, in the background.

use super::segment::Form;
use super::{Journal, JournalError};
use crate::background;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

/// How often to look for what could not be done before.
const AGAIN: Duration = Duration::from_secs(30);

/// The keeper's thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Keeper {
    journal: Arc<Journal>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread. `before` is told the index past the last record of a segment before it is sealed.
    pub fn start(
        journal: Arc<Journal>,
        before: impl Fn(u64) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let kept = Arc::clone(&journal);
        let thread = std::thread::Builder::new().name("keeper".into()).spawn(move || {
            background::yield_to_others();
            while !kept.closing.load(Ordering::Acquire) {
                match kept.keep(&before) {
                    Ok(()) => {}
                    // The commit that completed the segment is still at it.
                    Err(JournalError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => {
                        tracing::warn!(%error, "a segment cannot be sealed or moved at the moment");
                    }
                }
                std::thread::park_timeout(AGAIN);
            }
        })?;
        // A second keeper is woken by the clock alone.
        let _ = journal.keeper.set(thread.thread().clone());
        Ok(Self { journal, thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.journal.closing.store(true, Ordering::Release);
        if let Some(archive) = &self.journal.archive {
            archive.close();
        }
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        if thread.join().is_err() {
            tracing::error!("the keeper's thread failed");
        }
    }
}

impl Journal {
    /// Seals every complete segment that is not, and moves the older ones to the archive if there is one. `before` is
    /// told the index past the last record of each before it is sealed.
    pub fn keep(self: &Arc<Self>, before: &dyn Fn(u64) -> io::Result<()>) -> Result<(), JournalError> {
        for first in self.catalogue.complete(Form::Raw) {
            if self.closing.load(Ordering::Acquire) {
                break;
            }
            if let Some(end) = self.catalogue.end_of(first) {
                before(end)?;
            }
            self.seal(first)?;
        }
        let Some(archive) = &self.archive else { return Ok(()) };
        let sealed = self.catalogue.complete(Form::Sealed);
        for first in &sealed[..sealed.len().saturating_sub(archive.keep)] {
            if self.closing.load(Ordering::Acquire) {
                return Ok(());
            }
            self.move_away(archive, *first)?;
        }
        for first in self.catalogue.complete(Form::Moved) {
            self.tidy(archive, first)?;
        }
        Ok(())
    }
}
