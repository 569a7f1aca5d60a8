//! A server that starts while ClickHouse is away: batches are acked all the same, and count when it is there.

use super::{Listener, World, now_s, runtime, until};
use delistening_tests::device::Address;
use std::net::TcpListener;

const SESSIONS: u64 = 20;

#[test]
fn a_server_that_starts_without_clickhouse_acks_and_counts_all_of_it_when_it_comes() {
    let (runtime, world) = (runtime(), World::new());
    // A port that is free, and refuses until the engine is there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = world.start("a.example", Some(port));
    let mut listener = Listener::new(1);
    let name = listener.name.clone();
    let address = Address { audience: super::AUDIENCE, listener: &name };
    let mut live = runtime.block_on(async {
        for session in 0..SESSIONS {
            let jws = listener.device.seal(&address, 6, (now_s() - 100_000 + session * 600) * 1000);
            assert!(world.send(&server.url, &listener, &jws).await, "acks do not wait for ClickHouse");
        }
        assert_eq!(world.counts(&server.url).await, None, "nobody knows yet");
        world.live(&server.url).await
    });
    let (engine, _) = world.start_engine(&runtime, port);
    runtime.block_on(async {
        until("every play", async || {
            world.counts(&server.url).await.filter(|counts| counts.valid == SESSIONS)
        })
        .await;
        // Who watches since before is told as well.
        let (mut told, all) = (String::new(), format!("\"valid\":{SESSIONS},"));
        while !told.contains(&all) {
            let chunk = live.chunk().await.unwrap().expect("the stream goes on");
            told.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    });
    drop(server);
    engine.kill();
}
