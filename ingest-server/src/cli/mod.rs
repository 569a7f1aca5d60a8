//! The command line.

mod audit;
mod evidence;
mod export;
mod keys;
mod migrate;
mod progress;
mod serve;
mod token;
mod verify;
mod witness;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Playback telemetry that can be trusted: takes signed batches of plays, makes them durable, enters them in a
/// log that nobody can rewrite, answers with receipts, and counts.
///
/// To look around on your own machine: delistening-ingest serve --dev --data ./data
#[derive(Debug, Parser)]
#[command(name = "delistening-ingest", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Box<crate::config::ServeOptions>),
    /// Make the tables in ClickHouse, or bring them up to date
    Migrate(migrate::MigrateOptions),
    /// Make keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Mint an access token with an issuer's key
    Token(token::TokenOptions),
    /// Check a receipt: is this batch in that log?
    Verify(verify::VerifyOptions),
    /// Check what a device kept when it found a log to be rewritten
    Evidence(evidence::EvidenceOptions),
    /// Write everything that the log commits to into a file
    Export(export::ExportOptions),
    /// Check an export: every signature, root, verdict and count
    Audit(audit::AuditOptions),
    /// Be a witness: cosign checkpoints of other logs that only grow
    Witness(witness::WitnessOptions),
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(options) => serve::run(*options),
        Command::Migrate(options) => options.run(),
        Command::Keys(keys) => keys.run(),
        Command::Token(options) => options.run(),
        Command::Verify(options) => options.run(),
        Command::Evidence(options) => options.run(),
        Command::Export(options) => options.run(),
        Command::Audit(options) => options.run(),
        Command::Witness(options) => options.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

type CommandResult = Result<(), Box<dyn std::error::Error>>;
