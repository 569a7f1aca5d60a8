//! Whichever process is killed, and whenever: what was acked counts, and counts once.

use super::{Listener, World, now_s, runtime, until};
use delistening_tests::crash::Random;
use std::time::Duration;

const ROUNDS: u64 = 10;
/// Batches of a round: enough for blocks to be under way when it ends.
const BATCHES: u64 = 30;
/// Each batch holds one session of so many events.
const EVENTS: u64 = 6;

#[test]
fn killing_the_server_or_the_engine_while_it_loads_loses_and_doubles_nothing() {
    let (runtime, world) = (runtime(), World::new());
    let (mut engine, connection) = world.start_engine(&runtime, 0);
    let port = engine.port;
    let mut server = world.start("a.example", Some(port));
    let mut random = Random::new(11);
    let mut listener = Listener::new(1);
    let (mut waiting, mut sealed) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        for _ in 0..BATCHES {
            let name = listener.name.clone();
            let address = delistening_tests::device::Address { audience: super::AUDIENCE, listener: &name };
            // One after the other: nobody hears two tracks at once.
            let at = (now_s() - 1_000_000 + sealed * 60) * 1000;
            waiting.push(listener.device.seal(&address, EVENTS, at));
            sealed += 1;
        }
        let blow = random.below(3);
        // Anywhere in it: the kill is not waited for.
        let delay = Duration::from_millis(random.below(600));
        let url = server.url.clone();
        let acked = runtime.block_on(async {
            let sending = async {
                let mut acked = 0;
                for jws in &waiting {
                    if !world.send(&url, &listener, jws).await {
                        break;
                    }
                    acked += 1;
                }
                acked
            };
            let killing = async {
                tokio::time::sleep(delay).await;
                if blow != 1 {
                    server.kill();
                }
            };
            tokio::join!(sending, killing).0
        });
        waiting.drain(..acked);
        if blow != 0 {
            engine.kill();
            engine = super::Engine::start(&world.engine(), port);
        }
        if blow != 1 {
            server = world.start("a.example", Some(port));
        }
    }
    runtime.block_on(async {
        for jws in &waiting {
            assert!(world.send(&server.url, &listener, jws).await);
        }
        until("every play", async || {
            let counts = world.counts(&server.url).await?;
            let all = counts.valid + counts.short + counts.muted + counts.suspect + counts.invalid;
            assert!(all <= sealed, "{all} plays of {sealed} are counted");
            (all == sealed).then_some(())
        })
        .await;
        for (what, expected) in [
            ("count() FROM play_events FINAL", sealed * EVENTS),
            ("uniqExact(event) FROM play_events", sealed * EVENTS),
            ("count() FROM session_parts FINAL", sealed),
            ("count() FROM plays FINAL", sealed),
        ] {
            // Plays may be there a moment before their events.
            until(what, async || {
                let count = connection.count(&format!("SELECT {what}")).await.unwrap();
                assert!(count <= expected, "{count} instead of {expected}: {what}");
                (count == expected).then_some(())
            })
            .await;
        }
    });
    drop(server);
    engine.kill();
}
