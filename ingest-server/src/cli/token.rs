//! `token`.

use super::CommandResult;
use crate::keys::{PrivateKey, TokenRequest};
use clap::Args;
use clap::builder::{ArgPredicate, PossibleValuesParser};
use delistening_schema::key::DeviceId;
use delistening_schema::token::{SCOPE_READ_COUNTS, SCOPE_WRITE_PLAYS, SERVICE_SCOPES};
use delistening_schema::{Hash, limits};
use reqwest::Url;
use std::path::PathBuf;
use std::time::SystemTime;

/// Mints an access token: for a device of a listener, or (with --service) for a service; or a link to the dashboard
/// (with --share) for whoever may read counts and nothing else.
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
    #[arg(long, value_name = "ID", requires = "listener", required_unless_present_any = ["service", "share"])]
    device: Option<String>,
    /// The listener, by a pseudonym
    #[arg(long, value_name = "ID")]
    listener: Option<String>,
    /// The service that it is for
    #[arg(long, value_name = "NAME", conflicts_with_all = ["device", "listener"])]
    service: Option<String>,
    /// What the service may do; may be given more than once
    #[arg(long, value_name = "SCOPE", requires = "service", default_values = [SCOPE_READ_COUNTS],
        value_delimiter = ',', value_parser = PossibleValuesParser::new(SERVICE_SCOPES))]
    scope: Vec<String>,
    /// The server's address; prints a link to its dashboard instead of a token
    #[arg(long, value_name = "URL", conflicts_with_all = ["device", "listener", "service"])]
    share: Option<Url>,
    /// How long it lives, in seconds: at most 900, or 90 days with --share
    #[arg(long, value_name = "SECONDS", default_value_t = limits::TOKEN_LIFE_S,
        default_value_if("share", ArgPredicate::IsPresent, "2592000"))]
    ttl: u64,
}

impl TokenOptions {
    pub fn run(self) -> CommandResult {
        let most = if self.share.is_some() { limits::SHARE_LIFE_S } else { limits::TOKEN_LIFE_S };
        if !(1..=most).contains(&self.ttl) {
            return Err(format!("--ttl must be between 1 and {most} seconds").into());
        }
        let device = match self.device {
            Some(id) => {
                let hash = Hash::from_base64url(&id);
                Some(DeviceId(hash.ok_or("--device must be a thumbprint: 43 characters of base64url")?))
            }
            None => None,
        };
        let scope = match (&device, &self.share) {
            (Some(_), _) => SCOPE_WRITE_PLAYS.to_owned(),
            (None, Some(_)) => SCOPE_READ_COUNTS.to_owned(),
            (None, None) => self.scope.join(" "),
        };
        let request = TokenRequest {
            issuer: self.issuer,
            audience: self.audience,
            subject: self.listener.or(self.service).unwrap_or_else(|| "share".to_owned()),
            scope,
            device,
            life_s: self.ttl,
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let key = PrivateKey::read(&self.key)?;
        match self.share {
            // Behind the #, which browsers send to nobody.
            Some(server) => {
                let dashboard = server.join("/dashboard/")?;
                println!("{dashboard}#share={}", request.sign_share(&key, now));
            }
            None => println!("{}", request.sign(&key, now)),
        }
        Ok(())
    }
}
