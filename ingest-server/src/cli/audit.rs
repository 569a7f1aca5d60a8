//! `audit`.

use super::CommandResult;
use super::export::tables;
use super::progress::{bar, bytes_bar};
use crate::export::{Format, Remote, Table, TableError, ranges};
use clap::Args;
use delistening_schema::audit::{Auditor, CheckedLine, Report};
use delistening_schema::key::KnownKeys;
use delistening_schema::ledger::LogKey;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _};
use std::path::Path;
use std::thread;

/// So many lines are checked at once, on all processors.
const LINES: usize = 4096;
/// So many findings are printed; --json has all.
const PRINTED: usize = 50;

/// Checks an export: every signature, chain, commitment, root, verdict and count. Needs nothing from the operator but
/// the export and the log's verifier key, and says what is wrong, and where.
#[derive(Args, Debug)]
pub struct AuditOptions {
    /// What `export` has written, in whichever form, or the URL of a running server
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
        let report = audited(&self.source, self.token, Auditor::new(log_key(&self.log_key)?))?.finish();
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

/// The verifier key that was given.
pub(super) fn log_key(text: &str) -> Result<LogKey, String> {
    LogKey::parse(text.trim()).map_err(|error| format!("--log-key: {error}"))
}

/// Gives an auditor all of what `source` names: a file, a folder, or a running server.
pub(super) fn audited(
    source: &str,
    token: String,
    auditor: Auditor,
) -> Result<Auditor, Box<dyn std::error::Error>> {
    if source.starts_with("http://") || source.starts_with("https://") {
        let file = fetched(source, token)?;
        return Ok(audit(file.metadata()?.len(), lines(file), auditor)?);
    }
    let audited = audit_path(Path::new(source), auditor);
    Ok(audited.map_err(|error| format!("{source}: {error}"))?)
}

/// The export of a running server, in a file that goes when it is closed.
fn fetched(url: &str, token: String) -> Result<File, Box<dyn std::error::Error>> {
    let remote = Remote::new(url, token)?;
    let mut file = tempfile::tempfile()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let size = remote.size().await?;
        let bar = bar(size);
        let mut out = BufWriter::new(&mut file);
        for (from, to) in ranges(0, size) {
            remote.fetch(from, to, Format::Ndjson, &mut out).await?;
            bar.set_position(to);
        }
        bar.finish_and_clear();
        Ok::<(), String>(())
    })?;
    file.rewind()?;
    Ok(file)
}

/// Audits a file of lines, a Parquet file, or a folder of those.
fn audit_path(path: &Path, auditor: Auditor) -> io::Result<Auditor> {
    let is_table = |path: &Path| path.extension().is_some_and(|ending| ending == "parquet");
    let files = if path.is_dir() {
        tables(path)?.into_iter().map(|(path, _)| path).collect()
    } else if is_table(path) {
        vec![path.to_owned()]
    } else {
        let file = File::open(path)?;
        return audit(file.metadata()?.len(), lines(file), auditor);
    };
    let mut total = 0;
    for file in &files {
        total += std::fs::metadata(file)?.len();
    }
    let rows = files.into_iter().flat_map(|file| {
        let bytes = std::fs::metadata(&file).map_or(0, |metadata| metadata.len());
        let table = File::open(&file).map_err(TableError::from).and_then(Table::open);
        let (table, failed) = match table {
            Ok(table) => (Some(table), None),
            Err(error) => (None, Some(Err(error))),
        };
        let lines = table.into_iter().flatten().chain(failed);
        // All of a file is done with its first line, as far as the bar is concerned.
        let progress = std::iter::once(bytes).chain(std::iter::repeat(0));
        lines.zip(progress).map(move |(line, bytes)| {
            let named = |error| io::Error::other(format!("{}: {error}", file.display()));
            line.map(|line| (line.into_bytes(), bytes)).map_err(named)
        })
    });
    audit(total, rows, auditor)
}

/// The lines of a file, each with how much of the file it is.
fn lines(file: File) -> impl Iterator<Item = io::Result<(Vec<u8>, u64)>> {
    BufReader::new(file).split(b'\n').map(|line| {
        line.map(|line| {
            let bytes = line.len() as u64 + 1;
            (line, bytes)
        })
    })
}

fn audit(
    total: u64,
    mut lines: impl Iterator<Item = io::Result<(Vec<u8>, u64)>>,
    mut auditor: Auditor,
) -> io::Result<Auditor> {
    let bar = bytes_bar(total);
    let known = KnownKeys::default();
    loop {
        let mut chunk = Vec::with_capacity(LINES);
        for line in lines.by_ref().take(LINES) {
            let (line, bytes) = line?;
            bar.inc(bytes);
            chunk.push(line);
        }
        if chunk.is_empty() {
            bar.finish_and_clear();
            return Ok(auditor);
        }
        for line in checked(&known, &chunk) {
            auditor.take(line);
        }
    }
}

/// Checks each line by itself, on all processors.
fn checked(known: &KnownKeys, lines: &[Vec<u8>]) -> Vec<CheckedLine> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let parts: Vec<_> = lines
            .chunks(lines.len().div_ceil(threads))
            .map(|part| {
                scope.spawn(|| {
                    part.iter().map(|line| CheckedLine::check_with(known, line)).collect::<Vec<_>>()
                })
            })
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
