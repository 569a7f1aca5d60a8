//! Folders that every released version has written are opened by this one: `tests/folders/VERSION` (`npm run folder`).

use super::{program, runtime, until};
use delistening_schema::api::Answer;
use delistening_schema::audit::{Auditor, CheckedLine};
use delistening_schema::ledger::LogKey;
use delistening_tests::device::{Address, Device, Issuer};
use delistening_tests::folder::{AUDIENCE, ISSUER, Written, all, counts, listener, receipt, send, serve};
use delistening_tests::process::Server;
use reqwest::Client;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

fn versions() -> Vec<PathBuf> {
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/folders")).unwrap();
    let mut folders: Vec<_> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// Copies a folder; git keeps no permissions.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

/// What is on disk beside the source of truth.
fn forget_what_is_derived(data: &Path) {
    for entry in fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending.to_string_lossy().starts_with("sqlite")) {
            fs::remove_file(path).unwrap();
        }
    }
    for entry in fs::read_dir(data.join("ledger")).unwrap() {
        let path = entry.unwrap().path();
        if !path.ends_with("signed") {
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn a_release_brings_its_folder() {
    let present = versions().iter().any(|folder| folder.ends_with(env!("CARGO_PKG_VERSION")));
    assert!(present, "run `npm run folder` and add what it makes");
}

#[test]
fn what_every_version_has_written_is_opened_and_all_of_it_is_there() {
    for version in versions() {
        let written: Written =
            serde_json::from_str(&fs::read_to_string(version.join("expected.json")).unwrap()).unwrap();
        for derived in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let data = folder.path().join("data");
            copy(&version.join("data"), &data);
            if !derived {
                forget_what_is_derived(&data);
            }
            let doctor =
                program().args(["doctor", "--vkey", &written.vkey, "--data"]).arg(&data).output().unwrap();
            let said = String::from_utf8_lossy(&doctor.stdout);
            assert!(doctor.status.success(), "{}: {said}", version.display());
            opens(folder.path(), &data, &written);
        }
    }
}

fn opens(folder: &Path, data: &Path, written: &Written) {
    let (issuer, jwks) = (Issuer::new(ISSUER), folder.join("jwks.json"));
    fs::write(&jwks, issuer.jwks()).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    runtime().block_on(async {
        let server = Server::start(&mut serve(Path::new(program().get_program()), data, &jwks)).unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        // Whoever comes back with an old batch has its old receipt, byte for byte; erased or not.
        for acked in &written.batches {
            let name = listener(acked.listener);
            let address = Address { audience: AUDIENCE, listener: &name };
            let token = issuer.token(&address, &Device::new(acked.listener), now.as_secs());
            let answer = send(&client, &server.url, token, &acked.jws).await.unwrap();
            assert!(matches!(answer, Answer::Duplicate(_)), "{answer:?}");
            assert_eq!(receipt(&answer).unwrap(), acked.receipt);
        }
        let plays = all(&written.counts);
        until("the counts", async || {
            let counted = counts(&client, &server.url, &issuer).await.unwrap();
            assert!(all(&counted) <= plays, "{counted:?}");
            (counted == written.counts).then_some(())
        })
        .await;
        // It goes on.
        let (name, mut device) = (listener(99), Device::new(99));
        let address = Address { audience: AUDIENCE, listener: &name };
        let batch = device.seal(&address, 6, u64::try_from(now.as_millis()).unwrap() - 3_600_000);
        let token = issuer.token(&address, &device, now.as_secs());
        let answer = send(&client, &server.url, token, &batch).await.unwrap();
        assert!(matches!(answer, Answer::Accepted(_)), "{answer:?}");
        // All of it still proves what it proved.
        let token = issuer.service_token(AUDIENCE, "export:read", now.as_secs());
        let export = client.get(format!("{}/v1/export", server.url)).bearer_auth(token).send().await.unwrap();
        let mut auditor = Auditor::new(LogKey::parse(&written.vkey).unwrap());
        for line in export.error_for_status().unwrap().text().await.unwrap().lines() {
            auditor.take(CheckedLine::check(line));
        }
        let findings = auditor.finish().findings;
        assert!(findings.is_empty(), "{findings:?}");
    });
}
