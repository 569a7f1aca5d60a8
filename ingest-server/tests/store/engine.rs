//! A real ClickHouse engine: the one at `CLICKHOUSE_URL`, or else one in a process of ours, behind ClickHouse's HTTP
//! interface (see tests/clickhouse/).

use delistening_ingest::store::clickhouse::{Connection, Secret};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub const USER: &str = "ingest";
pub const PASSWORD: &str = "open sesame";

/// A process with an engine. It ends with this process, whose end of its input closes then.
pub struct Engine {
    child: Child,
    pub port: u16,
}

impl Engine {
    /// Starts one whose tables lie in `folder`; port 0 takes a free one.
    pub fn start(folder: &Path, port: u16) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let python = root.join("target/tools/clickhouse/bin/python");
        assert!(python.exists(), "the ClickHouse engine for tests is not there: run `node .tools/setup.mjs`");
        let mut child = Command::new(python)
            .arg(root.join("tests/clickhouse/server.py"))
            .args([
                "--with-parent",
                "--user",
                USER,
                "--password",
                PASSWORD,
                "--port",
                &port.to_string(),
                "--data",
            ])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        Self { child, port: port.unwrap_or_else(|| panic!("the engine did not start: {line:?}")) }
    }

    /// Kills it where it stands.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// A database of one's own, in the engine that all tests of this process share.
pub fn database() -> Connection {
    static SHARED: OnceLock<Option<(Engine, tempfile::TempDir)>> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let shared = SHARED.get_or_init(|| {
        std::env::var("CLICKHOUSE_URL").is_err().then(|| {
            let folder = tempfile::tempdir().unwrap();
            (Engine::start(&folder.path().join("engine"), 0), folder)
        })
    });
    if let Some((engine, _)) = shared {
        return connection(&engine.url(), &name);
    }
    let variable = |name: &str| std::env::var(name).ok();
    let password = variable("CLICKHOUSE_PASSWORD").map(Secret::new);
    let url = variable("CLICKHOUSE_URL").unwrap();
    Connection::new(&url, &name, variable("CLICKHOUSE_USER").as_deref(), password.as_ref())
}

/// A database of an engine that was started here.
pub fn connection(url: &str, database: &str) -> Connection {
    Connection::new(url, database, Some(USER), Some(&Secret::new(PASSWORD)))
}
