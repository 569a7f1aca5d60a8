//! `export`.

use super::CommandResult;
use super::progress::bar;
use crate::commit::{Log, Options};
use crate::export::{Lines, Remote};
use crate::keys::PrivateKey;
use clap::{ArgGroup, Args};
use delistening_schema::export::Line;
use delistening_schema::ledger::{Checkpoint, LogSigner};
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Writes everything that the log commits to into a file, for an audit or another system. A file that an earlier
/// export has begun is continued.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("source").required(true).args(["data", "url"]))]
pub struct ExportOptions {
    /// The folder of a server that is not running
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The log's private key, if it is not in that folder
    #[arg(long, value_name = "FILE", requires = "data")]
    log_key: Option<PathBuf>,
    /// A running server
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A service token with the scope export:read
    #[arg(long, env = "DELISTENING_TOKEN", value_name = "TOKEN", hide_env_values = true, default_value = "")]
    token: String,
    /// Where to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl ExportOptions {
    pub fn run(self) -> CommandResult {
        let (mut file, from) =
            continued(&self.out).map_err(|error| format!("{}: {error}", self.out.display()))?;
        let to = match (&self.data, &self.url) {
            (Some(data), _) => from_folder(data, self.log_key.as_deref(), from, &mut file)?,
            (None, Some(url)) => {
                let remote = Remote::new(url, self.token)?;
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async {
                    let to = remote.size().await?;
                    let bar = bar(to);
                    remote.fetch(from, to, BufWriter::new(&mut file), |at| bar.set_position(at)).await?;
                    bar.finish_and_clear();
                    Ok::<u64, String>(to)
                })?
            }
            (None, None) => unreachable!("the group is required"),
        };
        file.sync_all()?;
        println!("{} entries, {} of them new, in {}", to, to.saturating_sub(from), self.out.display());
        Ok(())
    }
}

fn from_folder(
    data: &Path,
    key: Option<&Path>,
    from: u64,
    file: &mut File,
) -> Result<u64, Box<dyn std::error::Error>> {
    let key = PrivateKey::read(key.unwrap_or(&data.join("log-key.json")))?;
    let origin = Log::origin_of(data)?.ok_or("the folder holds no log that was signed")?;
    let signer = LogSigner::new(origin, key.secret()).map_err(|error| error.to_string())?;
    let log = Log::open(data, signer, &Options::default())?;
    let to = log.size();
    let bar = bar(to);
    let lines =
        Lines::new(&log, from.min(to), to)?.ok_or("the log is shorter than the file that was begun")?;
    let mut out = BufWriter::new(file);
    if from < to {
        for line in lines {
            writeln!(out, "{}", line?)?;
            bar.inc(1);
        }
    }
    out.flush()?;
    bar.finish_and_clear();
    Ok(to)
}

/// Opens the file, cut behind its last whole range, and gives the index at which the next one begins.
fn continued(path: &Path) -> std::io::Result<(File, u64)> {
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
    let (mut from, mut to, mut end, mut at) = (0, 0, 0, 0);
    let mut reader = BufReader::new(&file);
    let mut line = String::new();
    loop {
        line.clear();
        let length = reader.read_line(&mut line)?;
        if length == 0 || !line.ends_with('\n') {
            break;
        }
        at += length as u64;
        match Line::parse(line.trim_end()) {
            Ok(Line::Header(header)) => to = header.to,
            Ok(Line::Footer(footer)) if Checkpoint::unverified(&footer.checkpoint).is_ok() => {
                (from, end) = (to, at);
            }
            Ok(Line::Footer(_) | Line::Row(_)) => {}
            Err(error) => return Err(std::io::Error::other(format!("is not an export: {error}"))),
        }
    }
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    Ok((file, from))
}
