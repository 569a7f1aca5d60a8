//! `npm run test:sim -- --seeds N`: worlds of devices, days and faults, each from a seed, each ending with every play
//! counted once. `--first S` begins with another seed than 1, and `--seed S` runs that one alone and says what it
//! finds.

use delistening_tests::sim::{Outcome, World};
use std::process::ExitCode;

fn main() -> ExitCode {
    match arguments() {
        Ok((first, seeds)) => run(first, seeds),
        Err(why) => {
            eprintln!("{why}\nusage: simulate [--seeds N] [--first S] [--seed S]");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<(u64, u64), String> {
    let (mut first, mut seeds) = (1, 100);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse().ok());
        let number: u64 = value.ok_or_else(|| format!("{name} needs a number"))?;
        match name.as_str() {
            "--seeds" => seeds = number,
            "--first" => first = number,
            "--seed" => (first, seeds) = (number, 1),
            _ => return Err(format!("{name} is not an option")),
        }
    }
    Ok((first, seeds))
}

fn run(first: u64, seeds: u64) -> ExitCode {
    let (mut plays, mut lost, mut double, mut failed) = (0, 0, 0, 0);
    for seed in first..first + seeds {
        let Outcome { tally, findings, .. } = World::run(seed);
        plays += tally.plays;
        lost += tally.lost;
        double += tally.double;
        if !findings.is_empty() {
            failed += 1;
            println!("seed {seed} fails; run it alone with: npm run test:sim -- --seed {seed}");
            for finding in &findings {
                println!("  {finding}");
            }
        }
        let done = seed - first + 1;
        if done.is_multiple_of(500) {
            println!("{done} seeds, {plays} plays, {failed} seeds failed");
        }
    }
    println!(r#"{{"seeds":{seeds},"plays":{plays},"lost":{lost},"double":{double}}}"#);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
