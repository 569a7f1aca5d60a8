//! Copies of a folder that is being written hold what was signed, and `doctor` says what is wrong with those that do not.

use super::world::{Listener, World, signal};
use super::{program, runtime, until};
use delistening_schema::api::Answer;
use delistening_tests::process::Server;
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use tokio::task::spawn_blocking;

const BATCHES: usize = 60;

fn run(command: &str, arguments: &[(&str, &Path)]) -> Output {
    let mut line = program();
    line.arg(command);
    for (name, path) in arguments {
        line.arg(name).arg(path);
    }
    line.output().unwrap()
}

fn well(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// A command that serves small segments, so that some are compressed meanwhile.
fn serve(world: &World, data: &Path) -> std::process::Command {
    let mut command = world.serve_folder(data);
    command.args(["--segment-bytes", "65536"]);
    command
}

fn log_key(world: &World) -> PathBuf {
    world.data().join("log-key.json")
}

#[test]
fn a_backup_that_is_made_under_load_is_restored_with_all_that_was_acked_before_it() {
    let world = World::new();
    let (backup, restored) = (world.folder.path().join("backup"), world.folder.path().join("restored"));
    runtime().block_on(async {
        let server = Server::start(&mut serve(&world, &world.data())).unwrap();
        let mut listener = Listener::new(1);
        let mut acked = Vec::new();
        // Each backup adds to the one before, while batches go on.
        for _ in 0..3 {
            let (data, to) = (world.data(), backup.clone());
            let mut copying = None;
            for number in 0..BATCHES {
                if number == BATCHES / 2 {
                    let (data, to) = (data.clone(), to.clone());
                    copying =
                        Some(spawn_blocking(move || run("backup", &[("--data", &data), ("--to", &to)])));
                }
                let jws = listener.play();
                let answer = world.send(&server.url, &listener, &jws).await;
                assert!(matches!(answer, Ok(Answer::Accepted(_))), "{answer:?}");
                acked.push(jws);
            }
            let said = well(&copying.unwrap().await.unwrap());
            assert!(said.contains("comes to the root that was signed"), "{said}");
        }
        // What was acked before the last one began.
        let (sure, _) = acked.split_at(acked.len() - BATCHES / 2);
        drop(server);
        fs::copy(log_key(&world), world.folder.path().join("key.json")).unwrap();
        assert!(!backup.join("log-key.json").exists(), "keys are kept elsewhere");
        fs::remove_dir_all(world.data()).unwrap();
        well(&run("restore", &[("--from", &backup), ("--data", &restored)]));
        let again = run("restore", &[("--from", &backup), ("--data", &restored)]);
        assert!(String::from_utf8_lossy(&again.stderr).contains("it is not empty"));
        let mut command = serve(&world, &restored);
        command.args(["--log-key", "key.json"]);
        let server = Server::start(&mut command).unwrap();
        for jws in sure {
            let answer = world.send(&server.url, &listener, jws).await;
            assert!(matches!(answer, Ok(Answer::Duplicate(_))), "{answer:?}");
        }
    });
}

/// A folder with some compressed segments, whose server has ended.
fn written(world: &World) {
    runtime().block_on(async {
        let mut server = Server::start(&mut serve(world, &world.data())).unwrap();
        let mut listener = Listener::new(1);
        for _ in 0..BATCHES {
            let jws = listener.play();
            world.send(&server.url, &listener, &jws).await.unwrap();
        }
        let journal = world.data().join("journal");
        let compressed = async || {
            let names = fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path());
            let raw = names.filter(|path| path.extension().is_some_and(|ending| ending == "seg")).count();
            (raw == 1).then_some(())
        };
        until("compressed segments", compressed).await;
        // A running server is no reason not to look.
        let said = well(&run("doctor", &[("--data", &world.data())]));
        assert!(said.contains("a process has the folder open"), "{said}");
        signal(&server, Signal::TERM);
        assert!(spawn_blocking(move || server.ended()).await.unwrap().unwrap());
    });
}

/// Every file below `folder` with what is in it, but for those in which whoever reads a database notes that they do: they
/// hold nothing that lasts.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else if path.extension().is_none_or(|ending| ending != "sqlite-shm") {
            all.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    all.sort();
    all
}

#[test]
fn the_doctor_says_what_is_wrong_and_changes_nothing() {
    let world = World::new();
    written(&world);
    let data = world.data();
    let whole = contents(&data);
    let doctor = || run("doctor", &[("--data", &data)]);
    assert!(well(&doctor()).contains("the folder is sound"));
    assert!(contents(&data) == whole, "it changes nothing");

    let first = whole.iter().find(|(path, _)| path.to_string_lossy().ends_with("00000.seg.zst")).unwrap();
    let last = whole.iter().find(|(path, _)| path.extension().is_some_and(|ending| ending == "seg")).unwrap();
    let flipped = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let signed = data.join("ledger/signed");
    let cases: [(&str, &Path, Option<Vec<u8>>); 6] = [
        ("no undamaged record", &first.0, Some(flipped(&first.1, first.1.len() / 2))),
        ("no undamaged record", &last.0, Some(flipped(&last.1, 40))),
        ("no undamaged record", &last.0, None),
        ("no undamaged record", &first.0, None),
        ("there is no ledger/signed", &signed, None),
        ("holds no checkpoint", &signed, Some(vec![0; 4096])),
    ];
    for (told, path, bytes) in cases {
        match bytes {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        let output = doctor();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success(), "{told}: {said}");
        assert!(said.lines().any(|line| line.starts_with("WRONG") && line.contains(told)), "{told}: {said}");
        let (_, before) = whole.iter().find(|(of, _)| of == path).unwrap();
        fs::write(path, before).unwrap();
    }
    // What is derived is no loss.
    fs::write(data.join("registry.sqlite"), "no database").unwrap();
    // A log of its own that was left at the end would stand in for the file.
    let _ = fs::remove_file(data.join("registry.sqlite-wal"));
    fs::remove_file(data.join("judge.sqlite")).unwrap();
    let said = well(&doctor());
    assert!(
        said.contains("registry.sqlite cannot be used") && said.contains("judge.sqlite is missing"),
        "{said}"
    );
    let nobody = run("doctor", &[("--data", world.folder.path())]);
    assert!(!nobody.status.success());
}
