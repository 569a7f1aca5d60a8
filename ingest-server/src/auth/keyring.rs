//! Keeps the keys of issuers up to date: sets in files and at URLs are read again from time to time, on SIGHUP, and when
//! a token names a key that is not known. What cannot be read or used leaves everything as it was.

use super::jwks::{Issuers, JwksError};
use delistening_schema::Hash;
use reqwest::{Client, Url};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// No set has more bytes.
const MOST_BYTES: usize = 64 * 1024;
/// No set takes longer to come.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Tokens that name unknown keys lead to no more than one look in this time: anybody can send them.
const COOLDOWN: Duration = Duration::from_secs(10);

/// Where a set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// At a URL.
    Url(Url),
}

/// Why a set cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file cannot be read.
    #[error("{0}")]
    File(#[from] io::Error),
    /// No answer came, or not a whole one.
    #[error("{0}")]
    Network(#[from] reqwest::Error),
    /// The answer is not a set.
    #[error("it answered {0}")]
    Status(reqwest::StatusCode),
    /// There is too much of it.
    #[error("it has more than {MOST_BYTES} bytes")]
    TooLarge,
    /// It is of no use.
    #[error(transparent)]
    Jwks(#[from] JwksError),
}

impl Source {
    /// A path, or a URL: https, or http on this machine.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let url = Url::parse(text).map_err(|_| "it is not a URL")?;
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match url.scheme() {
            "https" => Ok(Self::Url(url)),
            "http" if local => Ok(Self::Url(url)),
            _ => Err("keys are fetched over https only"),
        }
    }

    async fn read(&self, client: &Client) -> Result<String, SourceError> {
        match self {
            Self::File(path) => read_file(path),
            Self::Url(url) => {
                let mut response = client.get(url.clone()).timeout(TIMEOUT).send().await?;
                if !response.status().is_success() {
                    return Err(SourceError::Status(response.status()));
                }
                let mut bytes = Vec::new();
                while let Some(chunk) = response.chunk().await? {
                    bytes.extend_from_slice(&chunk);
                    if bytes.len() > MOST_BYTES {
                        return Err(SourceError::TooLarge);
                    }
                }
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
        }
    }
}

/// Reads a set from a file.
pub fn read_file(path: &Path) -> Result<String, SourceError> {
    if std::fs::metadata(path)?.len() > MOST_BYTES as u64 {
        return Err(SourceError::TooLarge);
    }
    Ok(std::fs::read_to_string(path)?)
}

/// A set that is read again.
#[derive(Clone, Debug)]
struct Renewed {
    set: usize,
    issuer: String,
    source: Source,
}

/// The issuers that are trusted now.
#[derive(Debug)]
pub struct Keyring {
    issuers: RwLock<Arc<Issuers>>,
    renewed: Vec<Renewed>,
    client: Client,
    /// What was fetched last is kept here, for a start while an issuer is away.
    kept: PathBuf,
    missed: Notify,
    asked: Notify,
}

/// A set that cannot be had at the start.
#[derive(Debug, thiserror::Error)]
#[error("--jwks {source_text}: {error}")]
pub struct KeyringError {
    source_text: String,
    error: SourceError,
}

impl Keyring {
    /// Trusts `issuers` for good, and for each of `sources` the keys of a set that is read now and may change. `kept` is
    /// a folder, made if it is needed.
    pub async fn open(
        issuers: Issuers,
        sources: Vec<(String, Source)>,
        client: Client,
        kept: PathBuf,
    ) -> Result<Self, KeyringError> {
        let mut keyring = Self {
            issuers: RwLock::default(),
            renewed: Vec::new(),
            client,
            kept,
            missed: Notify::new(),
            asked: Notify::new(),
        };
        let mut issuers = issuers;
        for (issuer, source) in sources {
            let failed = |error| KeyringError { source_text: text(&source), error };
            let jwks = match source.read(&keyring.client).await {
                Ok(jwks) => jwks,
                Err(error) => keyring.last_kept(&source, &error).ok_or_else(|| failed(error))?,
            };
            let set = issuers.trust(&issuer, &jwks).map_err(|error| failed(error.into()))?;
            keyring.keep(&source, &jwks);
            keyring.renewed.push(Renewed { set, issuer, source });
        }
        *keyring.issuers.get_mut().unwrap_or_else(PoisonError::into_inner) = Arc::new(issuers);
        Ok(keyring)
    }

    /// Who is trusted now.
    pub fn issuers(&self) -> Arc<Issuers> {
        Arc::clone(&self.issuers.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A token named a key that is not known: it may be new.
    pub fn miss(&self) {
        self.missed.notify_one();
    }

    /// Somebody says that the sets have changed.
    pub fn ask(&self) {
        self.asked.notify_one();
    }

    /// Reads all sets again; tells `outcome` of each whether it could be read and used.
    pub async fn refresh(&self, outcome: impl Fn(bool)) {
        for Renewed { set, issuer, source } in &self.renewed {
            let renewed = match source.read(&self.client).await {
                Ok(jwks) => self.renew(*set, &jwks).map(|changed| (changed, jwks)),
                Err(error) => Err(error),
            };
            outcome(renewed.is_ok());
            match renewed {
                Ok((true, jwks)) => {
                    tracing::info!(issuer, source = text(source), "the issuer's keys have changed");
                    self.keep(source, &jwks);
                }
                Ok((false, _)) => {}
                Err(error) => tracing::error!(
                    issuer, source = text(source), %error, "the issuer's keys stay as they were"
                ),
            }
        }
    }

    fn renew(&self, set: usize, jwks: &str) -> Result<bool, SourceError> {
        let mut issuers = Issuers::clone(&self.issuers());
        let changed = issuers.renew(set, jwks, Instant::now())?;
        *self.issuers.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(issuers);
        Ok(changed)
    }

    /// Goes on refreshing: after every `every`, when a key was missed, and when asked.
    pub async fn keep_fresh(&self, every: Duration, outcome: impl Fn(bool)) {
        if self.renewed.is_empty() {
            return;
        }
        let mut last_miss: Option<Instant> = None;
        loop {
            let cooled_and_missed = async {
                if let Some(last) = last_miss {
                    tokio::time::sleep_until((last + COOLDOWN).into()).await;
                }
                self.missed.notified().await;
            };
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = cooled_and_missed => last_miss = Some(Instant::now()),
                () = self.asked.notified() => {}
            }
            self.refresh(&outcome).await;
        }
    }

    fn keep(&self, source: &Source, jwks: &str) {
        let Some(path) = self.kept_at(source) else { return };
        let kept = std::fs::create_dir_all(&self.kept).and_then(|()| {
            let fresh = path.with_extension("new");
            std::fs::write(&fresh, jwks)?;
            std::fs::rename(fresh, path)
        });
        if let Err(error) = kept {
            tracing::warn!(source = text(source), %error, "the issuer's keys cannot be kept for the next start");
        }
    }

    fn last_kept(&self, source: &Source, error: &SourceError) -> Option<String> {
        let jwks = std::fs::read_to_string(self.kept_at(source)?).ok()?;
        tracing::error!(source = text(source), %error, "the issuer's keys are those that were fetched last");
        Some(jwks)
    }

    fn kept_at(&self, source: &Source) -> Option<PathBuf> {
        match source {
            Source::File(_) => None,
            Source::Url(url) => Some(self.kept.join(format!("{}.json", Hash::of(url.as_str().as_bytes())))),
        }
    }
}

fn text(source: &Source) -> String {
    match source {
        Source::File(path) => path.display().to_string(),
        Source::Url(url) => url.to_string(),
    }
}
