//! The HTTP client for what the server asks of others.

use reqwest::{Client, ClientBuilder, redirect};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// A client that trusts the authorities that Mozilla trusts, and follows no redirects.
///
/// # Panics
/// Never: the cryptography that is compiled in knows the protocol versions that are asked for.
pub fn client() -> ClientBuilder {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder().tls_backend_preconfigured(tls).redirect(redirect::Policy::none())
}
