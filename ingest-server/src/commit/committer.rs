//! The queue in front of the writer, and the writer's thread.

use super::group::Committing;
use super::{CommitError, Outcome, Submission};
use crate::journal::Record;
use delistening_schema::api::Known;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// How many requests share one commit at most.
const GROUP: usize = 512;

/// What a request asks of the writer.
pub(super) struct Request {
    pub submissions: Vec<Submission>,
    /// The server's own records: verdicts, statements, erasures.
    pub own: Vec<Record>,
    /// Whether the journal's present segment is to be complete after this.
    pub roll: bool,
    /// The newest checkpoint that the device knows.
    pub known: Option<Known>,
    pub reply: oneshot::Sender<Result<Vec<Outcome>, CommitError>>,
}

/// Takes batches to the writer; clones share it.
#[derive(Clone, Debug)]
pub struct Committer {
    requests: mpsc::Sender<Request>,
    stopped: Arc<AtomicBool>,
    thread: Arc<std::sync::Mutex<Option<JoinHandle<()>>>>,
}

impl Committer {
    pub(super) fn start(mut committing: Committing, queue: usize) -> io::Result<Self> {
        let (requests, mut waiting) = mpsc::channel::<Request>(queue);
        let stopped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stopped);
        let thread = std::thread::Builder::new().name("committer".into()).spawn(move || {
            let mut group = Vec::with_capacity(GROUP);
            while let Some(first) = waiting.blocking_recv() {
                group.push(first);
                while group.len() < GROUP {
                    let Ok(next) = waiting.try_recv() else { break };
                    group.push(next);
                }
                if flag.load(Ordering::Acquire) {
                    refuse(&mut group, CommitError::Stopped);
                    continue;
                }
                if let Err(error) = committing.commit(&mut group) {
                    if error == CommitError::Stopped {
                        flag.store(true, Ordering::Release);
                        tracing::error!("intake is closed: what is on disk is in doubt until a restart");
                    }
                    refuse(&mut group, error);
                }
            }
            committing.close();
        })?;
        Ok(Self { requests, stopped, thread: Arc::new(std::sync::Mutex::new(Some(thread))) })
    }

    /// Makes `submissions` durable and gives what became of each, in order. `known` is the newest checkpoint
    /// that the device has verified.
    pub async fn commit(
        &self,
        submissions: Vec<Submission>,
        known: Option<Known>,
    ) -> Result<Vec<Outcome>, CommitError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request { submissions, own: Vec::new(), roll: false, known, reply })?;
        answer.await.unwrap_or(Err(CommitError::Stopped))
    }

    /// Makes the server's own records durable and enters them in the log. Blocks; not for async code.
    pub fn append(&self, own: Vec<Record>) -> Result<(), CommitError> {
        self.ask_and_wait(own, false)
    }

    /// Has the journal begin a new segment, so that every record until now is in a complete one. Blocks; not for
    /// async code.
    pub fn roll(&self) -> Result<(), CommitError> {
        self.ask_and_wait(Vec::new(), true)
    }

    fn ask_and_wait(&self, own: Vec<Record>, roll: bool) -> Result<(), CommitError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request { submissions: Vec::new(), own, roll, known: None, reply })?;
        answer.blocking_recv().unwrap_or(Err(CommitError::Stopped)).map(|_| ())
    }

    fn ask(&self, request: Request) -> Result<(), CommitError> {
        self.requests.try_send(request).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CommitError::Busy,
            mpsc::error::TrySendError::Closed(_) => CommitError::Stopped,
        })
    }

    /// Whether another request would have to be refused.
    pub fn is_full(&self) -> bool {
        self.requests.capacity() == 0
    }

    /// Whether intake is closed until a restart.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire) || self.requests.is_closed()
    }

    /// Waits until everything that was taken is answered. No other clone may be in use any more.
    pub fn finish(self) {
        let Self { requests, thread, .. } = self;
        drop(requests);
        let thread = thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer's thread failed");
        }
    }
}

fn refuse(group: &mut Vec<Request>, error: CommitError) {
    for request in group.drain(..) {
        // Whoever has gone away needs no answer.
        let _ = request.reply.send(Err(error));
    }
}
