//! The server's own TLS, and a certificate that is renewed while it runs.

use super::{program, runtime, until};
use delistening_tests::process::Server;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Makes a certificate for localhost, and writes it with its key; gives a client that trusts it alone.
fn certify(folder: &Path) -> Client {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
    fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

#[test]
fn https_is_served_and_the_certificate_is_read_again_on_sighup() {
    let folder = tempfile::tempdir().unwrap();
    let old = certify(folder.path());
    let mut command = program();
    command.current_dir(&folder).args(["serve", "--dev", "--data", "data", "--listen", "127.0.0.1:0"]);
    command.args(["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let server = Server::start(&mut command).unwrap();
    let port = server.url.strip_prefix("https://127.0.0.1:").expect("it says https");
    let health = format!("https://localhost:{port}/healthz");
    runtime().block_on(async {
        let ask = async |client: &Client| client.get(&health).send().await.ok()?.text().await.ok();
        assert_eq!(ask(&old).await.as_deref(), Some("ok\n"));
        assert!(
            Client::new().get(server.url.replace("https", "http")).send().await.is_err(),
            "http is no way in"
        );

        // What cannot be used changes nothing.
        let hang_up =
            || kill_process(Pid::from_raw(server.id().cast_signed()).unwrap(), Signal::HUP).unwrap();
        let whole = fs::read(folder.path().join("cert.pem")).unwrap();
        fs::write(folder.path().join("cert.pem"), "no certificate").unwrap();
        hang_up();
        let metrics = format!("https://localhost:{port}/metrics");
        until("the error", async || {
            let told = old.get(&metrics).send().await.ok()?.text().await.ok()?;
            told.contains("delistening_logged_total{level=\"error\"} 1\n").then_some(())
        })
        .await;
        assert_eq!(ask(&old).await.as_deref(), Some("ok\n"));
        fs::write(folder.path().join("cert.pem"), whole).unwrap();

        let new = certify(folder.path());
        assert_eq!(ask(&new).await, None, "nobody has told it yet");
        hang_up();
        until("the new certificate", async || ask(&new).await).await;
    });
}
