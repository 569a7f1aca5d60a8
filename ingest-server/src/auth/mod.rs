//! Access tokens: which issuers are trusted, and what a token lets its bearer do.

mod cache;
mod jwks;
mod keyring;

pub use jwks::{Issuers, JwksError};
pub use keyring::{Keyring, KeyringError, Source, SourceError, read_file};

use cache::Cache;
use delistening_schema::DeviceId;
use delistening_schema::problem::{Code, Problem};
use delistening_schema::token::{Claims, SCOPE_READ_COUNTS, SCOPE_WRITE_PLAYS, TokenError};
use std::sync::Arc;

/// Verifies tokens for one audience.
#[derive(Debug)]
pub struct Authority {
    audience: String,
    keyring: Arc<Keyring>,
    cache: Cache,
}

/// A token that lets a device send a listener's plays.
#[derive(Clone, Debug)]
pub struct DeviceToken {
    /// What it says.
    pub claims: Arc<Claims>,
    /// The device it is bound to.
    pub device: DeviceId,
}

impl Authority {
    /// Trusts the issuers of `keyring` for tokens made for `audience`.
    pub fn new(audience: String, keyring: Arc<Keyring>) -> Self {
        Self { audience, keyring, cache: Cache::default() }
    }

    /// The service that tokens and batches must be for.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Checks a device's token at `now` (seconds since 1970).
    pub fn device(&self, token: &str, now: u64) -> Result<DeviceToken, Problem> {
        let claims = self.verify(token, now, SCOPE_WRITE_PLAYS)?;
        match &claims.cnf {
            Some(confirmation) => Ok(DeviceToken { device: confirmation.jkt, claims }),
            None => Err(Problem::new(
                Code::BadToken,
                "the token is not bound to a device; the issuer must put its thumbprint into cnf.jkt",
            )),
        }
    }

    /// Checks the token of a service that needs `scope`.
    pub fn service(&self, token: &str, scope: &str, now: u64) -> Result<Arc<Claims>, Problem> {
        self.verify(token, now, scope)
    }

    /// Checks the token of whoever reads counts: that of a service, or of a share link.
    pub fn reader(&self, token: &str, now: u64) -> Result<Arc<Claims>, Problem> {
        if !Claims::is_share(token) {
            return self.service(token, SCOPE_READ_COUNTS, now);
        }
        let issuers = self.keyring.issuers();
        let find = |issuer: &str, kid: Option<&str>| issuers.find(issuer, kid);
        let claims = Claims::verify_share(token, &self.audience, now, find).map_err(|error| match error {
            TokenError::Expired => {
                let detail = "the share link has expired; ask whoever gave it to you for a new one";
                Problem::new(Code::ExpiredToken, detail)
            }
            other => problem(other),
        })?;
        permit(&claims, SCOPE_READ_COUNTS)?;
        Ok(Arc::new(claims))
    }

    fn verify(&self, token: &str, now: u64, scope: &str) -> Result<Arc<Claims>, Problem> {
        let claims = if let Some(claims) = self.cache.get(token) {
            claims.check_times(now).map_err(problem)?;
            claims
        } else {
            let issuers = self.keyring.issuers();
            let find = |issuer: &str, kid: Option<&str>| issuers.find(issuer, kid);
            let claims = Claims::verify(token, &self.audience, now, find).map_err(|error| {
                if error == TokenError::UnknownKey {
                    self.keyring.miss();
                }
                problem(error)
            })?;
            self.cache.insert(token, claims)
        };
        permit(&claims, scope)?;
        Ok(claims)
    }
}

fn permit(claims: &Claims, scope: &str) -> Result<(), Problem> {
    if claims.allows(scope) {
        return Ok(());
    }
    Err(Problem::new(Code::InsufficientScope, format!("the token's scope must include {scope}")))
}

fn problem(error: TokenError) -> Problem {
    match error {
        TokenError::Expired => {
            Problem::new(Code::ExpiredToken, "the token has expired; get a new one and send the same again")
        }
        other => Problem::new(Code::BadToken, format!("{other}; get a new token from the platform")),
    }
}
