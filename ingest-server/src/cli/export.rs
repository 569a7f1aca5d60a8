//! `export`.

use super::CommandResult;
use super::progress::bar;
use crate::commit::{Log, Options};
use crate::config::ArchiveSettings;
use crate::export::{self, Format, Lines, Range, Remote, ranges};
use crate::keys::PrivateKey;
use clap::{ArgGroup, Args};
use delistening_schema::export::Line;
use delistening_schema::ledger::{Checkpoint, LogSigner};
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// Writes everything that the log commits to, for an audit or another system. What an earlier export has begun is
/// continued.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("source").required(true).args(["data", "url"]))]
pub struct ExportOptions {
    /// The folder of a server that is not running
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The log's private key, if it is not in that folder
    #[arg(long, value_name = "FILE", requires = "data")]
    log_key: Option<PathBuf>,
    /// The folder's archive
    #[command(flatten)]
    archive: ArchiveSettings,
    /// A running server
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A service token with the scope export:read
    #[arg(long, env = "DELISTENING_TOKEN", value_name = "TOKEN", hide_env_values = true, default_value = "")]
    token: String,
    /// How to write it: all ranges in one file, or a file for each range in a folder
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Where to write: a file, or for Parquet a folder
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
}

impl ExportOptions {
    pub fn run(self) -> CommandResult {
        let source = match (&self.data, &self.url) {
            (Some(data), _) => Source::folder(data, self.log_key.as_deref(), &self.archive)?,
            (None, Some(url)) => Source::server(url, self.token)?,
            (None, None) => unreachable!("the group is required"),
        };
        let to = source.size()?;
        let fresh = match self.format {
            Format::Ndjson => into_file(&self.out, &source, to),
            Format::Parquet => into_folder(&self.out, &source, to),
        };
        let fresh = fresh.map_err(|error| format!("{}: {error}", self.out.display()))?;
        println!("{to} entries, {fresh} of them new, in {}", self.out.display());
        Ok(())
    }
}

/// Where an export comes from.
enum Source {
    Folder(Box<Log>),
    Server(Box<Remote>, Runtime),
}

impl Source {
    fn folder(data: &Path, key: Option<&Path>, archive: &ArchiveSettings) -> Result<Self, Box<dyn Error>> {
        let archive = archive.check(usize::MAX)?;
        let key = PrivateKey::read(key.unwrap_or(&data.join("log-key.json")))?;
        let origin = Log::origin_of(data)?.ok_or("the folder holds no log that was signed")?;
        let signer = LogSigner::new(origin, key.secret()).map_err(|error| error.to_string())?;
        Ok(Self::Folder(Box::new(Log::open(data, signer, &Options { archive, ..Options::default() })?)))
    }

    fn server(url: &str, token: String) -> Result<Self, Box<dyn Error>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self::Server(Box::new(Remote::new(url, token)?), runtime))
    }

    fn size(&self) -> Result<u64, Box<dyn Error>> {
        match self {
            Self::Folder(log) => Ok(log.size()),
            Self::Server(remote, runtime) => Ok(runtime.block_on(remote.size())?),
        }
    }

    fn write(
        &self,
        from: u64,
        to: u64,
        format: Format,
        mut out: impl Write + Send,
    ) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Server(remote, runtime) => Ok(runtime.block_on(remote.fetch(from, to, format, out))?),
            Self::Folder(log) => {
                let range = Range::new(log, from, to)?.ok_or("the log is shorter")?;
                match format {
                    Format::Ndjson => {
                        for line in Lines::from(range) {
                            writeln!(out, "{}", line?)?;
                        }
                        Ok(())
                    }
                    Format::Parquet => Ok(export::write(range, out)?),
                }
            }
        }
    }
}

/// Continues a file of lines; gives how many entries are new in it.
fn into_file(path: &Path, source: &Source, to: u64) -> Result<u64, Box<dyn Error>> {
    let (file, from) = continued(path)?;
    let fresh = to.checked_sub(from).ok_or("the log is shorter than the export that was begun")?;
    let bar = bar(to);
    let mut out = BufWriter::new(&file);
    for (begin, end) in ranges(from, to) {
        source.write(begin, end, Format::Ndjson, &mut out)?;
        bar.set_position(end);
    }
    out.flush()?;
    drop(out);
    file.sync_all()?;
    bar.finish_and_clear();
    Ok(fresh)
}

/// Opens the file, cut behind its last whole range, and gives the index at which the next one begins.
fn continued(path: &Path) -> io::Result<(File, u64)> {
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
            Err(error) => return Err(io::Error::other(format!("it is not an export: {error}"))),
        }
    }
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    Ok((file, from))
}

/// Adds files to a folder, each whole or not there; gives how many entries are new in it.
fn into_folder(folder: &Path, source: &Source, to: u64) -> Result<u64, Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let mut from = 0;
    for (path, range) in tables(folder)? {
        match range {
            Some((begin, end)) if begin == from => from = end,
            _ => return Err(format!("{} does not follow what is before it", path.display()).into()),
        }
    }
    let fresh = to.checked_sub(from).ok_or("the log is shorter than the export that was begun")?;
    let bar = bar(to);
    for (begin, end) in ranges(from, to) {
        let (part, whole) =
            (folder.join("part"), folder.join(format!("entries-{begin:012}-{end:012}.parquet")));
        let file = File::create(&part)?;
        source.write(begin, end, Format::Parquet, BufWriter::new(&file))?;
        file.sync_all()?;
        fs::rename(&part, whole)?;
        File::open(folder)?.sync_all()?;
        bar.set_position(end);
    }
    bar.finish_and_clear();
    Ok(fresh)
}

/// A file, and the range that its name tells.
type Named = (PathBuf, Option<(u64, u64)>);

/// The Parquet files of a folder in their order, with the ranges that their names tell.
pub(super) fn tables(folder: &Path) -> io::Result<Vec<Named>> {
    let mut tables = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "parquet") {
            let range = path.file_stem().and_then(|name| {
                let (from, to) = name.to_str()?.strip_prefix("entries-")?.split_once('-')?;
                Some((from.parse().ok()?, to.parse().ok()?))
            });
            tables.push((path, range));
        }
    }
    tables.sort();
    Ok(tables)
}
