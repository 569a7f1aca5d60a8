//! The country and the autonomous system of an address, from a database in `MaxMind`'s format that the operator supplies.

use super::{Enricher, Visit};
use delistening_schema::IntakeContext;
use maxminddb::{Reader, path};
use std::path::Path;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GeoIpError {
    /// It cannot be read, or is in another format.
    #[error("it cannot be read as a MaxMind database: {0}")]
    Unreadable(#[from] maxminddb::MaxMindDbError),
}

/// One database. Those with countries and those with autonomous systems are usually two.
#[derive(Debug)]
pub struct GeoIp(Reader<Vec<u8>>);

impl GeoIp {
    /// Reads a database into memory.
    pub fn open(path: &Path) -> Result<Self, GeoIpError> {
        Ok(Self(Reader::open_readfile(path)?))
    }
}

impl Enricher for GeoIp {
    fn enrich(&self, visit: &Visit<'_>, context: &mut IntakeContext) {
        // What a database cannot say stays unsaid.
        let Ok(found) = self.0.lookup(visit.address.to_canonical()) else { return };
        let country = [path!["country", "iso_code"], path!["registered_country", "iso_code"]]
            .into_iter()
            .find_map(|path| found.decode_path::<&str>(&path).ok().flatten())
            .filter(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()));
        if let Some(country) = country {
            context.country = Some(country.to_owned());
        }
        if let Ok(Some(asn)) = found.decode_path::<u32>(&path!["autonomous_system_number"]) {
            context.asn = Some(asn);
        }
    }
}
