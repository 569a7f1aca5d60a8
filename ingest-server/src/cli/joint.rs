//! `joint`.

use super::CommandResult;
use super::audit::{audited, log_key};
use clap::Args;
use delistening_schema::analysis::Analysis;
use delistening_schema::audit::{Auditor, JointPlay, joint_plays};
use delistening_schema::play::Play;

/// Says what sessions are worth whose batches reached several nodes, from the exports of all of them. Each export is
/// audited first.
#[derive(Args, Debug)]
pub struct JointOptions {
    /// What `export` has written on each node, in whichever form, or the URLs of running servers
    #[arg(value_name = "PATH|URL", required = true)]
    sources: Vec<String>,
    /// The verifier key of each node's log, in the order of the exports
    #[arg(long = "log-key", value_name = "VKEY", required = true)]
    log_keys: Vec<String>,
    /// For running servers: a service token with the scope export:read
    #[arg(long, env = "DELISTENING_TOKEN", value_name = "TOKEN", hide_env_values = true, default_value = "")]
    token: String,
    /// Print each session as a line of JSON
    #[arg(long)]
    json: bool,
}

impl JointOptions {
    pub fn run(self) -> CommandResult {
        let Self { sources, log_keys, token, json } = self;
        if sources.len() < 2 {
            return Err("give the exports of two nodes at least: `audit` checks one by itself".into());
        }
        if sources.len() != log_keys.len() {
            let (sources, keys) = (sources.len(), log_keys.len());
            return Err(format!("give --log-key once for each export: {sources} exports, {keys} keys").into());
        }
        let mut logs = Vec::with_capacity(sources.len());
        for (source, key) in sources.iter().zip(&log_keys) {
            let auditor = Auditor::new(log_key(key)?).keeping_holdings();
            let (report, holdings) = audited(source, token.clone(), auditor)?.finish_with_holdings();
            if report.wrong > 0 {
                return Err(format!("{source} does not hold; `delistening-ingest audit` says why").into());
            }
            logs.push(holdings);
        }
        let plays = joint_plays(Analysis::v1(), &logs);
        for joint in &plays {
            if json {
                println!("{}", serde_json::to_string(joint)?);
            } else {
                print(joint);
            }
        }
        if !json {
            println!("{} sessions are counted by what several logs hold", plays.len());
        }
        Ok(())
    }
}

fn print(JointPlay { counted_by, said, play }: &JointPlay) {
    println!("session {} of device {}: {}, counted by {counted_by}", play.session, play.device, say(play));
    for (log, own) in said {
        println!("  {log} alone: {}", say(own));
    }
}

fn say(play: &Play) -> String {
    format!("{} with {} ms heard", play.verdict.status.as_str(), play.verdict.heard_ms)
}
