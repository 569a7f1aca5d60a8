//! Flags win over the environment, that over the file, and the file over what is built in; mistakes are one sentence.

use super::program;
use delistening_ingest::cli::settings_of_serve;
use std::fs;
use std::path::Path;
use std::process::Output;

struct Given<'a> {
    file: &'a str,
    variables: &'a [(&'a str, &'a str)],
    flags: &'a [&'a str],
}

/// What `serve --check` says of these settings, in an empty folder.
fn check(Given { file, variables, flags }: Given<'_>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("settings.toml"), file).unwrap();
    let mut command = program();
    command.current_dir(&folder).args(["serve", "--check", "--config", "settings.toml"]).args(flags);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "it touches nothing");
    output
}

const DEV: [&str; 1] = ["--dev"];

#[test]
fn each_place_wins_over_the_one_behind_it() {
    let file = "data = \"a\"\njwks-every = 7\nsegment-bytes = 100_000\nallow-origin = [\"https://a\", \"https://b\"]\n";
    let variables = [("DELISTENING_JWKS_EVERY", "8"), ("DELISTENING_DEVICE_RATE", "8")];
    let flags = [&DEV[..], &["--device-rate", "9", "--idle-timeout=9"]].concat();
    let output = check(Given { file, variables: &variables, flags: &flags });
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "data = a  (settings.toml)",
        "jwks-every = 8  (DELISTENING_JWKS_EVERY)",
        "segment-bytes = 100000  (settings.toml)",
        "allow-origin = https://a,https://b  (settings.toml)",
        "device-rate = 9  (the command line)",
        "idle-timeout = 9  (the command line)",
        "listen = 127.0.0.1:8787  (default)",
        "the settings are good",
    ] {
        assert!(said.lines().any(|said| said == line), "{line} is not in\n{said}");
    }
}

#[test]
fn every_mistake_is_one_sentence_that_names_setting_and_place() {
    let good = Given { file: "data = \"a\"", variables: &[], flags: &DEV };
    assert!(check(Given { ..good }).status.success());
    let cases = [
        ("config settings.toml: line 2: ", Given { file: "data = \"a\"\n= 1\n", ..good }),
        ("`lisen`: there is no such setting", Given { file: "lisen = \"x\"", ..good }),
        ("`config`: there is no such setting", Given { file: "config = \"x\"", ..good }),
        ("`dev`: there is no such setting", Given { file: "dev = true", ..good }),
        ("`listen`: it has one value, not a list", Given { file: "listen = [\"x\"]", ..good }),
        ("`listen`: it must be a text", Given { file: "[listen]\nx = 1", ..good }),
        (
            "--listen x: it must be an address and a port",
            Given { file: "data = \"a\"\nlisten = \"x\"", ..good },
        ),
        ("(set in settings.toml)", Given { file: "data = \"a\"\nlisten = \"x\"", ..good }),
        ("'--jwks-every <SECONDS>'", Given { file: "data = \"a\"\njwks-every = 0", ..good }),
        ("(set in settings.toml)", Given { file: "data = \"a\"\njwks-every = 0", ..good }),
        ("(set by DELISTENING_LISTEN)", Given { variables: &[("DELISTENING_LISTEN", "x")], ..good }),
        ("(set by DELISTENING_JWKS_EVERY)", Given { variables: &[("DELISTENING_JWKS_EVERY", "x")], ..good }),
        ("--data <DIR>", Given { file: "", ..good }),
        ("there is --listen", Given { flags: &["--dev", "--lisen", "x"], ..good }),
        ("--log-key is missing", Given { flags: &["--dev", "--previous-log-key", "x"], ..good }),
    ];
    for (told, given) in cases {
        let output = check(given);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{told}");
        assert!(said.starts_with("error: ") && said.contains(told), "{said} is not {told}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
}

#[test]
fn every_setting_of_serve_has_the_variable_of_its_name_but_those_for_development() {
    let settings = settings_of_serve();
    assert!(settings.len() > 30);
    for (setting, variable) in settings {
        let expected = format!("DELISTENING_{}", setting.replace('-', "_").to_uppercase());
        let none = ["check", "dev", "www", "help"].contains(&setting.as_str());
        assert_eq!(variable, (!none).then_some(expected), "{setting}");
    }
}

#[test]
fn a_file_that_others_may_read_holds_no_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.json");
    let made = program().args(["keys", "log", "--origin", "a/log", "--out"]).arg(&key).output().unwrap();
    assert!(made.status.success());
    let tried = |mode: u32| {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let data = folder.path().join("data");
        let mut command = program();
        command.args(["serve", "--dev", "--check", "--data"]).arg(data).arg("--log-key").arg(Path::new(&key));
        command.output().unwrap()
    };
    assert!(tried(0o600).status.success());
    // Tests may run as root or not; a group may read what is root's alone.
    let root = rustix::process::getuid().is_root();
    assert_eq!(tried(0o440).status.success(), root);
    let refused = tried(0o644);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("can be read by others"));
}
