//! `npm run test:crash -- --runs N [--seed S]`: servers are killed under load, and nothing that was acked is lost and
//! nothing counts twice.
//!
//! `crash PATH-OF-SERVER --runs N [--seed S]`; the server is one with the feature `faults`. What is done is decided by
//! the seed, when it happens not quite: it depends on the machine as well.

use delistening_tests::crash::{Random, campaign};
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

const USAGE: &str = "usage: crash PATH-OF-SERVER --runs N [--seed S]";

struct Arguments {
    server: PathBuf,
    runs: u64,
    seed: u64,
}

fn arguments() -> Option<Arguments> {
    let mut arguments = std::env::args().skip(1);
    let server = PathBuf::from(arguments.next()?);
    let (mut runs, mut seed) = (None, None);
    while let (Some(name), value) = (arguments.next(), arguments.next()) {
        let number = value?.parse().ok();
        match name.as_str() {
            "--runs" => runs = Some(number?),
            "--seed" => seed = Some(number?),
            _ => return None,
        }
    }
    let clock = || {
        u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_nanos() % u128::from(u32::MAX))
            .ok()
    };
    Some(Arguments {
        server,
        runs: runs?,
        seed: seed.or_else(|| clock().map(|now| Random::new(now).below(1 << 32)))?,
    })
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(Arguments { server, runs, seed }) = arguments() else {
        eprintln!("{USAGE}");
        return Ok(ExitCode::from(2));
    };
    // Nothing here is encrypted, but the client wants to know how it would be.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let template = "{bar:40} {pos} of {len} kills, {msg}, {eta} left";
    let bar = ProgressBar::new(runs).with_style(ProgressStyle::with_template(template)?);
    let done = campaign(&server, runs, seed, |tally| {
        bar.set_position(tally.runs);
        bar.set_message(format!("{} batches acked", tally.acked));
    })
    .await;
    bar.finish_and_clear();
    let tally = match done {
        Ok(tally) => tally,
        Err(violation) => {
            eprintln!("{violation}\nthe seed was {seed}: run it again with --runs {runs} --seed {seed}");
            return Ok(ExitCode::FAILURE);
        }
    };
    let sound = tally.lost == 0 && tally.double == 0;
    if !sound {
        eprintln!("the seed was {seed}: run it again with --runs {runs} --seed {seed}");
    }
    println!(
        r#"{{"runs":{},"acked":{},"lost":{},"double":{}}}"#,
        tally.runs, tally.acked, tally.lost, tally.double
    );
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
