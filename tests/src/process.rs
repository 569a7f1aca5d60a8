//! A server in a process of its own, and the CPU time it used.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running server; ended when dropped.
pub struct Server {
    child: Child,
    /// Its base URL.
    pub url: String,
}

impl Server {
    /// Starts `command` and waits for its line `listening on URL`.
    ///
    /// # Panics
    /// Never: the pipe it takes was just made.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("listening on ").map(|(_, url)| url.trim().to_owned()));
        let Some(url) = url else {
            let status = child.wait()?;
            return Err(io::Error::other(format!("the server did not start: {status}")));
        };
        // Keep reading, so that the server never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, url })
    }

    /// The most memory that it has held at one time, in bytes (proc(5), `VmHWM`).
    ///
    /// # Panics
    /// Where there is no procfs.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("procfs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("kB");
        kib * 1024
    }

    /// Ends it at once, as a power failure does to a process (SIGKILL).
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// CPU time used so far, all threads, user and system (proc(5), `stat`).
    ///
    /// # Panics
    /// Where there is no procfs.
    pub fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("procfs");
        // The second field is the command in parentheses and may hold spaces; utime and stime are 14 and 15.
        let fields: Vec<&str> = stat.rsplit_once(')').expect("a command").1.split_whitespace().collect();
        let ticks: u64 = fields[11..=12].iter().map(|ticks| ticks.parse::<u64>().expect("ticks")).sum();
        // Linux reports in USER_HZ, which is 100 on every architecture it runs on today.
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
