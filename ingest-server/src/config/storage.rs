//! How the journal is kept, here and in an archive.

use super::ConfigError;
use crate::commit::Options;
use crate::journal::{ArchiveOptions, ArchivePlace, BadPlace, BucketSettings};
use clap::Args;
use rustix::fs::{Access, access};
use std::io;
use std::path::Path;

/// Settings of `serve` about the journal.
#[derive(Args, Clone, Debug)]
pub struct StorageOptions {
    /// A new segment of the journal begins when the present one has so many bytes; the others are compressed
    #[arg(long, env = "DELISTENING_SEGMENT_BYTES", value_name = "BYTES", default_value_t = 64 * 1024 * 1024)]
    pub segment_bytes: u64,

    /// Where older segments are moved to
    #[command(flatten)]
    pub archive: ArchiveSettings,

    /// How many of the newest complete segments are not moved to the archive
    #[arg(long, env = "DELISTENING_ARCHIVE_KEEP", value_name = "SEGMENTS", default_value_t = 16)]
    pub archive_keep: usize,
}

/// Where the archive is: for every command that reads a data folder.
#[derive(Args, Clone, Debug)]
pub struct ArchiveSettings {
    /// Where older segments of the journal are moved to: `file:///FOLDER` or `s3://BUCKET/PREFIX`, with endpoint, region
    /// and credentials in `AWS_ENDPOINT`, `AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or with `_FILE`
    /// behind the name of a credential, in the file that it names
    #[arg(long, env = "DELISTENING_ARCHIVE", value_name = "URL")]
    pub archive: Option<String>,

    /// How many MiB of segments that were fetched from the archive are kept
    #[arg(long, env = "DELISTENING_ARCHIVE_CACHE", value_name = "MIB", default_value_t = 1024)]
    pub archive_cache: u64,
}

/// Smaller ones would be files for next to nothing, larger ones take long to scan at a start.
const SEGMENT_BYTES: std::ops::RangeInclusive<u64> = 64 * 1024..=4 * 1024 * 1024 * 1024;

impl ArchiveSettings {
    /// Checks them; `keep` of the newest complete segments are not moved.
    pub fn check(&self, keep: usize) -> Result<Option<ArchiveOptions>, ConfigError> {
        let Some(options) = self.read(keep)? else { return Ok(None) };
        // What is missing in the environment is said now, not when the first segment is moved.
        options.place.open().map_err(|error| self.invalid(error.to_string()))?;
        Ok(Some(options))
    }

    /// Checks them without making a folder.
    fn try_out(&self, keep: usize) -> Result<Option<ArchiveOptions>, ConfigError> {
        match self.read(keep)? {
            Some(ArchiveOptions { place: ArchivePlace::Folder(folder), .. }) => {
                could_be_made(&folder).map(|()| None).map_err(|error| self.invalid(error.to_string()))
            }
            _ => self.check(keep),
        }
    }

    fn invalid(&self, reason: String) -> ConfigError {
        let value = self.archive.clone().unwrap_or_default();
        ConfigError::Invalid { setting: "archive", value, reason }
    }

    fn read(&self, keep: usize) -> Result<Option<ArchiveOptions>, ConfigError> {
        let Some(archive) = self.archive.as_deref().filter(|archive| !archive.is_empty()) else {
            return Ok(None);
        };
        let place: ArchivePlace =
            archive.parse().map_err(|error: BadPlace| self.invalid(error.to_string()))?;
        let variables = with_files(std::env::vars().collect()).map_err(|reason| self.invalid(reason))?;
        let place = place.with_settings(BucketSettings::from_variables(variables));
        Ok(Some(ArchiveOptions { place, keep, cache_bytes: self.archive_cache.saturating_mul(1024 * 1024) }))
    }
}

/// Whether the folder is there and can be written, or could be made.
pub(super) fn could_be_made(folder: &Path) -> io::Result<()> {
    let present =
        folder.ancestors().find(|ancestor| ancestor.exists()).filter(|path| !path.as_os_str().is_empty());
    let present = present.unwrap_or(Path::new("."));
    if !present.is_dir() {
        return Err(rustix::io::Errno::NOTDIR.into());
    }
    Ok(access(present, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// Credentials that may stand in files: `AWS_SECRET_ACCESS_KEY_FILE` names that of `AWS_SECRET_ACCESS_KEY`.
const IN_FILES: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

fn with_files(mut variables: Vec<(String, String)>) -> Result<Vec<(String, String)>, String> {
    for name in IN_FILES {
        let file = format!("{name}_FILE");
        let Some(path) = variables.iter().find_map(|(name, value)| (*name == file).then(|| value.clone()))
        else {
            continue;
        };
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{file} {path}: {error}"))?;
        variables.retain(|(present, _)| present != name);
        variables.push((name.to_owned(), text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    Ok(variables)
}

impl StorageOptions {
    pub(super) fn check(&self) -> Result<Options, ConfigError> {
        self.with_archive(self.archive.check(self.archive_keep)?)
    }

    pub(super) fn try_out(&self) -> Result<Options, ConfigError> {
        self.with_archive(self.archive.try_out(self.archive_keep)?)
    }

    fn with_archive(&self, archive: Option<ArchiveOptions>) -> Result<Options, ConfigError> {
        if !SEGMENT_BYTES.contains(&self.segment_bytes) {
            return Err(ConfigError::Invalid {
                setting: "segment-bytes",
                value: self.segment_bytes.to_string(),
                reason: "it must be between 65536 (64 KiB) and 4294967296 (4 GiB)".into(),
            });
        }
        Ok(Options { segment_bytes: self.segment_bytes, archive, ..Options::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_may_stand_in_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "hush\n").unwrap();
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let given = vec![
            variable("AWS_SECRET_ACCESS_KEY", "old"),
            variable("AWS_SECRET_ACCESS_KEY_FILE", path.to_str().unwrap()),
            variable("AWS_REGION", "auto"),
        ];
        let read = with_files(given).unwrap();
        assert!(read.contains(&variable("AWS_SECRET_ACCESS_KEY", "hush")));
        assert!(read.contains(&variable("AWS_REGION", "auto")));
        assert_eq!(read.iter().filter(|(name, _)| name == "AWS_SECRET_ACCESS_KEY").count(), 1);
        let error = with_files(vec![variable("AWS_ACCESS_KEY_ID_FILE", "nowhere")]).unwrap_err();
        assert!(error.starts_with("AWS_ACCESS_KEY_ID_FILE nowhere: "), "{error}");
    }
}
