//! `audit`.

use super::CommandResult;
use super::progress::bar;
use crate::export::Remote;
use clap::Args;
use delistening_schema::audit::{Auditor, CheckedLine, Report};
use delistening_schema::ledger::LogKey;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Seek as _};
use std::thread;

/// So many lines are checked at once, on all processors.
const LINES: usize = 4096;
/// So many findings are printed; --json has all.
const PRINTED: usize = 50;

/// Checks an export: every signature, chain, commitment, root, verdict and count. Needs nothing from the operator but
/// the export and the log's verifier key, and says what is wrong, and where.
#[derive(Args, Debug)]
pub struct AuditOptions {
    /// A file written by `export`, or the URL of a running server
    #[arg(value_name = "PATH|URL")]
    source: String,
    /// A verifier key that the log has or had, as `keys log` or /log/vkey give it
    #[arg(long, value_name = "VKEY")]
    log_key: String,
    /// For a running server: a service token with the scope export:read
    #[arg(long, env = "DELISTENING_TOKEN", value_name = "TOKEN", hide_env_values = true, default_value = "")]
    token: String,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl AuditOptions {
    pub fn run(self) -> CommandResult {
        let key = LogKey::parse(self.log_key.trim()).map_err(|error| format!("--log-key: {error}"))?;
        let remote = self.source.starts_with("http://") || self.source.starts_with("https://");
        let file = if remote {
            fetched(&self.source, self.token)?
        } else {
            File::open(&self.source).map_err(|error| format!("{}: {error}", self.source))?
        };
        let report = audit(file, key)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            print(&report);
        }
        match report.wrong {
            0 => Ok(()),
            1 => Err("the export does not hold: 1 thing is wrong".into()),
            wrong => Err(format!("the export does not hold: {wrong} things are wrong").into()),
        }
    }
}

/// The export of a running server, in a file that goes when it is closed.
fn fetched(url: &str, token: String) -> Result<File, Box<dyn std::error::Error>> {
    let remote = Remote::new(url, token)?;
    let mut file = tempfile::tempfile()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let size = remote.size().await?;
        let bar = bar(size);
        remote.fetch(0, size, BufWriter::new(&mut file), |at| bar.set_position(at)).await?;
        bar.finish_and_clear();
        Ok::<(), String>(())
    })?;
    file.rewind()?;
    Ok(file)
}

fn audit(file: File, key: LogKey) -> std::io::Result<Report> {
    let bar = bar(0);
    let mut auditor = Auditor::new(key);
    let mut lines = BufReader::new(file).split(b'\n');
    loop {
        let chunk = lines.by_ref().take(LINES).collect::<std::io::Result<Vec<Vec<u8>>>>()?;
        if chunk.is_empty() {
            bar.finish_and_clear();
            return Ok(auditor.finish());
        }
        for line in checked(&chunk) {
            auditor.take(line);
        }
        bar.set_length(auditor.entries());
        bar.set_position(auditor.entries());
    }
}

/// Checks each line by itself, on all processors.
fn checked(lines: &[Vec<u8>]) -> Vec<CheckedLine> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let parts: Vec<_> = lines
            .chunks(lines.len().div_ceil(threads))
            .map(|part| scope.spawn(|| part.iter().map(CheckedLine::check).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().expect("checking a line never panics")).collect()
    })
}

fn print(report: &Report) {
    for finding in report.findings.iter().take(PRINTED) {
        let what = if finding.wrong { "WRONG" } else { "odd  " };
        match finding.index {
            Some(index) => println!("{what} entry {index}: {}", finding.sentence),
            None => println!("{what} {}", finding.sentence),
        }
    }
    let more = report.findings.len().saturating_sub(PRINTED);
    if more > 0 {
        println!("… and {more} more; --json lists them");
    }
    println!("entries     {} checked", report.entries);
    println!("batches     {}, {} of them erased", report.batches, report.erased_batches);
    println!("plays       {} sessions judged again, {} valid", report.sessions, report.valid);
    println!("verdicts    {} as entered, {} erased", report.verdicts, report.erased_verdicts);
    println!("statements  {} counted again", report.statements);
    println!("findings    {} wrong, {} odd", report.wrong, report.odd);
    if report.wrong == 0 {
        println!("the export holds");
    }
}
