//! Who waits until everything that could be sent was answered.

use crate::events::Status;
use std::time::Instant;
use tokio::sync::oneshot;

/// What came of a sync.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum SyncOutcome {
    /// Everything that was recorded is covered by a verified receipt.
    Complete,
    /// Something waits: there is no network, no token, or was not enough time. Try again later.
    Pending {
        /// How much.
        status: Status,
    },
    /// Nothing more will be sent by this object: it was shut down, or has stopped over something that a person
    /// must look at; the observer was told what.
    Stopped,
}

/// Somebody who waits.
pub struct Waiter {
    deadline: Instant,
    /// The last one: telemetry ends when it has its answer.
    last: bool,
    /// Whether a request was made since it began to wait.
    attempted: bool,
    answer: oneshot::Sender<SyncOutcome>,
}

/// The answer that is given when everything else has ended.
pub struct Farewell(Box<dyn FnOnce() + Send>);

impl Farewell {
    pub fn new<T: Send + 'static>(answer: oneshot::Sender<T>, outcome: T) -> Self {
        // Whoever asked may no longer listen.
        Self(Box::new(move || drop(answer.send(outcome))))
    }

    pub fn say(self) {
        (self.0)();
    }
}

/// Everybody who waits.
#[derive(Default)]
pub struct Waiters {
    waiting: Vec<Waiter>,
    farewell: Option<Farewell>,
}

impl Waiters {
    pub fn add(&mut self, deadline: Instant, last: bool, answer: oneshot::Sender<SyncOutcome>) {
        self.waiting.push(Waiter { deadline, last, attempted: false, answer });
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A request is being made.
    pub fn attempted(&mut self) {
        for waiter in &mut self.waiting {
            waiter.attempted = true;
        }
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiter| waiter.deadline).min()
    }

    /// The core can do no more at the moment, and tries again at `again` if at all. Who has seen no request of
    /// their own is kept until then if there is time.
    pub fn idle(&mut self, outcome: &SyncOutcome, again: Option<Instant>) {
        let waits = matches!(outcome, SyncOutcome::Pending { .. });
        self.answer(outcome, |waiter| {
            !(waits && !waiter.attempted && again.is_some_and(|again| again <= waiter.deadline))
        });
    }

    /// Answers those whose deadline has come.
    pub fn expire(&mut self, outcome: &SyncOutcome, now: Instant) {
        self.answer(outcome, |waiter| waiter.deadline <= now);
    }

    /// What is to be said when everything has ended, once that is due.
    pub fn farewell(&mut self) -> Option<Farewell> {
        self.farewell.take()
    }

    fn answer(&mut self, outcome: &SyncOutcome, whom: impl Fn(&Waiter) -> bool) {
        let (answered, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(whom);
        self.waiting = waiting;
        for Waiter { answer, last, .. } in answered {
            let farewell = Farewell::new(answer, outcome.clone());
            if last && self.farewell.is_none() {
                self.farewell = Some(farewell);
            } else {
                farewell.say();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn pending() -> SyncOutcome {
        SyncOutcome::Pending { status: Status::default() }
    }

    #[test]
    fn a_wait_that_ends_in_time_is_waited_for_until_a_request_was_made() {
        let mut waiters = Waiters::default();
        let now = Instant::now();
        let (soon, late) = (now + Duration::from_secs(1), now + Duration::from_secs(9));
        let (answer, mut patient) = oneshot::channel();
        waiters.add(late, false, answer);
        let (answer, mut hasty) = oneshot::channel();
        waiters.add(soon, false, answer);
        assert_eq!(waiters.next_deadline(), Some(soon));
        waiters.idle(&pending(), Some(now + Duration::from_secs(5)));
        assert_eq!(hasty.try_recv(), Ok(pending()));
        assert!(patient.try_recv().is_err() && !waiters.is_empty());
        waiters.attempted();
        waiters.idle(&pending(), Some(now + Duration::from_secs(6)));
        assert_eq!(patient.try_recv(), Ok(pending()));
        assert!(waiters.is_empty());
    }

    #[test]
    fn the_last_answer_is_kept_until_everything_has_ended() {
        let mut waiters = Waiters::default();
        let now = Instant::now();
        let (answer, mut last) = oneshot::channel();
        waiters.add(now, true, answer);
        assert!(waiters.farewell().is_none());
        waiters.expire(&SyncOutcome::Complete, now);
        assert!(last.try_recv().is_err());
        waiters.farewell().expect("it is due").say();
        assert_eq!(last.try_recv(), Ok(SyncOutcome::Complete));
    }
}
