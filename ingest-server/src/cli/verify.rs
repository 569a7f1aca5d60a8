//! `verify`.

use super::CommandResult;
use clap::ArgGroup;
use clap::Args;
use delistening_schema::api::LogKeys;
use delistening_schema::ledger::{LogKey, Policy, Receipt, successor};
use delistening_schema::{Batch, limits};
use std::path::{Path, PathBuf};

/// Checks that a log committed to a batch. Needs nothing from the operator but the log's verifier key; or nothing but a
/// policy, which says whose log it is and which witnesses must have seen it.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("trust").required(true).args(["log_key", "policy"]))]
pub struct VerifyOptions {
    /// The receipt (a C2SP tlog-proof)
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    /// The signed batch (a JWS), byte for byte
    #[arg(long, value_name = "FILE")]
    batch: PathBuf,
    /// A verifier key that the log has or had, as `keys log` or /log/vkey give it
    #[arg(long, value_name = "VKEY")]
    log_key: Option<String>,
    /// What /log/keys gives, if the log has another key by now than --log-key
    #[arg(long, value_name = "FILE", requires = "log_key")]
    log_keys: Option<PathBuf>,
    /// A policy (C2SP tlog-policy): the checkpoint must be cosigned by as many of its witnesses as it says. Receipts of
    /// /log/proof/{index} carry cosignatures, those that devices get with the ack do not
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl VerifyOptions {
    pub fn run(self) -> CommandResult {
        let jws = read(&self.batch)?;
        let jws = jws.trim_end();
        if jws.len() > limits::BATCH_BYTES {
            return Err(format!("{} is larger than a batch can be", self.batch.display()).into());
        }
        let receipt = Receipt::parse(&read(&self.receipt)?)?;
        let batch =
            Batch::open(jws).map_err(|problem| format!("the batch does not hold: {problem}"))?.payload;
        let (entry, checkpoint) = match (&self.log_key, &self.policy) {
            (_, Some(path)) => {
                let policy = Policy::parse(&read(path)?).map_err(|error| format!("--policy: {error}"))?;
                receipt.verify_witnessed(jws.as_bytes(), &policy)?
            }
            (key, None) => {
                let key = LogKey::parse(key.as_deref().unwrap_or_default().trim())
                    .map_err(|error| format!("--log-key: {error}"))?;
                let key = match &self.log_keys {
                    Some(path) => present(&key, path).map_err(|error| format!("--log-keys: {error}"))?,
                    None => key,
                };
                receipt.verify(jws.as_bytes(), &key)?
            }
        };
        println!("batch     {} of device {}, signed by its key", batch.seq, batch.device);
        println!("          {} events of listener {}", batch.events.len(), batch.listener);
        println!(
            "recorded  entry {} of {}, received at {} ms since 1970",
            receipt.index, checkpoint.origin, entry.received
        );
        println!(
            "proved    in the log of {} entries with root {}",
            checkpoint.size,
            checkpoint.root.to_base64()
        );
        if self.policy.is_some() {
            println!("witnessed by as many as the policy asks for");
        }
        println!("the receipt holds");
        Ok(())
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The key that the log of `key` has now.
fn present(key: &LogKey, path: &Path) -> Result<LogKey, Box<dyn std::error::Error>> {
    let keys: LogKeys = serde_json::from_str(&read(path)?)?;
    let proofs = keys.handovers.iter().map(|proof| Receipt::parse(proof)).collect::<Result<Vec<_>, _>>()?;
    Ok(successor(key, &proofs)?)
}
