//! `npm run bench:ingest`: what an acked, durable, receipted batch costs, as ratios taken in one run.
//!
//! `bench-ingest PATH-OF-SERVER [RATE]`. Latency is told of 70 % of the load that lasts, or of RATE batches a second: who
//! compares two servers gives both the same, since the faster one is asked for more otherwise.
//!
//! With `--bare` this program is instead the handler that the server is set against: Axum reading the same body and
//! answering 204. With `--verifying` that handler also reads the request and verifies its batch: what is left of any server
//! of signed batches when everything else is taken away.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, post};
use delistening_schema::Batch;
use delistening_schema::api::IngestRequest;
use delistening_schema::key::KnownKeys;
use delistening_tests::device::{Address, Device, Issuer};
use delistening_tests::figures::{fsync_times, percentile, verification};
use delistening_tests::load::{self, Bodies};
use delistening_tests::process::Server;
use std::error::Error;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

const CONNECTIONS: u64 = 256;
const EVENTS_PER_BATCH: u64 = 20;
const WARM_UP: usize = 5;
const FULL_LOAD: usize = 80;
const PACED: usize = 50;
const AUDIENCE: &str = "bench";
/// The media time of a batch's session.
const SESSION_MS: u64 = EVENTS_PER_BATCH * 10_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let argument = arguments.next().ok_or("usage: bench-ingest PATH-OF-SERVER [RATE]")?;
    let rate = arguments.next().map(|rate| rate.parse::<f64>().unwrap_or(0.0));
    if rate.is_some_and(|rate| rate <= 0.0 || !rate.is_finite()) {
        return Err("RATE is a number above zero".into());
    }
    match argument.as_str() {
        "--bare" => serve(post(async |_body: Bytes| StatusCode::NO_CONTENT)).await,
        "--verifying" => serve(verifying()).await,
        server => bench(server, rate).await,
    }
}

/// The server's threads on the way to the ack. What follows the ack runs on others.
fn on_the_way(thread: &str) -> bool {
    thread == "async" || thread == "committer" || thread.starts_with("verifier")
}

/// Waits until what follows the acks is done.
async fn caught_up(url: &str) -> Result<(), Box<dyn Error>> {
    loop {
        let metrics = reqwest::get(format!("{url}/metrics")).await?.text().await?;
        let gauge = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().parse::<u64>().ok()
        };
        if gauge("delistening_projected ").ok_or("a gauge")?
            >= gauge("delistening_log_size ").ok_or("a gauge")?
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Keeps nothing but keys.
fn verifying() -> MethodRouter {
    let known = Arc::new(KnownKeys::default());
    post(async move |body: Bytes| {
        let request = serde_json::from_slice::<IngestRequest>(&body).ok();
        let mut batches = request.into_iter().flat_map(|request| request.batches);
        let holds = batches.all(|jws| {
            Batch::verify(&jws, |bytes| known.get(bytes)).map(|(_, key)| known.insert(&key)).is_ok()
        });
        if holds { StatusCode::NO_CONTENT } else { StatusCode::BAD_REQUEST }
    })
}

async fn serve(handler: MethodRouter) -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, axum::Router::new().route("/v1/batches", handler)).await?;
    Ok(())
}

/// The rate of a handler of this program, and its CPU time per request.
async fn handler(
    which: &str,
    warm_up: &[Bodies],
    full_load: &[Bodies],
) -> Result<(f64, Duration), Box<dyn Error>> {
    let server = Server::start(Command::new(std::env::current_exe()?).arg(which))?;
    let url = format!("{}/v1/batches", server.url);
    load::run(&url, warm_up.to_vec(), None, |status, _| status == 204).await;
    let before = server.cpu_time(|_| true);
    let loaded = load::run(&url, full_load.to_vec(), None, |status, _| status == 204).await;
    let requests = u32::try_from(loaded.latencies.len())?;
    Ok((loaded.rate(), server.cpu_time(|_| true).saturating_sub(before) / requests))
}

async fn bench(server: &str, rate: Option<f64>) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    eprintln!("{CONNECTIONS} devices seal {} batches each …", WARM_UP + FULL_LOAD + PACED);
    let issuer = Issuer::new("https://issuer.example");
    let mut rounds: [Vec<Bodies>; 3] = Default::default();
    let mut sample = String::new();
    // As people do who listen: each for themselves, and to one track after the other.
    for number in 0..CONNECTIONS {
        let mut device = Device::new(number);
        let listener = format!("listener-{number}");
        let address = Address { audience: AUDIENCE, listener: &listener };
        let token = issuer.token(&address, &device, now.as_secs());
        let mut time = u64::try_from(now.as_millis())? - (WARM_UP + FULL_LOAD + PACED) as u64 * SESSION_MS;
        for (round, count) in rounds.iter_mut().zip([WARM_UP, FULL_LOAD, PACED]) {
            let bodies = (0..count).map(|_| {
                time += SESSION_MS;
                sample = device.seal(&address, EVENTS_PER_BATCH, time);
                serde_json::json!({ "token": token, "batches": [sample] }).to_string()
            });
            round.push(bodies.collect());
        }
    }
    let [warm_up, full_load, paced] = rounds;
    let body_bytes = full_load[0][0].len();

    let verify = verification(&sample);
    let disk = fsync_times(folder.path(), body_bytes, 500)?;

    let [bare, verifying] =
        [handler("--bare", &warm_up, &full_load).await?, handler("--verifying", &warm_up, &full_load).await?];

    let jwks = folder.path().join("jwks.json");
    std::fs::write(&jwks, issuer.jwks())?;
    let server = Server::start(
        Command::new(server)
            .args(["serve", "--listen", "127.0.0.1:0", "--origin", "bench.example/log"])
            .args(["--device-rate", "0", "--audience", AUDIENCE])
            .args(["--issuer", "https://issuer.example", "--jwks"])
            .arg(&jwks)
            .arg("--data")
            .arg(folder.path().join("data")),
    )?;
    let url = format!("{}/v1/batches", server.url);
    let accepted = |status, text: &str| status == 200 && text.contains(r#""status":"accepted""#);
    load::run(&url, warm_up, None, accepted).await;
    let cpu_before = [server.cpu_time(|_| true), server.cpu_time(on_the_way)];
    let begin = Instant::now();
    let full = load::run(&url, full_load, None, accepted).await;
    // What is put off until after the load counts as well.
    caught_up(&server.url).await?;
    let batches = u32::try_from(full.latencies.len())?;
    let lasting = f64::from(batches) / begin.elapsed().as_secs_f64();
    let cpu_after = [server.cpu_time(|_| true), server.cpu_time(on_the_way)];
    let rate = rate.unwrap_or(lasting * 0.7);
    let paced = load::run(&url, paced, Some(rate), accepted).await;

    let [cpu, ack_cpu] = [0, 1].map(|of| cpu_after[of].saturating_sub(cpu_before[of]) / batches);
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let (p99, p999) = (percentile(&paced.latencies, 0.99), percentile(&paced.latencies, 0.999));
    let fsync_p99 = percentile(&disk, 0.99);
    let round = |value: f64| (value * 1e3).round() / 1e3;
    println!("batches of {EVENTS_PER_BATCH} events, {body_bytes} bytes a request, {CONNECTIONS} connections");
    println!("  strict verification       {:>9.1} µs", verify.as_secs_f64() * 1e6);
    println!("  server CPU per batch      {:>9.1} µs", cpu.as_secs_f64() * 1e6);
    println!("    of it until the ack     {:>9.1} µs", ack_cpu.as_secs_f64() * 1e6);
    println!("  acked batches             {:>9.0} /s", full.rate());
    println!("    lasting, with the rest  {lasting:>9.0} /s");
    println!("  bare Axum handler         {:>9.0} /s, CPU {:.1} µs", bare.0, bare.1.as_secs_f64() * 1e6);
    println!(
        "  one that also verifies    {:>9.0} /s, CPU {:.1} µs",
        verifying.0,
        verifying.1.as_secs_f64() * 1e6
    );
    println!("  paced load                {rate:>9.0} /s");
    println!("    ack p50                 {:>9.2} ms", millis(percentile(&paced.latencies, 0.5)));
    println!("    ack p99                 {:>9.2} ms", millis(p99));
    println!("    ack p99.9               {:>9.2} ms", millis(p999));
    println!("  fsync p99 of this disk    {:>9.2} ms", millis(fsync_p99));
    let figures = serde_json::json!({
        "cpu_per_batch_over_verify": round(cpu.as_secs_f64() / verify.as_secs_f64()),
        "ack_cpu_per_batch_over_verify": round(ack_cpu.as_secs_f64() / verify.as_secs_f64()),
        "verifying_cpu_over_verify": round(verifying.1.as_secs_f64() / verify.as_secs_f64()),
        "ack_cpu_over_verifying": round(ack_cpu.as_secs_f64() / verifying.1.as_secs_f64()),
        "rps_over_bare_axum": round(full.rate() / bare.0),
        "rps_over_verifying": round(full.rate() / verifying.0),
        "p99_ms": round(millis(p99)),
        "p999_ms": round(millis(p999)),
        "p99_over_fsync": round(p99.as_secs_f64() / fsync_p99.as_secs_f64()),
    });
    println!("{figures}");
    Ok(())
}
