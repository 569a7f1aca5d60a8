//! Every mistake is told in one sentence.

use super::*;
use clap::Parser as _;
use std::ffi::OsStr;

type Change<'a> = Box<dyn Fn(&mut ServeOptions) + 'a>;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    options: ServeOptions,
}

fn options(data: &Path) -> ServeOptions {
    let line = ["serve", "--dev", "--listen", "127.0.0.1:0", "--origin", "log.example", "--audience", "a"];
    let line = line.map(OsStr::new).into_iter().chain(["--data".as_ref(), data.as_os_str()]);
    Line::parse_from(line).options
}

#[test]
fn every_mistake_is_one_sentence_that_names_the_setting() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let good = options(data);
    good.clone().check().unwrap();
    let jwks = data.join("jwks");
    std::fs::write(&jwks, "{}").unwrap();
    let cases: Vec<(&str, Change<'_>)> = vec![
        ("--listen here", Box::new(|o| o.listen = "here".into())),
        ("--listen 0.0.0.0:80", Box::new(|o| o.listen = "0.0.0.0:80".into())),
        ("--issuer is missing", Box::new(|o| o.dev = false)),
        ("--jwks is missing", Box::new(|o| o.issuer = vec!["i".into()])),
        ("--jwks", Box::new(|o| (o.issuer, o.jwks) = (vec!["i".into()], vec![jwks.display().to_string()]))),
        ("--jwks", Box::new(|o| (o.issuer, o.jwks) = (vec!["i".into()], vec!["nowhere".into()]))),
        (
            "--jwks http://issuer.example",
            Box::new(|o| (o.issuer, o.jwks) = (vec!["i".into()], vec!["http://issuer.example/".into()])),
        ),
        ("--origin a b", Box::new(|o| o.origin = Some("a b".into()))),
        ("--origin is missing", Box::new(|o| (o.dev, o.origin) = (false, None))),
        ("--audience is missing", Box::new(|o| (o.dev, o.audience) = (false, None))),
        ("--www", Box::new(|o| o.www = Some("nowhere".into()))),
        ("--geoip nowhere", Box::new(|o| o.enrichment.geoip = vec!["nowhere".into()])),
        ("--geoip", Box::new(|o| o.enrichment.geoip = vec![jwks.clone()])),
        ("--bots nowhere", Box::new(|o| o.enrichment.bots = Some("nowhere".into()))),
        ("--witness-policy", Box::new(|o| o.witness_policy = Some("nowhere".into()))),
        ("--witness-policy", Box::new(|o| o.witness_policy = Some(jwks.clone()))),
        ("--data", Box::new(|o| o.data = jwks.join("below a file"))),
        ("key file nowhere", Box::new(|o| o.log_key = Some("nowhere".into()))),
        (
            "key file nowhere",
            Box::new(|o| {
                (o.log_key, o.previous_log_key) = (Some(data.join("log-key.json")), Some("nowhere".into()));
            }),
        ),
        ("--log-key is missing", Box::new(|o| o.previous_log_key = Some(jwks.clone()))),
        ("--dev is missing", Box::new(|o| (o.dev, o.www) = (false, Some(data.to_owned())))),
        ("--tls-key is missing", Box::new(|o| o.tls.tls_cert = Some(jwks.clone()))),
        ("--tls-cert is missing", Box::new(|o| o.tls.tls_key = Some(jwks.clone()))),
        (
            "--tls-cert",
            Box::new(|o| (o.tls.tls_cert, o.tls.tls_key) = (Some(jwks.clone()), Some(jwks.clone()))),
        ),
        ("--otlp localhost", Box::new(|o| o.telemetry.otlp = Some("localhost".into()))),
        ("--otlp-sample 2", Box::new(|o| o.telemetry.otlp_sample = 2.0)),
        ("--otlp-headers-file nowhere", Box::new(|o| o.telemetry.otlp_headers_file = Some("nowhere".into()))),
        ("--otlp-headers-file", Box::new(|o| o.telemetry.otlp_headers_file = Some(jwks.clone()))),
        ("--max-connections 0", Box::new(|o| o.bounds.max_connections = 0)),
        ("--body-memory 0", Box::new(|o| o.bounds.body_memory = 0)),
        ("--archive ftp://a/b", Box::new(|o| o.storage.archive.archive = Some("ftp://a/b".into()))),
        ("--segment-bytes 1000", Box::new(|o| o.storage.segment_bytes = 1000)),
        ("--forwarded-header a b", Box::new(|o| o.bounds.forwarded_header = Some("a b".into()))),
        ("--allow-origin", Box::new(|o| o.allow_origin = vec!["a\nb".into()])),
    ];
    for (sentence, change) in cases {
        let mut options = good.clone();
        change(&mut options);
        assert_eq!(
            options.clone().try_out().map_err(|error| error.to_string()),
            options.clone().check().map(drop).map_err(|error| error.to_string()),
            "{sentence}"
        );
        let error = options.check().expect_err(sentence).to_string();
        assert!(error.contains(sentence) && !error.contains('\n') || sentence == "--allow-origin", "{error}");
    }
}

#[test]
fn what_is_only_tried_out_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut good = options(&folder.path().join("not/there/yet"));
    good.storage.archive.archive = Some(format!("file://{}", folder.path().join("archive").display()));
    good.clone().try_out().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    good.check().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_lost_key_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let good = options(folder.path());
    good.clone().check().unwrap();
    std::fs::create_dir(folder.path().join("ledger")).unwrap();
    std::fs::write(folder.path().join("ledger/signed"), "").unwrap();
    std::fs::remove_file(folder.path().join("log-key.json")).unwrap();
    assert!(matches!(good.check(), Err(ConfigError::LostKey(_))));
}
