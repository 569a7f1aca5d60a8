//! From the journal to the store, and from there what is said of plays back into the log: asynchronous,
//! resumable, and always with the same result.
//!
//! A thread of its own, which yields to those on the way to an ack, follows the signed log from where the store and the
//! notary are. It can be stopped at any point and started again; what was taken in twice is counted once.

mod erasing;
mod follower;
mod fragments;

pub use erasing::Erased;
pub use follower::FollowError;

use crate::background::Background;
use crate::commit::Log;
use crate::journal::JournalError;
use crate::judging::{Bench, CasebookError};
use crate::live::Live;
use crate::notary::{Notary, Trail};
use crate::store::{Store, StoreError};
use delistening_schema::analysis::Analysis;
use follower::Follower;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long what came meanwhile is gathered at least, so that it shares transactions: longer would cost less, but a larger lot
/// is in the way of acks for longer while the disk takes it.
const GATHER: Duration = Duration::from_millis(10);
/// How long to wait after something did not take what it was given.
const AGAIN: Duration = Duration::from_secs(2);

/// Follows the log into a store.
#[derive(Debug)]
pub struct Projection {
    projected: watch::Receiver<u64>,
    follower: Arc<Mutex<Follower>>,
}

/// Why following does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Sessions cannot be judged.
    #[error(transparent)]
    Judging(#[from] CasebookError),
    /// The trail refused.
    #[error("the trail cannot be used: {0}")]
    Trail(#[from] rusqlite::Error),
    /// The system gives no thread.
    #[error("the log cannot be followed: {0}")]
    Thread(#[from] io::Error),
}

/// How the log is followed.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a session waits for its verdict to be entered.
    pub verdicts_after: Duration,
    /// What looks like fraud.
    pub analysis: Arc<Analysis>,
}

impl Default for Options {
    fn default() -> Self {
        Self { verdicts_after: Duration::from_mins(1), analysis: Arc::new(Analysis::v1()) }
    }
}

impl Projection {
    /// Starts following, on the present runtime, until the log is closed. `folder` holds the trail and the bench's file.
    pub fn start(
        log: Arc<Log>,
        store: Arc<dyn Store>,
        live: Arc<Live>,
        folder: &Path,
        options: Options,
    ) -> Result<Self, StartError> {
        let (follows, projected) = watch::channel(store.cursor()?);
        let trail = Trail::open(&folder.join("trail.sqlite"), log.size())?;
        let bench = Bench::open(&folder.join("judge.sqlite"), log.size(), options.analysis)?;
        let notary = Notary::new(trail, log.committer().clone(), options.verdicts_after);
        let begins = (!live.has_begun()).then(|| (Arc::clone(&store), Arc::clone(&live)));
        let follower =
            Follower { log: Arc::clone(&log), bench, store, live, notary, projected: follows, agreed: false };
        let follower = Arc::new(Mutex::new(follower));
        if let Some((store, live)) = begins {
            tokio::spawn(begin_live(store, live, Arc::downgrade(&follower)));
        }
        let background = Background::start("projection")?;
        tokio::spawn(follow(log, Arc::clone(&follower), background));
        Ok(Self { projected, follower })
    }

    /// Erases everything of a listener that the log holds until now: entered first, then taken out of the journal and of
    /// all that is derived from it. When this is dropped, it goes on all the same.
    pub async fn erase(&self, listener: String) -> Result<Erased, FollowError> {
        let follower = Arc::clone(&self.follower);
        let erasing = tokio::task::spawn_blocking(move || {
            follower.lock().unwrap_or_else(PoisonError::into_inner).erase(&listener)
        });
        erasing.await.unwrap_or_else(|error| Err(JournalError::Io(io::Error::other(error)).into()))
    }

    /// How many entries of the log the store has taken in.
    pub fn projected(&self) -> u64 {
        *self.projected.borrow()
    }

    /// Waits until the store has taken in the first `size` entries of the log.
    pub async fn reaches(&self, size: u64) {
        // The sender lives as long as this does.
        let _ = self.projected.clone().wait_for(|projected| *projected >= size).await;
    }
}

/// Begins live counts as soon as the store answers, if it did not at the start.
async fn begin_live(store: Arc<dyn Store>, live: Arc<Live>, follower: Weak<Mutex<Follower>>) {
    while !live.has_begun() && follower.strong_count() > 0 {
        tokio::time::sleep(AGAIN).await;
        let (store, live, follower) = (Arc::clone(&store), Arc::clone(&live), Weak::clone(&follower));
        let begun = tokio::task::spawn_blocking(move || {
            // Nobody waits for a store that is away: it is asked for less first.
            store.version()?;
            let Some(follower) = follower.upgrade() else { return Ok(()) };
            // Nothing is taken in meanwhile.
            let _still = follower.lock().unwrap_or_else(PoisonError::into_inner);
            live.begin(&*store)
        });
        if let Ok(Err(error)) = begun.await {
            tracing::debug!(%error, "live counts cannot begin yet");
        }
    }
}

async fn follow(log: Arc<Log>, follower: Arc<Mutex<Follower>>, background: Background) {
    let (mut cursor, mut due) = (0, Some(Instant::now()));
    let mut begun = Instant::now();
    loop {
        tokio::time::sleep_until((begun + GATHER).into()).await;
        let waited = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            grown = log.grows_past(cursor) => if !grown { return },
            () = waited => {}
        }
        begun = Instant::now();
        let work = {
            let follower = Arc::clone(&follower);
            // Reading, judging, storing and entering all block.
            background.run(move || {
                let mut follower = follower.lock().unwrap_or_else(PoisonError::into_inner);
                follower.catch_up().map(|cursor| (cursor, follower.due()))
            })
        };
        match work.await {
            Ok(Ok(now)) => (cursor, due) = now,
            Ok(Err(error)) => {
                tracing::error!(%error, "the projection stands still and will try again");
                due = Some(Instant::now() + AGAIN);
            }
            Err(_) => {
                tracing::error!("the projection failed and will try again");
                due = Some(Instant::now() + AGAIN);
            }
        }
    }
}
