//! `token`.

use super::CommandResult;
use crate::keys::{PrivateKey, TokenRequest};
use clap::Args;
use clap::builder::PossibleValuesParser;
use delistening_schema::key::DeviceId;
use delistening_schema::token::{SCOPE_READ_COUNTS, SCOPE_WRITE_PLAYS, SERVICE_SCOPES};
use delistening_schema::{Hash, limits};
use std::path::PathBuf;
use std::time::SystemTime;

/// Mints an access token: for a device of a listener, or (with --service) for a service.
#[derive(Args, Debug)]
pub struct TokenOptions {
    /// The issuer's private key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The issuer's name
    #[arg(long, value_name = "NAME")]
    issuer: String,
    /// The service it is for
    #[arg(long, value_name = "NAME")]
    audience: String,
    /// The device it is bound to: its key's thumbprint
    #[arg(long, value_name = "ID", requires = "listener", required_unless_present = "service")]
    device: Option<String>,
    /// The listener, by a pseudonym
    #[arg(long, value_name = "ID")]
    listener: Option<String>,
    /// The service that it is for
    #[arg(long, value_name = "NAME", conflicts_with_all = ["device", "listener"])]
    service: Option<String>,
    /// What the service may do
    #[arg(long, value_name = "SCOPE", requires = "service", default_value = SCOPE_READ_COUNTS,
        value_parser = PossibleValuesParser::new(SERVICE_SCOPES))]
    scope: String,
    /// How long it lives, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = limits::TOKEN_LIFE_S)]
    ttl: u64,
}

impl TokenOptions {
    pub fn run(self) -> CommandResult {
        if !(1..=limits::TOKEN_LIFE_S).contains(&self.ttl) {
            return Err(format!("--ttl must be between 1 and {} seconds", limits::TOKEN_LIFE_S).into());
        }
        let device = match self.device {
            Some(id) => {
                let hash = Hash::from_base64url(&id);
                Some(DeviceId(hash.ok_or("--device must be a thumbprint: 43 characters of base64url")?))
            }
            None => None,
        };
        let scope = if device.is_some() { SCOPE_WRITE_PLAYS.to_owned() } else { self.scope };
        let request = TokenRequest {
            issuer: self.issuer,
            audience: self.audience,
            subject: self.listener.or(self.service).unwrap_or_default(),
            scope,
            device,
            life_s: self.ttl,
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        println!("{}", request.sign(&PrivateKey::read(&self.key)?, now));
        Ok(())
    }
}
