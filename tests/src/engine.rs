//! A real ClickHouse engine in a process of its own, behind ClickHouse's HTTP interface (see tests/clickhouse/).

use delistening_ingest::store::clickhouse::{Connection, Secret};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The user that it knows.
pub const USER: &str = "ingest";
/// The user's password.
pub const PASSWORD: &str = "open sesame";

/// A process with an engine. It ends with this process, whose end of its input closes then.
pub struct Engine {
    child: Child,
    /// Where it listens, on this machine.
    pub port: u16,
}

impl Engine {
    /// Starts one whose tables lie in `folder`; port 0 takes a free one.
    ///
    /// # Panics
    /// When it does not start.
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
    ///
    /// # Panics
    /// When it ended by itself.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A connection to one of its databases.
    pub fn connection(&self, database: &str) -> Connection {
        Connection::new(&self.url(), database, Some(USER), Some(&Secret::new(PASSWORD)))
    }
}
