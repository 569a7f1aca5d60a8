//! A restart under load loses and refuses nothing: the listening socket goes from process to process.

use super::world::{Listener, World, signal};
use super::{runtime, until};
use delistening_schema::api::Answer;
use delistening_schema::play::Counts;
use delistening_schema::token::SCOPE_READ_COUNTS;
use delistening_tests::process::Server;
use futures_util::future::join_all;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::Signal;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::task::spawn_blocking;

const LISTENERS: u64 = 6;
const RESTARTS: usize = 3;
/// Batches that are acked between two steps.
const BETWEEN: usize = 20;

/// The command that serves on a socket which is handed over, as a service manager would start it.
fn handed(world: &World, socket: &TcpListener) -> Command {
    let serve = world.serve();
    let mut command = Command::new("bash");
    let line = format!("exec 3<&{}; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", socket.as_raw_fd());
    command.current_dir(&world.folder).env("RUST_LOG", "off").args(["-c", &line, "bash"]);
    command.arg(serve.get_program()).args(serve.get_args());
    command
}

#[test]
fn restarts_under_load_lose_and_refuse_nothing() {
    let world = World::new();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    fcntl_setfd(&socket, FdFlags::empty()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let runtime = runtime();
    let mut server = Server::start(&mut handed(&world, &socket)).unwrap();
    // One that keeps its connection, and one that makes a new one for each request.
    let single = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let singles = World { client: single, ..World::new() };
    let (over, acked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let load = async |number: u64| {
        let (mut listener, mut sent) = (Listener::new(number), Vec::new());
        let world = if number.is_multiple_of(2) { &world } else { &singles };
        while !over.load(Ordering::Relaxed) {
            let jws = listener.play();
            match world.send(&url, &listener, &jws).await {
                Ok(Answer::Accepted(_)) => acked.fetch_add(1, Ordering::Relaxed),
                other => panic!("not acked: {other:?}"),
            };
            sent.push(jws);
        }
        (listener, sent)
    };
    let more = async || {
        let before = acked.load(Ordering::Relaxed);
        let enough = async || (acked.load(Ordering::Relaxed) >= before + BETWEEN).then_some(());
        until("more acks", enough).await;
    };
    let restarting = async {
        for _ in 0..RESTARTS {
            more().await;
            // The next one waits for the folder while this one goes on.
            let mut command = handed(&world, &socket);
            let next = spawn_blocking(move || Server::start(&mut command).unwrap());
            more().await;
            signal(&server, Signal::TERM);
            let mut ending = std::mem::replace(&mut server, next.await.unwrap());
            assert!(spawn_blocking(move || ending.ended()).await.unwrap().unwrap(), "it ends well");
        }
        more().await;
        over.store(true, Ordering::Relaxed);
    };
    runtime.block_on(async {
        let (devices, ()) = tokio::join!(join_all((0..LISTENERS).map(load)), restarting);
        let mut all = 0_u64;
        for (listener, sent) in &devices {
            all += sent.len() as u64;
            for jws in sent {
                let again = world.send(&url, listener, jws).await;
                assert!(matches!(again, Ok(Answer::Duplicate(_))), "{again:?}");
            }
        }
        assert!(all >= (BETWEEN * (2 * RESTARTS + 1)) as u64);
        until("every play", async || {
            let counts = world.read(&url, "/v1/plays", SCOPE_READ_COUNTS).await;
            let Counts { valid, short, muted, suspect, invalid, .. } = serde_json::from_str(&counts).unwrap();
            let counted = valid + short + muted + suspect + invalid;
            assert!(counted <= all, "{counted} of {all}");
            (counted == all).then_some(())
        })
        .await;
    });
}

#[test]
fn who_is_connected_when_a_server_ends_is_answered_and_told_to_close() {
    let world = World::new();
    let mut server = Server::start(&mut world.serve()).unwrap();
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let address = address.as_str();
    let ask = |stream: &mut TcpStream| stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let answer = |stream: &mut TcpStream| {
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).unwrap();
        String::from_utf8(answer[..length].to_vec()).unwrap()
    };
    let mut kept = TcpStream::connect(address).unwrap();
    ask(&mut kept);
    let before = answer(&mut kept);
    assert!(before.starts_with("HTTP/1.1 200") && !before.contains("connection: close"), "{before}");
    signal(&server, Signal::TERM);
    // It notices soon; until then it is ready.
    let told = loop {
        ask(&mut kept);
        let told = answer(&mut kept);
        if !told.starts_with("HTTP/1.1 200") {
            break told;
        }
    };
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("connection: close"), "{told}");
    assert_eq!(kept.read(&mut [0; 1]).unwrap(), 0, "it is closed");
    assert!(server.ended().unwrap());
    assert!(TcpStream::connect(address).is_err());
}
