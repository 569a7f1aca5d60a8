//! Threads that decode, verify and open requests, so that the async threads stay free to take and to refuse more.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// How many requests may wait for a worker.
const QUEUE: usize = 1024;

type Job = Box<dyn FnOnce() + Send>;

/// A few threads with a bounded queue in front of them.
#[derive(Debug)]
pub struct Workers {
    jobs: SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
}

/// Too many requests wait already, or the work has failed.
#[derive(Debug)]
pub struct Busy;

impl Workers {
    /// As many workers as the machine runs threads at the same time.
    pub fn start() -> io::Result<Self> {
        let (jobs, queue) = mpsc::sync_channel::<Job>(QUEUE);
        let (queue, waiting) = (Arc::new(Mutex::new(queue)), Arc::new(AtomicUsize::new(0)));
        for number in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let (queue, waiting) = (Arc::clone(&queue), Arc::clone(&waiting));
            std::thread::Builder::new().name(format!("verifier-{number}")).spawn(move || {
                loop {
                    // The lock is held while there is nothing to do, which keeps the others waiting just as well.
                    let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(job) = job else { return };
                    waiting.fetch_sub(1, Ordering::Relaxed);
                    job();
                }
            })?;
        }
        Ok(Self { jobs, waiting })
    }

    /// Whether another request would have to be refused.
    pub fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= QUEUE
    }

    /// Runs `work` on one of the threads.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move || {
            // Whoever has gone away needs no answer.
            let _ = reply.send(work());
        });
        // Counted first: the worker may take it before this goes on.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if self.jobs.try_send(job).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Busy);
        }
        answer.await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_finds_the_queue_full_is_refused_and_who_waits_is_served() {
        let workers = Arc::new(Workers::start().unwrap());
        // Closed until `closed` is dropped.
        let (closed, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let begin = || {
            let (workers, gate) = (Arc::clone(&workers), Arc::clone(&gate));
            tokio::spawn(async move { workers.run(move || gate.lock().unwrap().recv().is_err()).await })
        };
        let mut waiting = Vec::new();
        // Each worker takes one and stands before the gate with it; then the queue fills.
        while !workers.is_full() {
            waiting.push(begin());
            tokio::task::yield_now().await;
        }
        assert!(waiting.len() >= QUEUE);
        let refused = loop {
            let one = begin();
            tokio::task::yield_now().await;
            if one.is_finished() {
                break one;
            }
            waiting.push(one);
        };
        assert!(matches!(refused.await.unwrap(), Err(Busy)));
        drop(closed);
        for served in waiting {
            assert!(served.await.unwrap().unwrap(), "the gate was opened");
        }
        assert!(!workers.is_full());
    }
}
