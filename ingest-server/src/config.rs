//! What `serve` is told, checked before anything is opened: every mistake stops the start with one sentence
//! that names the setting.

mod bounds;
mod clickhouse;
mod enrichment;
mod file;
mod issuers;
mod restart;
mod storage;
mod telemetry;
mod tls;

pub use bounds::{Bounds, BoundsOptions};
pub use clickhouse::ClickHouseOptions;
pub use enrichment::EnrichmentOptions;
pub use file::ConfigFile;
pub use restart::{Restart, RestartOptions};
pub use storage::{ArchiveSettings, StorageOptions};
pub use telemetry::{Collector, LogFormat, Telemetry, TelemetryOptions};
pub use tls::{Tls, TlsOptions};

use crate::auth::{Issuers, Source};
use crate::intake::Enrichers;
use crate::keys::{KeyFileError, PrivateKey};
use crate::ledger::Signers;
use crate::store::clickhouse::Connection;
use crate::witness::Submission;
use axum::http::HeaderValue;
use clap::Args;
use delistening_schema::analysis::Analysis;
use delistening_schema::ledger::{LogSigner, Policy};
use issuers::Trusted;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Settings of `serve`. Flags win over environment variables, and those over the configuration file.
#[derive(Args, Clone, Debug)]
pub struct ServeOptions {
    /// The folder that holds everything: journal, ledger, registry, counts and the log's key
    #[arg(long, env = "DELISTENING_DATA", value_name = "DIR")]
    pub data: PathBuf,

    /// Where to listen; port 0 takes any free one
    #[arg(long, env = "DELISTENING_LISTEN", default_value = "127.0.0.1:8787", value_name = "ADDR")]
    pub listen: String,

    /// The log's name, a URL without scheme that never changes, such as plays.example.com/log
    #[arg(long, env = "DELISTENING_ORIGIN", value_name = "NAME")]
    pub origin: Option<String>,

    /// The service that tokens and batches must be for, the same on all its nodes
    #[arg(long, env = "DELISTENING_AUDIENCE", value_name = "NAME")]
    pub audience: Option<String>,

    /// Who issues tokens (their `iss`); give one --jwks for each
    #[arg(long, env = "DELISTENING_ISSUER", value_name = "NAME", value_delimiter = ',')]
    pub issuer: Vec<String>,

    /// That issuer's public keys as a JWK set: a file or an https URL. Read again on SIGHUP, when a token names a key
    /// that is not known, and every so often
    #[arg(long, env = "DELISTENING_JWKS", value_name = "FILE|URL", value_delimiter = ',')]
    pub jwks: Vec<String>,

    /// How often to read issuers' keys again, in seconds
    #[arg(long, env = "DELISTENING_JWKS_EVERY", value_name = "SECONDS", default_value_t = 300,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub jwks_every: u64,

    /// The log's private key; made in the data folder on the first start if not given
    #[arg(long, env = "DELISTENING_LOG_KEY", value_name = "FILE")]
    pub log_key: Option<PathBuf>,

    /// For handing the log over to another key, the one given as --log-key: the key that it had before. Both sign until
    /// this is left out
    #[arg(long, env = "DELISTENING_PREVIOUS_LOG_KEY", value_name = "FILE")]
    pub previous_log_key: Option<PathBuf>,

    /// Origins whose pages may post and read (CORS); batches carry their own proof, so any by default
    #[arg(
        long,
        env = "DELISTENING_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        default_value = "*",
        value_delimiter = ','
    )]
    pub allow_origin: Vec<String>,

    /// A policy (C2SP tlog-policy) whose witnesses with a URL cosign this log's checkpoints
    #[arg(long, env = "DELISTENING_WITNESS_POLICY", value_name = "FILE")]
    pub witness_policy: Option<PathBuf>,

    /// How long a session's verdict may wait to be entered in the log, in seconds
    #[arg(long, env = "DELISTENING_VERDICTS_AFTER", value_name = "SECONDS", default_value_t = 60)]
    pub verdicts_after: u64,

    /// ClickHouse, if plays are counted there
    #[command(flatten)]
    pub clickhouse: ClickHouseOptions,

    /// TLS
    #[command(flatten)]
    pub tls: TlsOptions,

    /// How clients are bounded
    #[command(flatten)]
    pub bounds: BoundsOptions,

    /// How the journal is kept
    #[command(flatten)]
    pub storage: StorageOptions,

    /// What is learned of requests
    #[command(flatten)]
    pub enrichment: EnrichmentOptions,

    /// Starts and ends
    #[command(flatten)]
    pub restart: RestartOptions,

    /// Logs and traces
    #[command(flatten)]
    pub telemetry: TelemetryOptions,

    /// Serve the dashboard from this folder, instead of the one that the program was built with
    #[arg(long, env = "DELISTENING_DASHBOARD", value_name = "DIR")]
    pub dashboard: Option<PathBuf>,

    /// For development: make keys, and mint tokens for anyone on this machine
    #[arg(long)]
    pub dev: bool,

    /// With --dev: serve this folder at /
    #[arg(long, value_name = "DIR")]
    pub www: Option<PathBuf>,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A setting is missing.
    #[error("--{0} is missing: {1}")]
    Missing(&'static str, &'static str),
    /// A setting cannot be used.
    #[error("--{setting} {value}: {reason}")]
    Invalid {
        /// Which.
        setting: &'static str,
        /// What it was.
        value: String,
        /// Why.
        reason: String,
    },
    /// A key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The key of a log that exists is gone.
    #[error(
        "the log's key {0} is missing, but the data folder holds a log: put the key back, or give it with \
         --log-key; another key cannot go on with this log"
    )]
    LostKey(PathBuf),
}

/// Settings that can be used.
#[derive(Debug)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Who signs checkpoints.
    pub signers: Signers,
    /// The service.
    pub audience: String,
    /// Who is trusted to issue tokens for as long as this process lives.
    pub issuers: Issuers,
    /// Whose keys may change, and where they are.
    pub issuer_sources: Vec<(String, Source)>,
    /// How often they are read again.
    pub issuers_every: Duration,
    /// Whose pages may call.
    pub allow_origins: Vec<HeaderValue>,
    /// Who cosigns checkpoints, and where they are asked.
    pub witnesses: Option<(Policy, Vec<Submission>)>,
    /// How long a verdict may wait to be entered.
    pub verdicts_after: Duration,
    /// What is learned of requests.
    pub enrichers: Enrichers,
    /// What looks like fraud.
    pub analysis: Arc<Analysis>,
    /// TLS, if https is to be served.
    pub tls: Option<Tls>,
    /// The socket that was handed over, if one was.
    pub inherited: Option<TcpListener>,
    /// How the server begins and ends.
    pub restart: Restart,
    /// How clients are bounded.
    pub bounds: Bounds,
    /// How the journal is kept.
    pub log: crate::commit::Options,
    /// Where plays are counted, if not in the data folder.
    pub clickhouse: Option<Connection>,
    /// The issuer's name and key, in development.
    pub dev: Option<(String, PrivateKey)>,
    /// The dashboard's folder, if not the one that the program was built with.
    pub dashboard: Option<PathBuf>,
    /// A folder to serve, in development.
    pub www: Option<PathBuf>,
}

const DEV_ORIGIN: &str = "localhost/delistening-dev";
const DEV_AUDIENCE: &str = "delistening-dev";

impl ConfigError {
    /// The setting that it is about, if it is about one.
    pub fn setting(&self) -> Option<&'static str> {
        match self {
            Self::Missing(setting, _) | Self::Invalid { setting, .. } => Some(setting),
            Self::Key(_) | Self::LostKey(_) => None,
        }
    }
}

/// Whether a check may make what is missing: the data folder and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Make,
    Leave,
}

impl ServeOptions {
    /// Checks the settings, and makes what `serve` may make: the data folder and the log's key.
    pub fn check(self) -> Result<Config, ConfigError> {
        self.check_and(Missing::Make)
    }

    /// Checks the settings, and touches nothing.
    pub fn try_out(self) -> Result<(), ConfigError> {
        self.check_and(Missing::Leave).map(drop)
    }

    fn check_and(self, missing: Missing) -> Result<Config, ConfigError> {
        let invalid = |setting, value: &dyn std::fmt::Display, reason: String| ConfigError::Invalid {
            setting,
            value: value.to_string(),
            reason,
        };
        let listen: SocketAddr = self.listen.parse().map_err(|_| {
            invalid("listen", &self.listen, "it must be an address and a port, such as 127.0.0.1:8787".into())
        })?;
        if self.dev && !listen.ip().is_loopback() {
            let reason =
                "with --dev the server mints tokens for anyone and listens on 127.0.0.1 or [::1] only";
            return Err(invalid("listen", &self.listen, reason.into()));
        }
        if self.previous_log_key.is_some() && self.log_key.is_none() {
            return Err(ConfigError::Missing("log-key", "it goes with --previous-log-key"));
        }
        if self.www.is_some() && !self.dev {
            return Err(ConfigError::Missing("dev", "it goes with --www"));
        }
        if self.issuer.len() != self.jwks.len() {
            return Err(ConfigError::Missing("jwks", "give one --jwks for each --issuer"));
        }
        for (setting, folder) in [("www", &self.www), ("dashboard", &self.dashboard)] {
            if let Some(folder) = folder.as_ref().filter(|folder| !folder.is_dir()) {
                return Err(invalid(setting, &folder.display(), "it is not a folder".into()));
            }
        }
        let folder = match missing {
            Missing::Make => std::fs::create_dir_all(&self.data),
            Missing::Leave => storage::could_be_made(&self.data),
        };
        folder.map_err(|error| invalid("data", &self.data.display(), error.to_string()))?;
        let origin = or_dev(self.origin.clone(), self.dev, DEV_ORIGIN).ok_or(ConfigError::Missing(
            "origin",
            "it names the log in every receipt, for example plays.example.com/log",
        ))?;
        let audience = or_dev(self.audience.clone(), self.dev, DEV_AUDIENCE).ok_or(ConfigError::Missing(
            "audience",
            "it is the `aud` of every token and batch, for example https://plays.example.com",
        ))?;
        let Trusted { issuers, sources: issuer_sources, dev } = Trusted::read(&self, missing)?;
        let signer = |key: &PrivateKey| {
            LogSigner::new(origin.clone(), key.secret())
                .map_err(|_| invalid("origin", &origin, "it must be a name without spaces or +".into()))
        };
        let current = signer(&log_key(&self.data, self.log_key.as_deref(), missing)?)?;
        let signers = match &self.previous_log_key {
            Some(path) => Signers::handing_over(signer(&PrivateKey::read(path)?)?, current),
            None => current.into(),
        };
        let allow_origins = allowed(&self.allow_origin)?;
        let witnesses = self.witness_policy.as_deref().map(witnesses).transpose()?;
        let bounds = self.bounds.check()?;
        self.telemetry.check()?;
        let tls = self.tls.check()?;
        let log = match missing {
            Missing::Make => self.storage.check()?,
            Missing::Leave => self.storage.try_out()?,
        };
        let clickhouse = self.clickhouse.check()?;
        let enrichers = self.enrichment.check((missing == Missing::Make).then_some(&self.data))?;
        Ok(Config {
            data: self.data,
            listen,
            signers,
            audience,
            issuers,
            issuer_sources,
            issuers_every: Duration::from_secs(self.jwks_every),
            allow_origins,
            witnesses,
            verdicts_after: Duration::from_secs(self.verdicts_after),
            clickhouse,
            enrichers,
            analysis: Arc::new(Analysis::v1()),
            tls,
            inherited: None,
            restart: self.restart.read(),
            bounds,
            log,
            dev,
            dashboard: self.dashboard,
            www: self.www,
        })
    }
}

fn allowed(origins: &[String]) -> Result<Vec<HeaderValue>, ConfigError> {
    let header = |value: &String| {
        HeaderValue::from_str(value).map_err(|_| ConfigError::Invalid {
            setting: "allow-origin",
            value: value.clone(),
            reason: "it must be an origin, or *".into(),
        })
    };
    origins.iter().map(header).collect()
}

fn witnesses(path: &Path) -> Result<(Policy, Vec<Submission>), ConfigError> {
    let invalid = |reason: String| ConfigError::Invalid {
        setting: "witness-policy",
        value: path.display().to_string(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| invalid(error.to_string()))?;
    let policy = Policy::parse(&text).map_err(|error| invalid(error.to_string()))?;
    let with_url =
        policy.witnesses().filter_map(|(name, witness)| Some((name, witness, witness.url.as_ref()?)));
    let submissions = with_url.map(|(name, witness, url)| {
        Submission::new(name, witness.key.clone(), url)
            .ok_or_else(|| invalid(format!("the URL of witness {name} is not an http or https URL")))
    });
    let submissions: Vec<_> = submissions.collect::<Result<_, _>>()?;
    if submissions.is_empty() {
        return Err(invalid("no witness in it has a URL to submit checkpoints to".into()));
    }
    Ok((policy, submissions))
}

fn or_dev(value: Option<String>, dev: bool, default: &str) -> Option<String> {
    value.filter(|value| !value.is_empty()).or_else(|| dev.then(|| default.to_owned()))
}

fn log_key(data: &Path, given: Option<&Path>, missing: Missing) -> Result<PrivateKey, ConfigError> {
    if let Some(path) = given {
        return Ok(PrivateKey::read(path)?);
    }
    let path = data.join("log-key.json");
    if !path.exists() && data.join("ledger").join("signed").exists() {
        return Err(ConfigError::LostKey(path));
    }
    Ok(read_or_make(&path, missing)?)
}

fn read_or_make(path: &Path, missing: Missing) -> Result<PrivateKey, KeyFileError> {
    if path.exists() {
        return PrivateKey::read(path);
    }
    let failed = |error| KeyFileError::Io { path: path.to_owned(), what: "written", error };
    let key = PrivateKey::generate().map_err(failed)?;
    if missing == Missing::Make {
        key.write(path)?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests;
