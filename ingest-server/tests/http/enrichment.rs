//! What is kept of where a batch came from: coarse facts, and never the address.

use super::support::*;
use delistening_ingest::config::{BoundsOptions, EnrichmentOptions};
use delistening_ingest::intake::{Enrichers, GeoIp, Visit};
use delistening_schema::IntakeContext;
use delistening_tests::mmdb;
use serde_json::json;
use std::path::Path;

fn known(enrichers: &Enrichers, address: &str) -> IntakeContext {
    enrichers.context("i", &Visit { address: address.parse().unwrap(), agent: None, at: 0 })
}

#[test]
fn a_database_tells_the_country_and_the_system() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.mmdb");
    mmdb::write(&path, &[([203, 0, 113, 0], 24, "PT", 64_500), ([198, 51, 0, 0], 16, "SE", 4_200_000_001)]);
    let mut enrichers = Enrichers::default();
    enrichers.push(GeoIp::open(&path).unwrap());
    let of = |address| {
        let IntakeContext { country, asn, .. } = known(&enrichers, address);
        (country, asn)
    };
    assert_eq!(of("203.0.113.9"), (Some("PT".into()), Some(64_500)));
    assert_eq!(of("::ffff:203.0.113.9"), (Some("PT".into()), Some(64_500)));
    assert_eq!(of("198.51.100.77"), (Some("SE".into()), Some(4_200_000_001)));
    assert_eq!(of("192.0.2.1"), (None, None));
    assert_eq!(of("2001:db8::1"), (None, None), "a database of IPv4");
}

#[tokio::test]
async fn what_is_kept_of_a_request_is_coarse() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("test.mmdb");
    mmdb::write(&database, &[([203, 0, 113, 0], 24, "PT", 64_500)]);
    let bounds =
        BoundsOptions { forwarded_header: Some("x-forwarded-for".into()), ..BoundsOptions::default() };
    let server =
        Server::start_as(false, bounds, EnrichmentOptions { geoip: vec![database], bots: None }).await;
    let batch = Device::new(1).seal(&session(1, "track-1", 40_000));
    let request = server.post().header("x-forwarded-for", "198.51.100.1, 203.0.113.9");
    let request =
        request.header("user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari");
    let answer = request
        .body(json!({ "token": server.token(), "batches": [batch] }).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let folder = server.end().await;
    let context = journaled_context(&folder.path().join("data/journal"));
    let kept: IntakeContext = serde_json::from_str(&context).unwrap();
    assert_eq!((kept.client.as_str(), kept.platform.as_deref()), ("browser", Some("ios")));
    assert_eq!((kept.country.as_deref(), kept.asn), (Some("PT"), Some(64_500)));
    assert!(kept.network.is_some_and(|network| network.len() == 12));
    assert!(!context.contains("203.0.113") && !context.contains("iPhone"), "{context}");
}

/// The intake context that stands in the journal.
fn journaled_context(journal: &Path) -> String {
    let mut files = std::fs::read_dir(journal).unwrap();
    files
        .find_map(|file| {
            let text = String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap()).into_owned();
            let (begin, rest) = text.split_once(r#"{"issuer""#).map(|(_, rest)| (r#"{"issuer""#, rest))?;
            Some(format!("{begin}{}", &rest[..=rest.find('}').unwrap()]))
        })
        .expect("a context is journaled")
}
