//! How the journal is kept on the disk.

use super::ConfigError;
use crate::commit::Options;
use clap::Args;

/// Settings of `serve` about the journal.
#[derive(Args, Clone, Debug)]
pub struct StorageOptions {
    /// A new segment of the journal begins when the present one has so many bytes; the others are compressed
    #[arg(long, env = "DELISTENING_SEGMENT_BYTES", value_name = "BYTES", default_value_t = 64 * 1024 * 1024)]
    pub segment_bytes: u64,
}

/// Smaller ones would be files for next to nothing, larger ones take long to scan at a start.
const SEGMENT_BYTES: std::ops::RangeInclusive<u64> = 64 * 1024..=4 * 1024 * 1024 * 1024;

impl Default for StorageOptions {
    fn default() -> Self {
        Self { segment_bytes: 64 * 1024 * 1024 }
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
        Ok(Options { segment_bytes: self.segment_bytes, ..Options::default() })
    }
}
