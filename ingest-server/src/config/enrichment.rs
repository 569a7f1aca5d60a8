//! What is learned of requests beside what they say.

use super::ConfigError;
use crate::intake::{Clients, Enrichers, GeoIp, Networks};
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Settings of enrichment.
#[derive(Args, Clone, Debug, Default)]
pub struct EnrichmentOptions {
    /// Databases in the format of MMDB files that tell the country and the autonomous system of an address; the address
    /// itself is never kept
    #[arg(long, env = "DELISTENING_GEOIP", value_name = "FILE", value_delimiter = ',')]
    pub geoip: Vec<PathBuf>,

    /// A list of crawlers beside those that are known: a part of a User-Agent on each line
    #[arg(long, env = "DELISTENING_BOTS", value_name = "FILE")]
    pub bots: Option<PathBuf>,
}

impl EnrichmentOptions {
    /// Opens what is to be asked. `data` holds the key that networks are named under; without it they have no names.
    pub fn check(self, data: Option<&PathBuf>) -> Result<Enrichers, ConfigError> {
        let invalid = |setting, path: &Path, reason: String| ConfigError::Invalid {
            setting,
            value: path.display().to_string(),
            reason,
        };
        let mut enrichers = Enrichers::default();
        let clients = match &self.bots {
            Some(path) => Clients::with_bots(
                &std::fs::read_to_string(path).map_err(|error| invalid("bots", path, error.to_string()))?,
            ),
            None => Clients::default(),
        };
        enrichers.push(clients);
        for path in &self.geoip {
            enrichers.push(GeoIp::open(path).map_err(|error| invalid("geoip", path, error.to_string()))?);
        }
        let Some(data) = data else { return Ok(enrichers) };
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let networks =
            Networks::open(data, now_ms).map_err(|error| invalid("data", data, error.to_string()))?;
        enrichers.push(networks);
        Ok(enrichers)
    }
}
