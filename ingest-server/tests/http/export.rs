//! The export over HTTP: who may have it, in which range, and in which form.

use super::support::{Device, Server, expect_problem, session};
use delistening_ingest::export::Table;
use delistening_schema::export::Line;
use delistening_schema::key::SecretKey;
use delistening_schema::ledger::LogSigner;
use delistening_schema::token::SCOPE_READ_EXPORT;
use std::io::{Read as _, Seek as _, Write as _};

#[tokio::test]
async fn ranges_are_exported_in_either_form_to_whoever_may_have_them() {
    let server = Server::start().await;
    let mut device = Device::new(1);
    let batches: Vec<String> = (0..8).map(|n| device.seal(&session(n, "track-1", 12_000))).collect();
    server.ingest(&batches).await;
    let token = server.token_with(|request| {
        (request.scope, request.device, request.subject) = (SCOPE_READ_EXPORT.into(), None, "auditor".into());
    });
    let get = |query: &str| server.get(&format!("/v1/export{query}")).bearer_auth(&token);

    expect_problem(server.get("/v1/export").send().await.unwrap(), 401, "bad-token", "without a token").await;
    let other = server.get("/v1/export").bearer_auth(server.service_token()).send().await.unwrap();
    expect_problem(other, 403, "insufficient-scope", "a token for counts").await;
    for query in ["?from=9&to=3", "?to=99999", "?from=x", "?format=csv", "?until=3"] {
        expect_problem(get(query).send().await.unwrap(), 400, "invalid-parameter", query).await;
    }

    let answer = get("?from=2&to=6").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let text = answer.text().await.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6);
    assert!(matches!(Line::parse(lines[0]), Ok(Line::Header(header)) if (header.from, header.to) == (2, 6)));
    assert!(matches!(Line::parse(lines[1]), Ok(Line::Row(row)) if row.index == 2));
    assert!(matches!(Line::parse(lines[5]), Ok(Line::Footer(_))));
    let small = get("?from=2&to=6").header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(small.headers()["content-encoding"], "gzip");
    let (mut whole, bytes) = (String::new(), small.bytes().await.unwrap());
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut whole).unwrap();
    assert_eq!(whole, text);

    let table = get("?from=2&to=6&format=parquet").header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(table.headers()["content-type"], "application/vnd.apache.parquet");
    assert!(!table.headers().contains_key("content-encoding"), "it is compressed in itself");
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&table.bytes().await.unwrap()).unwrap();
    file.rewind().unwrap();
    let rows: Vec<String> = Table::open(file).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows, lines);
}

#[tokio::test]
async fn a_running_server_is_audited_by_its_address() {
    let server = Server::start().await;
    let mut device = Device::new(1);
    let batches: Vec<String> = (0..3).map(|n| device.seal(&session(n, "track-1", 12_000))).collect();
    server.ingest(&batches).await;
    let token = server.token_with(|request| {
        (request.scope, request.device, request.subject) = (SCOPE_READ_EXPORT.into(), None, "auditor".into());
    });
    let vkey = server.get("/log/vkey").send().await.unwrap().text().await.unwrap();
    let audit = async |key: String, token: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_delistening-ingest"));
        command.args(["audit", &server.url(""), "--log-key", &key, "--token", token]).env("NO_PROXY", "*");
        // The server answers meanwhile.
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), said)
    };
    let (holds, said) = audit(vkey.clone(), &token).await;
    assert!(holds && said.contains("the export holds") && said.contains("batches     3,"), "{said}");
    let stranger = LogSigner::new("log.example", SecretKey::from_seed(&[9; 32])).unwrap();
    let (holds, said) = audit(stranger.log_key().to_vkey(), &token).await;
    assert!(!holds && said.contains("carries no signature by log.example"), "{said}");
    let (holds, said) = audit(vkey, "no token").await;
    assert!(!holds && said.contains("401"), "{said}");
}
