//! Dashboard and alerts ask for metrics that a running server has, and the runbook knows each alert.

use super::runtime;
use super::world::{Listener, World};
use delistening_tests::process::Server;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::PathBuf;

fn project(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of metrics in a text: every word that begins as ours do.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|byte: char| !byte.is_ascii_alphanumeric() && byte != '_');
    words
        .filter(|word| word.starts_with("delistening_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_metric_that_is_asked_for_is_there() {
    let world = World::new();
    let metrics = runtime().block_on(async {
        let server = Server::start(&mut world.serve()).unwrap();
        let mut listener = Listener::new(1);
        let jws = listener.play();
        world.send(&server.url, &listener, &jws).await.unwrap();
        // What was refused is there once something was.
        world.client.post(format!("{}/v1/batches", server.url)).body("x").send().await.unwrap();
        world.public(&server.url, "/metrics").await
    });
    let there: HashSet<&str> = metrics
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    let mut asked = BTreeSet::new();
    for path in
        ["ingest-server/deploy/prometheus/alerts.yml", "ingest-server/deploy/grafana/delistening.json"]
    {
        let named = named(&project(path));
        assert!(named.len() > 8, "{path}: {named:?}");
        asked.extend(named);
    }
    asked.extend(named(&project("docs/guides/operations.md")));
    let missing: Vec<_> = asked.iter().filter(|name| !there.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} are not among\n{metrics}");
}

#[test]
fn every_alert_has_an_entry_in_the_runbook() {
    let alerts = project("ingest-server/deploy/prometheus/alerts.yml");
    let alerts: Vec<&str> =
        alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).map(str::trim).collect();
    let runbook = project("docs/guides/runbook.md");
    let entries: Vec<&str> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert!(alerts.len() > 8, "{alerts:?}");
    assert_eq!(alerts, entries, "one entry for each alert, in their order");
}
