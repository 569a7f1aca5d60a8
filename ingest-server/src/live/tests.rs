use super::*;
use crate::store::SqliteStore;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A session's play of a track, as it changes from nothing or from another verdict.
fn change(session: u32, track: &str, before: Option<&str>, now: Option<&str>) -> Change {
    let play = |status: &str| -> Play {
        serde_json::from_value(json!({
            "device": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "listener": "l", "track": track,
            "session": format!("018f4e3a-7c00-7000-9000-{session:012x}"), "artist": "a", "at": 0,
            "verdict": { "rule": 1, "status": status, "reasons": [], "heard_ms": 1_000, "played_ms": 1_000 },
            "compared": { "listen": false, "podcast_play": false, "percent": [], "completed": false },
        }))
        .unwrap()
    };
    Change { before: before.map(play), now: now.map(play) }
}

fn live() -> Arc<Live> {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("plays.sqlite")).unwrap();
    Arc::new(Live::open(&store).unwrap())
}

fn frame(message: &Message) -> Value {
    serde_json::from_str(&message.text).unwrap()
}

/// What a reader knows after a message.
fn learn(known: &mut BTreeMap<String, Value>, message: &Message) {
    let frame = frame(message);
    if frame["kind"] == "snapshot" {
        known.clear();
    }
    known.insert("total".into(), frame["total"].clone());
    for (id, counts) in frame["tracks"].as_object().unwrap() {
        known.insert(format!("track {id}"), counts.clone());
    }
    for (id, counts) in frame["artists"].as_object().unwrap() {
        known.insert(format!("artist {id}"), counts.clone());
    }
}

#[tokio::test]
async fn whoever_reads_however_slowly_ends_with_the_same() {
    let live = live();
    tokio::spawn(Arc::clone(&live).tell());
    let mut quick = Reader::new(Arc::clone(&live), Watched::Everything, None);
    let mut slow = Reader::new(Arc::clone(&live), Watched::Everything, None);
    let (mut by_quick, mut by_slow) = (BTreeMap::new(), BTreeMap::new());
    learn(&mut by_quick, &quick.next().await);
    learn(&mut by_slow, &slow.next().await);
    for round in 0..15 {
        let before = (round >= 10).then_some("valid");
        live.apply(&[change(round % 10, &format!("t{}", round % 7), before, Some("valid"))]);
        live.apply(&[change(100 + round, "other", None, Some("suspect"))]);
        let message = quick.next().await;
        assert_eq!(frame(&message)["kind"], "update");
        learn(&mut by_quick, &message);
    }
    let message = slow.next().await;
    assert_eq!(frame(&message)["kind"], "update", "one frame for all that it missed");
    learn(&mut by_slow, &message);
    assert_eq!(by_quick, by_slow);
    assert_eq!(by_slow["total"]["valid"], 10);
    assert_eq!(by_slow["track other"]["not_counted"], 15);
    let mut late = Reader::new(Arc::clone(&live), Watched::Everything, None);
    let mut by_late = BTreeMap::new();
    learn(&mut by_late, &late.next().await);
    assert_eq!(by_late, by_slow);
}

#[tokio::test]
async fn those_who_keep_up_share_their_bytes() {
    let live = live();
    tokio::spawn(Arc::clone(&live).tell());
    for watched in [Watched::Everything, Watched::Total] {
        let mut readers: Vec<Reader> =
            (0..3).map(|_| Reader::new(Arc::clone(&live), watched.clone(), None)).collect();
        let mut firsts = Vec::new();
        for reader in &mut readers {
            firsts.push(reader.next().await);
        }
        live.apply(&[change(1, "one", None, Some("valid"))]);
        let mut pointers = Vec::new();
        for reader in &mut readers {
            pointers.push(reader.next().await.event.as_ptr());
        }
        assert!(pointers.iter().all(|pointer| *pointer == pointers[0]), "{watched:?}");
    }
}

#[tokio::test]
async fn one_track_or_artist_is_told_alone() {
    let live = live();
    tokio::spawn(Arc::clone(&live).tell());
    let mut track = Reader::new(Arc::clone(&live), Watched::Track("one".into()), None);
    let mut artist = Reader::new(Arc::clone(&live), Watched::Artist("a".into()), None);
    assert_eq!(
        frame(&track.next().await)["tracks"],
        json!({ "one": { "valid": 0, "not_counted": 0, "heard_ms": 0 } })
    );
    artist.next().await;
    live.apply(&[change(1, "two", None, Some("valid"))]);
    assert_eq!(frame(&artist.next().await)["artists"]["a"]["valid"], 1);
    live.apply(&[change(2, "one", None, Some("valid"))]);
    let told = frame(&track.next().await);
    assert_eq!(told["tracks"], json!({ "one": { "valid": 1, "not_counted": 0, "heard_ms": 1_000 } }));
    assert_eq!((&told["artists"], &told["total"]["valid"]), (&json!({}), &json!(2)));
}

#[tokio::test]
async fn a_number_leads_on_where_it_is_known_and_to_a_snapshot_where_it_is_not() {
    let live = live();
    tokio::spawn(Arc::clone(&live).tell());
    let mut reader = Reader::new(Arc::clone(&live), Watched::Everything, None);
    let first = frame(&reader.next().await)["seq"].as_u64().unwrap();
    live.apply(&[change(1, "one", None, Some("valid"))]);
    let second = frame(&reader.next().await)["seq"].as_u64().unwrap();
    assert!(second > first);
    live.apply(&[change(2, "two", None, Some("valid"))]);
    reader.next().await;
    let next =
        async |seq| frame(&Reader::new(Arc::clone(&live), Watched::Everything, Some(seq)).next().await);
    let resumed = next(second).await;
    assert_eq!(resumed["kind"], "update");
    assert!(resumed["tracks"].get("two").is_some() && resumed["tracks"].get("one").is_none(), "{resumed}");
    // Of a process before this one, or of nobody.
    for seq in [0, first - 1_000, u64::MAX] {
        assert_eq!(next(seq).await["kind"], "snapshot", "{seq}");
    }
    // So far behind that it is not remembered what changed.
    let many: Vec<Change> = (0..=u32::try_from(RECENT).unwrap())
        .map(|number| change(number, &number.to_string(), None, Some("short")))
        .collect();
    live.apply(&many);
    live.apply(&[change(1, "one", None, Some("valid"))]);
    reader.next().await;
    let behind = next(second).await;
    assert_eq!((&behind["kind"], &behind["total"]["valid"]), (&json!("snapshot"), &json!(3)));
    assert!(live.counts.read().unwrap().recent.len() <= RECENT, "what is remembered is bounded");
}
