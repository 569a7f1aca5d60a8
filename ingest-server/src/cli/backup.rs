//! `backup` and `restore`.

use super::CommandResult;
use super::doctor::examine;
use crate::commit::Hold;
use crate::config::ArchiveSettings;
use crate::folder::{Copied, copy};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};

/// Copies what cannot be made again out of a data folder, while a server runs or not, and checks the copy. Into a copy
/// that is there already goes only what has changed. Keys are not in it.
#[derive(Args, Debug)]
pub struct BackupOptions {
    /// The data folder
    #[arg(long, env = "DELISTENING_DATA", value_name = "DIR")]
    data: PathBuf,
    /// Where the copy is, or will be
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// The folder's archive, to have what was moved there checked as well; it is not copied
    #[command(flatten)]
    archive: ArchiveSettings,
    /// The configuration file, for the folder and its archive
    #[arg(long, env = "DELISTENING_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl BackupOptions {
    pub fn run(self) -> CommandResult {
        copy_and_check(&self.data, &self.to, &self.archive)
    }
}

/// Makes a data folder of a copy that `backup` made, and checks it. What is derived is made anew by the first start.
#[derive(Args, Debug)]
pub struct RestoreOptions {
    /// Where the copy is
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The data folder, which must be empty, or not be there
    #[arg(long, env = "DELISTENING_DATA", value_name = "DIR")]
    data: PathBuf,
    /// The folder's archive, to have what was moved there checked as well
    #[command(flatten)]
    archive: ArchiveSettings,
    /// The configuration file, for the folder and its archive
    #[arg(long, env = "DELISTENING_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl RestoreOptions {
    pub fn run(self) -> CommandResult {
        let used = fs::read_dir(&self.data).is_ok_and(|mut entries| entries.next().is_some());
        if used {
            let data = self.data.display();
            return Err(format!("--data {data}: it is not empty; restore beside it, and look at both").into());
        }
        if Hold::is_taken(&self.from)? {
            return Err(format!("--from {}: a server runs on it", self.from.display()).into());
        }
        copy_and_check(&self.from, &self.data, &self.archive)
    }
}

fn copy_and_check(from: &Path, to: &Path, archive: &ArchiveSettings) -> CommandResult {
    let archive = archive.check(0)?;
    let Copied { files, fresh } = copy(from, to)?;
    let found = examine(to, None, archive.as_ref());
    if found.wrong() {
        return Err(format!("the copy in {} does not hold what was signed", to.display()).into());
    }
    println!("{} entries in {files} files, {fresh} of them new, in {}", found.signed, to.display());
    Ok(())
}
