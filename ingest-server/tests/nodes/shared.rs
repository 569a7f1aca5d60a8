//! What reaches two nodes counts once, and each node's log still proves what it says.

use super::{Listener, World, now_s, runtime, until};
use delistening_schema::audit::{Auditor, CheckedLine, Fault, Finding, JointPlay};
use delistening_schema::ledger::LogKey;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const LISTENERS: u64 = 4;

#[test]
fn two_nodes_count_what_one_node_would() {
    let (runtime, world) = (runtime(), World::new());
    let (engine, connection) = world.start_engine(&runtime, 0);
    let nodes = ["a.example", "b.example"].map(|name| world.start(name, Some(engine.port)));
    let one = world.start("one.example", None);
    runtime.block_on(async {
        let mut listeners: Vec<Listener> = (1..=LISTENERS).map(Listener::new).collect();
        let now = now_s() * 1000;
        for (place, listener) in listeners.iter_mut().enumerate() {
            let name = listener.name.clone();
            let address = delistening_tests::device::Address { audience: super::AUDIENCE, listener: &name };
            // A session in two batches, one to each node, and a session of which both get the same batch.
            let parts = listener.device.seal_in_two(&address, 8, now);
            let whole = listener.device.seal(&address, 6, now + 600_000);
            let (first, second) = (&nodes[place % 2].url, &nodes[1 - place % 2].url);
            for (url, batch) in [(first, &parts[0]), (second, &parts[1]), (first, &whole), (second, &whole)] {
                assert!(world.send(url, listener, batch).await);
            }
            for batch in [&parts[0], &parts[1], &whole] {
                assert!(world.send(&one.url, listener, batch).await);
            }
        }
        let sessions = 2 * LISTENERS;
        let expected = until("every play of one node", async || {
            world.counts(&one.url).await.filter(|counts| counts.valid == sessions)
        })
        .await;
        for path in ["/v1/plays", "/v1/top?by=artist", "/v1/top?by=track"] {
            let expected = until("the answer of one node", async || world.read(&one.url, path).await).await;
            for node in &nodes {
                until("the same answer of two nodes", async || {
                    world.read(&node.url, path).await.filter(|answer| same(answer, &expected))
                })
                .await;
            }
        }
        assert_eq!(expected.listeners, LISTENERS);
        let plays = connection.count("SELECT count() FROM plays FINAL").await.unwrap();
        assert_eq!(plays, sessions, "a session has one play");
        // What each log says of its parts is what these parts make.
        let mut exports = Vec::new();
        for node in &nodes {
            let vkey = until("the log's key", async || world.read(&node.url, "/log/vkey").await).await;
            let export = until("a sound export with every verdict", async || {
                let export = world.read(&node.url, "/v1/export").await?;
                let mut auditor = Auditor::new(LogKey::parse(vkey.trim()).unwrap());
                export.lines().for_each(|line| auditor.take(CheckedLine::check(line)));
                let report = auditor.finish();
                // The other log holds what the chain goes through; nothing that this one says is wrong.
                let wrong = |finding: &&Finding| finding.wrong || finding.fault != Fault::DeviceChain;
                assert_eq!(report.findings.iter().find(wrong), None);
                (report.sessions == sessions && report.verdicts >= sessions).then_some(export)
            })
            .await;
            exports.push((export, vkey.trim().to_owned()));
        }
        // Whoever has both exports comes to what is counted, with nothing else.
        let stored = connection.texts("SELECT play FROM plays FINAL ORDER BY play").await.unwrap();
        let mut joint = joint(&world, &exports).expect("both exports hold");
        joint.sort();
        let (plays, counted_by): (Vec<_>, BTreeSet<_>) = joint.into_iter().unzip();
        assert_eq!(plays, stored);
        assert_eq!(counted_by.into_iter().collect::<Vec<_>>(), ["a.example", "b.example"]);
        let export = &mut exports[0].0;
        *export = export.replacen("\"received\":1", "\"received\":2", 1);
        let refused = self::joint(&world, &exports).unwrap_err();
        assert!(refused.contains("a.ndjson does not hold"), "{refused}");
    });
    engine.kill();
}

/// What the command `joint` says of exports: each play, and whose node counts it.
fn joint(world: &World, exports: &[(String, String)]) -> Result<Vec<(String, String)>, String> {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_delistening-ingest")));
    command.args(["joint", "--json"]);
    for (name, (export, vkey)) in ["a", "b"].iter().zip(exports) {
        let path = world.folder.path().join(format!("{name}.ndjson"));
        std::fs::write(&path, export).unwrap();
        command.arg(path).args(["--log-key", vkey]);
    }
    let output = command.output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    let lines = String::from_utf8(output.stdout).unwrap();
    let joint = lines.lines().map(|line| serde_json::from_str(line).unwrap());
    Ok(joint.map(|JointPlay { counted_by, play, .. }| (play.to_text(), counted_by)).collect())
}

/// Whether two answers say the same, however far their logs are.
fn same(one: &str, other: &str) -> bool {
    let counts = |text: &str| {
        let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
        if let Some(object) = value.as_object_mut() {
            object.remove("through");
        }
        value
    };
    counts(one) == counts(other)
}
