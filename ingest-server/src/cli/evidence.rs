//! `evidence`.

use super::CommandResult;
use clap::Args;
use delistening_schema::ledger::{Contradiction, Evidence, LogKey};
use std::path::PathBuf;

/// No evidence is longer: two notes and 64 hashes.
const MOST_BYTES: usize = 64 * 1024;

/// Checks what a device kept when it found a log to be rewritten. Needs nothing from anybody but the log's verifier key:
/// two checkpoints that one key signed, and a proof that both cannot be true. Ends with 0 if that is proved.
#[derive(Args, Debug)]
pub struct EvidenceOptions {
    /// The evidence, as the SDK gave it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The log's verifier key, as it was published or pinned; the one before serves as well
    #[arg(long, value_name = "VKEY")]
    log_key: String,
}

impl EvidenceOptions {
    pub fn run(self) -> CommandResult {
        let key = LogKey::parse(self.log_key.trim()).map_err(|error| format!("--log-key: {error}"))?;
        let name = self.file.display();
        let text = std::fs::read_to_string(&self.file).map_err(|error| format!("{name}: {error}"))?;
        if text.len() > MOST_BYTES {
            return Err(format!("{name} is larger than evidence can be").into());
        }
        let evidence: Evidence =
            serde_json::from_str(&text).map_err(|error| format!("{name} is not evidence: {error}"))?;
        let previous = evidence.previous.iter().map(|previous| &previous.log);
        if !previous.chain([&evidence.log]).any(|vkey| *vkey == key.to_vkey()) {
            return Err(format!(
                "the evidence is about the key {}, which is not the one given: it proves nothing about {}",
                evidence.log,
                key.name()
            )
            .into());
        }
        let shown = evidence.verify().map_err(|error| format!("this proves nothing: {error}"))?;
        print(&key, &shown);
        Ok(())
    }
}

fn print(key: &LogKey, Contradiction { smaller, larger, held }: &Contradiction) {
    println!("log       {}", key.name());
    println!("signed    a log of {} entries with root {}", smaller.size, smaller.root.to_base64());
    println!("signed    a log of {} entries with root {}", larger.size, larger.root.to_base64());
    if smaller.size == larger.size {
        println!("proved    there are two logs of one size: at least one entry differs");
    } else {
        println!(
            "proved    the second log's first {} entries have the root {}: they are not those of the first",
            smaller.size,
            held.to_base64()
        );
    }
    println!("whoever holds the key of {} has shown two histories; no honest log can", key.name());
}
