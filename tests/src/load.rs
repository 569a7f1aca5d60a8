//! A load of POST requests over keep-alive connections, closed loop (as fast as answers come) or paced.

use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
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
    let url = Arc::new(url.to_owned());
    let requests: Vec<usize> = connections.iter().map(Vec::len).collect();
    let mut paces = rate.map(|rate| pace(rate, &requests)).into_iter().flatten();
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for bodies in connections {
        let (client, url, mut pace) = (client.clone(), Arc::clone(&url), paces.next());
        tasks.spawn(async move {
            let mut latencies = Vec::with_capacity(bodies.len());
            for body in bodies {
                let due = match &mut pace {
                    Some(pace) => pace.recv().await.expect("each request has its time"),
                    None => Instant::now(),
                };
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

/// Tells each connection when its next request is due, one connection after the other. By a thread: the runtime's timers
/// are a millisecond wide, which is more than most acks take.
fn pace(rate: f64, requests: &[usize]) -> Vec<UnboundedReceiver<Instant>> {
    let (tell, told): (Vec<_>, Vec<_>) = requests.iter().map(|_| unbounded_channel()).unzip();
    let rounds = requests.iter().copied().max().unwrap_or(0);
    std::thread::spawn(move || {
        let begin = Instant::now();
        for (place, connection) in (0..rounds).flat_map(|_| &tell).enumerate() {
            #[allow(clippy::cast_precision_loss)]
            let due = begin + Duration::from_secs_f64(place as f64 / rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            // A connection that has sent all it has does not listen any more.
            let _ = connection.send(due);
        }
    });
    told
}
