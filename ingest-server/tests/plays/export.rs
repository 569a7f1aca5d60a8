//! The export in both forms says the same, is continued where it ended, and is audited from either.

use super::erasure::{GOES, erase, tell};
use super::support::{heard_by, now_ms, signer};
use delistening_ingest::export::{Lines, Range, Table, write};
use delistening_schema::bytes;
use delistening_schema::key::SecretKey;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

#[test]
fn a_table_says_what_the_lines_say() {
    let (story, running) = tell();
    for erased in [false, true] {
        if erased {
            erase(&running, GOES);
        }
        let size = running.log.size();
        for (from, to) in [(0, size), (0, 0), (3, size - 1), (size, size)] {
            let range = || Range::new(&running.log, from, to).unwrap().unwrap();
            let lines: Vec<String> = Lines::from(range()).map(Result::unwrap).collect();
            let path = story.folder.path().join("table");
            write(range(), File::create(&path).unwrap()).unwrap();
            let table = Table::open(File::open(&path).unwrap()).unwrap();
            assert_eq!(table.map(Result::unwrap).collect::<Vec<_>>(), lines, "{from} to {to}");
            fs::remove_file(path).unwrap();
        }
    }
    let lines = story.folder.path().join("lines");
    fs::write(&lines, "no table").unwrap();
    assert!(Table::open(File::open(&lines).unwrap()).is_err());
    running.end();
}

fn run(args: &[&str], folder: &Path) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_delistening-ingest"));
    let output = command.args(args).current_dir(folder).output().unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn the_commands_continue_an_export_and_audit_it_in_either_form() {
    let (story, running) = tell();
    running.end();
    let data = story.folder.path();
    let key = SecretKey::from_seed(&[4; 32]).public().jwk_x();
    let jwk = serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": key, "d": bytes::encode(&[4; 32]) });
    fs::write(data.join("log-key.json"), jwk.to_string()).unwrap();
    fs::set_permissions(data.join("log-key.json"), fs::Permissions::from_mode(0o600)).unwrap();
    let out = tempfile::tempdir().unwrap();
    let export = |format: &str, to: &str| {
        let data = data.to_str().unwrap();
        run(&["export", "--data", data, "--format", format, "--out", to], out.path())
    };
    let audit = |path: &str| {
        let vkey = signer().log_key().to_vkey();
        run(&["audit", path, "--log-key", &vkey], out.path())
    };
    for round in 0..3_u32 {
        for (format, path) in [("ndjson", "lines"), ("parquet", "tables")] {
            let (done, said) = export(format, path);
            let nothing_new = said.contains(" 0 of them new");
            assert!(done && nothing_new == (round == 2), "{said}");
            let (holds, said) = audit(path);
            assert!(holds && said.contains("the export holds"), "{said}");
        }
        if round == 0 {
            let running = super::support::start(data, std::time::Duration::ZERO);
            running.commit(&heard_by((3, "another"), 1, None, 33, now_ms(), (0, 40)));
            running.end();
        }
    }
    let tables: Vec<_> =
        fs::read_dir(out.path().join("tables")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(tables.len(), 2);

    // A file that was broken off is cut behind its last whole range; a table is whole or not there.
    let mut lines = File::options().append(true).open(out.path().join("lines")).unwrap();
    write!(lines, "{{\"export\":1,\"origin\":\"log.example\",\"from\":9").unwrap();
    assert!(!audit("lines").0);
    assert!(export("ndjson", "lines").0 && audit("lines").0);
    // A table that is missing, or damaged, is missed.
    let last = tables.iter().max().unwrap();
    let whole = fs::read(last).unwrap();
    let mut damaged = whole.clone();
    // More than one bit: a table also has bytes that nobody reads.
    damaged[whole.len() / 3..][..64].iter_mut().for_each(|byte| *byte = !*byte);
    fs::write(last, damaged).unwrap();
    let (holds, said) = audit("tables");
    assert!(!holds, "{said}");
    fs::write(last, whole).unwrap();
    fs::remove_file(tables.iter().min().unwrap()).unwrap();
    let (holds, said) = audit("tables");
    assert!(!holds && said.contains("where entry 0 should follow"), "{said}");
    let (done, said) = export("parquet", "tables");
    assert!(!done && said.contains("does not follow what is before it"), "{said}");
}
