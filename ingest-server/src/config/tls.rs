//! TLS of the server's own, where no proxy does it.

use super::ConfigError;
use clap::Args;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Settings of TLS.
#[derive(Args, Clone, Debug)]
pub struct TlsOptions {
    /// The certificate chain (PEM) to serve https with, instead of http. Read again on SIGHUP, with its key
    #[arg(long, env = "DELISTENING_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// The private key (PEM) of that certificate
    #[arg(long, env = "DELISTENING_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
}

/// The certificate in use. A copy is the same one.
#[derive(Clone, Debug)]
pub struct Tls {
    options: TlsOptions,
    config: Arc<RwLock<Arc<ServerConfig>>>,
}

impl TlsOptions {
    /// Reads certificate and key; `None` if http is to be served.
    pub fn check(self) -> Result<Option<Tls>, ConfigError> {
        match (&self.tls_cert, &self.tls_key) {
            (None, None) => Ok(None),
            (Some(_), None) => Err(ConfigError::Missing("tls-key", "it goes with --tls-cert")),
            (None, Some(_)) => Err(ConfigError::Missing("tls-cert", "it goes with --tls-key")),
            (Some(cert), Some(key)) => {
                let config = Arc::new(RwLock::new(Arc::new(read(cert, key)?)));
                Ok(Some(Tls { options: self, config }))
            }
        }
    }
}

impl Tls {
    /// What a new connection is accepted with.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads both files again. What cannot be used changes nothing.
    pub fn renew(&self) -> Result<(), ConfigError> {
        if let (Some(cert), Some(key)) = (&self.options.tls_cert, &self.options.tls_key) {
            let config = Arc::new(read(cert, key)?);
            *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        }
        Ok(())
    }
}

fn read(cert: &Path, key: &Path) -> Result<ServerConfig, ConfigError> {
    let invalid = |setting, path: &Path, reason: String| ConfigError::Invalid {
        setting,
        value: path.display().to_string(),
        reason,
    };
    let bad_cert = |reason| invalid("tls-cert", cert, reason);
    let bad_key = |reason| invalid("tls-key", key, reason);
    let chain = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| bad_cert(error.to_string()))?;
    if chain.is_empty() {
        return Err(bad_cert("there is no certificate (PEM) in it".into()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| bad_key(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad_cert(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| bad_key(error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
