//! The server starts with them, and they do what they say.

use super::{Options, rules, run};
use clap::Parser as _;
use delistening_ingest::intake::{Enricher as _, Visit};
use delistening_schema::event::{Body, Event, Progress, Started};
use delistening_schema::intervals::Interval;
use delistening_schema::judge::{Heard, Judge, MemoryCasebook};
use delistening_schema::key::DeviceId;
use delistening_schema::play::{Play, Received, SessionKey, Status};
use delistening_schema::{Batch, Hash, IntakeContext};
use serde_json::{json, value::to_raw_value};
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::sync::oneshot;
use uuid::Uuid;

#[tokio::test]
async fn the_server_runs_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let options =
        Options::parse_from(["own-rules", "--dev", "--listen", "127.0.0.1:0", "--data", &data]).serve;
    let (told, address) = oneshot::channel();
    let end = async move {
        assert!(address.await.is_ok_and(|address: std::net::SocketAddr| address.port() > 0));
    };
    run(options, |address| told.send(address).unwrap(), end).await.unwrap();
}

/// What is said of one play of a minute by `listener`, from system `asn`, through a tool.
fn judged(listener: &str, asn: u32) -> Play {
    let mut context = IntakeContext { client: "tool".into(), asn: Some(asn), ..IntakeContext::default() };
    let visit = Visit { address: Ipv4Addr::LOCALHOST.into(), agent: None, at: 0 };
    rules::DataCentres(vec![64_496]).enrich(&visit, &mut context);
    let session = Uuid::from_u128(1);
    let event = |id: u128, mono, body| {
        let event = Event { id: Uuid::from_u128(id), at: mono, mono, session, track: "t".into(), body };
        to_raw_value(&event).unwrap()
    };
    let progress = Progress {
        heard: vec![Interval(0, 60_000)],
        silent_ms: 0,
        rate: 1.0,
        volume: 1.0,
        muted: false,
        visible: true,
        output: None,
    };
    let device = DeviceId(Hash::of(b"device"));
    let mut batch: Batch = serde_json::from_value(json!({
        "v": 1, "batch": session, "device": device, "seq": 1, "prev": "", "nonce": "AAAAAAAAAAAAAAAAAAAAAA",
        "aud": "a", "listener": listener, "sent_at": 60_000, "sdk": "test", "events": [],
    }))
    .unwrap();
    batch.events =
        vec![event(1, 0, Body::Started(Started::default())), event(2, 60_000, Body::Progress(progress))];
    let received = Received { leaf: 1, at: 61_000, anchored: None, hash: Hash::of(b"batch"), context };
    let mut judge = Judge::new(Arc::new(rules::analysis()), MemoryCasebook::default());
    let Ok(_) = judge.take(Heard::new(batch.read(), &received));
    let Ok(_) = judge.examine();
    let Ok(play) = judge.play(&SessionKey { device, session });
    play.unwrap()
}

#[test]
fn a_data_centre_weighs_and_a_lobby_is_excused() {
    let home = judged("somebody", 64_500);
    assert_eq!(home.verdict.status, Status::Valid);
    let hosted = judged("somebody", 64_496).verdict;
    let suspicion = hosted.suspicion.unwrap();
    assert_eq!((hosted.status, suspicion.analysis, suspicion.score), (Status::Suspect, 1_001, 100));
    assert_eq!(suspicion.signals, ["own.data_centre", "scripted_client"]);
    let lobby = judged("lobby-7", 64_496).verdict;
    assert_eq!((lobby.status, lobby.suspicion.unwrap().score), (Status::Valid, 0));
}
