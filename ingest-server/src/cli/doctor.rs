//! `doctor`.

use super::CommandResult;
use super::progress::bar;
use crate::config::ArchiveSettings;
use crate::folder::{Findings, survey};
use crate::journal::ArchiveOptions;
use clap::Args;
use delistening_schema::ledger::LogKey;
use std::path::{Path, PathBuf};

/// Looks through a data folder and says what it finds: that what was signed is there and comes to the root that was
/// signed, and how far everything else is. Changes nothing, and may be run beside a server.
#[derive(Args, Debug)]
pub struct DoctorOptions {
    /// The data folder
    #[arg(long, env = "DELISTENING_DATA", value_name = "DIR")]
    data: PathBuf,
    /// The log's verifier key, to have its signature checked
    #[arg(long, value_name = "VKEY")]
    vkey: Option<String>,
    /// The folder's archive
    #[command(flatten)]
    archive: ArchiveSettings,
    /// The configuration file, for the folder and its archive
    #[arg(long, env = "DELISTENING_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl DoctorOptions {
    pub fn run(self) -> CommandResult {
        let key = self.vkey.as_deref().map(parse).transpose()?;
        let found = examine(&self.data, key.as_ref(), self.archive.check(0)?.as_ref());
        if found.wrong() {
            return Err("the folder does not hold what was promised".into());
        }
        println!("the folder is sound");
        Ok(())
    }
}

pub(super) fn parse(vkey: &str) -> Result<LogKey, String> {
    LogKey::parse(vkey.trim()).map_err(|error| format!("--vkey: {error}"))
}

/// Surveys a folder, and prints what was found.
pub(super) fn examine(data: &Path, key: Option<&LogKey>, archive: Option<&ArchiveOptions>) -> Findings {
    let shown = bar(0);
    let found = survey(data, key, archive, &|done, all| {
        shown.set_length(all);
        shown.set_position(done);
    });
    shown.finish_and_clear();
    for finding in &found.all {
        println!("{finding}");
    }
    found
}
