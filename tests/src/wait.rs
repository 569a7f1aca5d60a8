//! Waiting for what a server does in its own time.

use std::time::{Duration, Instant};

/// How long anything may take on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_mins(4);

/// Asks again until there is an answer.
///
/// # Panics
/// When `what` is asked for has not come after [`PATIENCE`].
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begin.elapsed() < PATIENCE, "{what} never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
