//! `verify`.

use super::CommandResult;
use clap::Args;
use delistening_schema::ledger::{LogKey, Receipt};
use delistening_schema::{Batch, limits};
use std::path::PathBuf;

/// Checks that a log committed to a batch. Needs nothing from the operator but the log's verifier key.
#[derive(Args, Debug)]
pub struct VerifyOptions {
    /// The receipt (a C2SP tlog-proof)
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    /// The signed batch (a JWS), byte for byte
    #[arg(long, value_name = "FILE")]
    batch: PathBuf,
    /// The log's verifier key, as `keys log` or /log/vkey give it
    #[arg(long, value_name = "VKEY")]
    log_key: String,
}

impl VerifyOptions {
    pub fn run(self) -> CommandResult {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let key = LogKey::parse(self.log_key.trim()).map_err(|error| format!("--log-key: {error}"))?;
        let jws = read(&self.batch)?;
        let jws = jws.trim_end();
        if jws.len() > limits::BATCH_BYTES {
            return Err(format!("{} is larger than a batch can be", self.batch.display()).into());
        }
        let receipt = Receipt::parse(&read(&self.receipt)?)?;
        let batch =
            Batch::open(jws).map_err(|problem| format!("the batch does not hold: {problem}"))?.payload;
        let (entry, checkpoint) = receipt.verify(jws.as_bytes(), &key)?;
        println!("batch     {} of device {}, signed by its key", batch.seq, batch.device);
        println!("          {} events of listener {}", batch.events.len(), batch.listener);
        println!(
            "recorded  entry {} of {}, received at {} ms since 1970",
            receipt.index,
            key.name(),
            entry.received
        );
        println!(
            "proved    in the log of {} entries with root {}",
            checkpoint.size,
            checkpoint.root.to_base64()
        );
        println!("the receipt holds");
        Ok(())
    }
}
