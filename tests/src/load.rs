//! A load of POST requests over keep-alive connections, closed loop (as fast as answers come) or paced.

use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What one connection sends, in order.
pub type Bodies = Vec<String>;

/// What came of a load.
pub struct Outcome {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// From each request's due time to its answer, sorted.
    pub latencies: Vec<Duration>,
}

impl Outcome {
    /// Answers per second.
    #[allow(clippy::cast_precision_loss)]
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// Sends every body to `url`, one connection per element of `connections`. With `rate` (requests per second
/// in all) requests are due at fixed times and latency counts from then, so that a slow server cannot hide
/// its queue; without it each connection sends as soon as it has its answer. `accept` judges each answer.
///
/// # Panics
/// When a request fails or an answer is not acceptable: a figure over failures would mean nothing.
pub async fn run(
    url: &str,
    connections: Vec<Bodies>,
    rate: Option<f64>,
    accept: fn(u16, &str) -> bool,
) -> Outcome {
    // Nothing here is encrypted, but the client that other parts have built with wants to know how it would be.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(connections.len())
        .tcp_nodelay(true)
        .no_proxy()
        .build()
        .expect("a plain client");
    let (count, url) = (connections.len(), Arc::new(url.to_owned()));
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, bodies) in connections.into_iter().enumerate() {
        let (client, url) = (client.clone(), Arc::clone(&url));
        tasks.spawn(async move {
            let mut latencies = Vec::with_capacity(bodies.len());
            for (round, body) in bodies.into_iter().enumerate() {
                let mut due = Instant::now();
                if let Some(rate) = rate {
                    #[allow(clippy::cast_precision_loss)]
                    let offset = (round * count + number) as f64 / rate;
                    due = begin + Duration::from_secs_f64(offset);
                    tokio::time::sleep_until(due.into()).await;
                }
                let answer = client
                    .post(url.as_str())
                    .header("content-type", "text/plain")
                    .body(body)
                    .send()
                    .await
                    .expect("the server answers");
                let status = answer.status().as_u16();
                let text = answer.text().await.expect("the answer arrives whole");
                latencies.push(due.elapsed());
                assert!(accept(status, &text), "status {status}: {text}");
            }
            latencies
        });
    }
    let mut latencies: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let elapsed = begin.elapsed();
    latencies.sort();
    Outcome { elapsed, latencies }
}
