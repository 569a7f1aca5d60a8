//! A server in a process of its own, and the CPU time it used.

use crate::figures::cpu_time_of;
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

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended by itself; whether it ended well.
    pub fn ended(&mut self) -> io::Result<bool> {
        Ok(self.child.wait()?.success())
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

    /// CPU time used so far, user and system, of the threads for whose name `which` is true.
    ///
    /// # Panics
    /// Where there is no procfs.
    pub fn cpu_time(&self, which: impl Fn(&str) -> bool) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("procfs");
        tasks
            .map(|task| task.expect("a thread").path())
            // A thread that has ended in the meantime has no name any more.
            .filter(|task| {
                std::fs::read_to_string(task.join("comm")).is_ok_and(|name| which(name.trim_end()))
            })
            .map(|task| cpu_time_of(&task))
            .sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
