//! How the journal is kept, here and in an archive.

use super::ConfigError;
use crate::commit::Options;
use crate::journal::{ArchiveOptions, ArchivePlace, BadPlace, BucketSettings};
use clap::Args;

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
    /// and credentials in `AWS_ENDPOINT`, `AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`
    #[arg(long, env = "DELISTENING_ARCHIVE", value_name = "URL")]
    pub archive: Option<String>,

    /// How many MiB of segments that were fetched from the archive are kept
    #[arg(long, env = "DELISTENING_ARCHIVE_CACHE", value_name = "MIB", default_value_t = 1024)]
    pub archive_cache: u64,
}

/// Smaller ones would be files for next to nothing, larger ones take long to scan at a start.
const SEGMENT_BYTES: std::ops::RangeInclusive<u64> = 64 * 1024..=4 * 1024 * 1024 * 1024;

impl Default for StorageOptions {
    fn default() -> Self {
        let archive = ArchiveSettings { archive: None, archive_cache: 1024 };
        Self { segment_bytes: 64 * 1024 * 1024, archive, archive_keep: 16 }
    }
}

impl ArchiveSettings {
    /// Checks them; `keep` of the newest complete segments are not moved.
    pub fn check(&self, keep: usize) -> Result<Option<ArchiveOptions>, ConfigError> {
        let Some(archive) = self.archive.as_deref().filter(|archive| !archive.is_empty()) else {
            return Ok(None);
        };
        let invalid =
            |reason: String| ConfigError::Invalid { setting: "archive", value: archive.to_owned(), reason };
        let place: ArchivePlace = archive.parse().map_err(|error: BadPlace| invalid(error.to_string()))?;
        let place = place.with_settings(BucketSettings::from_variables(std::env::vars()));
        // What is missing in the environment is said now, not when the first segment is moved.
        place.open().map_err(|error| invalid(error.to_string()))?;
        Ok(Some(ArchiveOptions { place, keep, cache_bytes: self.archive_cache.saturating_mul(1024 * 1024) }))
    }
}

impl StorageOptions {
    pub(super) fn check(&self) -> Result<Options, ConfigError> {
        if !SEGMENT_BYTES.contains(&self.segment_bytes) {
            return Err(ConfigError::Invalid {
                setting: "segment-bytes",
                value: self.segment_bytes.to_string(),
                reason: "it must be between 65536 (64 KiB) and 4294967296 (4 GiB)".into(),
            });
        }
        let archive = self.archive.check(self.archive_keep)?;
        Ok(Options { segment_bytes: self.segment_bytes, archive, ..Options::default() })
    }
}
