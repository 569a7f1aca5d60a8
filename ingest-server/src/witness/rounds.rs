//! Has this server's checkpoints cosigned, in rounds: the newest one, by all witnesses at once.

use super::submission::Submission;
use crate::commit::Log;
use crate::outbound;
use delistening_schema::ledger::Policy;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The least time from the begin of one round to the begin of the next.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a witness may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// When a round found too few witnesses, the next one waits this long, whether the log grows or not.
const AGAIN: Duration = Duration::from_secs(5);

/// The newest checkpoint that enough witnesses have cosigned.
#[derive(Clone, Debug)]
pub struct Witnessed {
    newest: watch::Receiver<Option<String>>,
}

impl Witnessed {
    /// Starts rounds with the witnesses of `policy` that have a URL, on the present runtime.
    pub fn start(log: Arc<Log>, policy: Policy, submissions: Vec<Submission>) -> Self {
        let (publish, newest) = watch::channel(None);
        tokio::spawn(rounds(log, policy, submissions, publish));
        Self { newest }
    }

    /// Waits until there is one that is not the one `known`.
    pub async fn next(&mut self, known: Option<&str>) -> Option<String> {
        let newest = self.newest.wait_for(|newest| newest.as_deref() != known).await;
        newest.ok().and_then(|newest| newest.clone())
    }

    /// The checkpoint: a signed note with cosignatures.
    pub fn newest(&self) -> Option<String> {
        self.newest.borrow().clone()
    }
}

async fn rounds(
    log: Arc<Log>,
    policy: Policy,
    mut submissions: Vec<Submission>,
    publish: watch::Sender<Option<String>>,
) {
    let client =
        outbound::client().timeout(TIMEOUT).build().expect("a client with these settings can be built");
    // The size of the last round, if it found enough witnesses.
    let mut done = None;
    loop {
        let pause = tokio::time::sleep(PAUSE);
        let (size, note) = log.published();
        if done != Some(size) {
            let asked = submissions.iter_mut().map(|witness| witness.cosign(&client, &log, &note));
            let lines: String = join_all(asked).await.into_iter().flatten().collect();
            let cosigned = note + &lines;
            done = policy.witnessed(&cosigned).then_some(size);
            if done.is_some() {
                publish.send_replace(Some(cosigned));
            }
        }
        pause.await;
        let grown = log.grows_past(size);
        let again = async {
            if done.is_some() { std::future::pending().await } else { tokio::time::sleep(AGAIN).await }
        };
        tokio::select! {
            grown = grown => if !grown { return },
            () = again => {}
        }
    }
}
