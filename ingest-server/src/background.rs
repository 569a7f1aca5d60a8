//! Work that nobody waits for, on threads that yield to those on the way to an ack.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use tokio::sync::oneshot;

/// How much the present thread yields: it still has about a tenth of a processor that others want all the time.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Makes the present thread yield to others, where the system can do that for one thread.
pub fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "background work cannot be made to yield");
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// A thread for one piece of work after another; it ends when this is dropped.
#[derive(Debug)]
pub struct Background(mpsc::Sender<Job>);

/// Why work has no result: it panicked, with this.
pub type Panic = Box<dyn Any + Send>;

impl Background {
    /// Starts the thread.
    pub fn start(name: &str) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        std::thread::Builder::new().name(name.into()).spawn(move || {
            yield_to_others();
            for job in waiting {
                job();
            }
        })?;
        Ok(Self(jobs))
    }

    /// Has the thread do `work`, which may block, whenever it comes to it.
    ///
    /// # Panics
    /// Never: the thread outlives this, whatever the work does.
    pub fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        let job = move || {
            // What panicked has said so.
            let _ = catch_unwind(AssertUnwindSafe(work));
        };
        self.0.send(Box::new(job)).expect("the thread waits for work");
    }

    /// Has the thread do `work`, which may block, and waits for its result.
    ///
    /// # Panics
    /// Never: the thread outlives this, whatever the work does.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panic> {
        let (reply, result) = oneshot::channel();
        let job = move || {
            // Whoever waited may be gone.
            let _ = reply.send(catch_unwind(AssertUnwindSafe(work)));
        };
        self.0.send(Box::new(job)).expect("the thread waits for work");
        result.await.expect("the thread answers")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_in_order_and_goes_on_after_a_panic() {
        let background = Background::start("test").unwrap();
        assert_eq!(
            background.run(|| std::thread::current().name().map(str::to_owned)).await.unwrap().unwrap(),
            "test"
        );
        assert!(background.run(|| panic!("on purpose")).await.is_err());
        assert_eq!(background.run(|| 2).await.unwrap(), 2);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn its_thread_yields_and_no_other() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        let background = Background::start("test").unwrap();
        assert_eq!(background.run(niceness).await.unwrap(), (before + NICENESS).min(19));
        assert_eq!(niceness(), before);
    }
}
