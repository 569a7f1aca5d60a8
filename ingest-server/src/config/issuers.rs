//! Who is trusted to issue tokens.

use super::{ConfigError, Missing, ServeOptions, read_or_make};
use crate::auth::{Issuers, Source, read_file};
use crate::keys::PrivateKey;

const DEV_ISSUER: &str = "https://localhost/delistening-dev-issuer";

/// Those who are trusted.
pub(super) struct Trusted {
    /// For as long as this process lives.
    pub issuers: Issuers,
    /// Whose keys may change, and where they are.
    pub sources: Vec<(String, Source)>,
    /// The issuer's name and key, in development.
    pub dev: Option<(String, PrivateKey)>,
}

impl Trusted {
    pub fn read(options: &ServeOptions, missing: Missing) -> Result<Self, ConfigError> {
        let invalid =
            |setting, value: String, reason: String| ConfigError::Invalid { setting, value, reason };
        let mut trusted = Self { issuers: Issuers::default(), sources: Vec::new(), dev: None };
        for (issuer, source) in options.issuer.iter().zip(&options.jwks) {
            let bad = |reason: String| invalid("jwks", source.clone(), reason);
            let source = Source::parse(source).map_err(|reason| bad(reason.into()))?;
            // What can be checked without asking anybody.
            if let Source::File(path) = &source {
                let text = read_file(path).map_err(|error| bad(error.to_string()))?;
                Issuers::default().trust(issuer, &text).map_err(|error| bad(error.to_string()))?;
            }
            trusted.sources.push((issuer.clone(), source));
        }
        if options.dev {
            let path = options.data.join("dev-issuer.json");
            let key = read_or_make(&path, missing)?;
            trusted
                .issuers
                .trust(DEV_ISSUER, &key.jwks())
                .map_err(|error| invalid("dev", path.display().to_string(), error.to_string()))?;
            trusted.dev = Some((DEV_ISSUER.to_owned(), key));
        } else if options.issuer.is_empty() {
            return Err(ConfigError::Missing(
                "issuer",
                "without an issuer and its --jwks no token is good; or try --dev on your own machine",
            ));
        }
        Ok(trusted)
    }
}
