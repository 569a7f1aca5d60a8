//! The command line.

mod audit;
mod backup;
mod doctor;
mod evidence;
mod export;
mod joint;
mod keys;
mod migrate;
mod progress;
mod serve;
mod settings;
mod token;
mod verify;
mod witness;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use settings::Sources;
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
    Serve(Box<serve::ServeLine>),
    /// Make the tables in ClickHouse, or bring them up to date
    Migrate(migrate::MigrateOptions),
    /// Look through a data folder, and say what is found
    Doctor(doctor::DoctorOptions),
    /// Copy what cannot be made again out of a data folder, also while a server runs
    Backup(backup::BackupOptions),
    /// Make a data folder of such a copy
    Restore(backup::RestoreOptions),
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
    /// Say what sessions are worth whose batches reached several nodes
    Joint(joint::JointOptions),
    /// Be a witness: cosign checkpoints of other logs that only grow
    Witness(witness::WitnessOptions),
}

/// Runs the command line.
pub fn run() -> ExitCode {
    match read_and_run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read_and_run() -> CommandResult {
    let sources = Sources::read(std::env::args_os())?;
    let line = sources.defaults_of(Cli::command())?;
    let read =
        line.clone().try_get_matches().and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match read {
        Ok(read) => read,
        Err(error) if settings::is_answer(&error) => error.exit(),
        Err(error) => return Err(sources.sentence(&error).into()),
    };
    match cli.command {
        Command::Serve(serve) => {
            let listed = line.find_subcommand("serve").zip(matches.subcommand_matches("serve"));
            let listed = listed.map(|(command, matches)| sources.list(command, matches));
            serve.run(&sources, &listed.unwrap_or_default())
        }
        Command::Migrate(options) => options.run(),
        Command::Doctor(options) => options.run(),
        Command::Backup(options) => options.run(),
        Command::Restore(options) => options.run(),
        Command::Keys(keys) => keys.run(),
        Command::Token(options) => options.run(),
        Command::Verify(options) => options.run(),
        Command::Evidence(options) => options.run(),
        Command::Export(options) => options.run(),
        Command::Audit(options) => options.run(),
        Command::Joint(options) => options.run(),
        Command::Witness(options) => options.run(),
    }
}

/// The settings of `serve` by the names of their flags, each with its environment variable.
pub fn settings_of_serve() -> Vec<(String, Option<String>)> {
    let line = Cli::command();
    let serve = line.find_subcommand("serve").into_iter().flat_map(clap::Command::get_arguments);
    let names = |arg: &clap::Arg| {
        let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
        Some((arg.get_long()?.to_owned(), variable))
    };
    serve.filter_map(names).collect()
}

type CommandResult = Result<(), Box<dyn std::error::Error>>;
