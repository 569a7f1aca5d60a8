//! How the server begins and ends beside its predecessor, its successor and a load balancer.

use clap::Args;
use std::time::Duration;

/// Settings of starts and ends.
#[derive(Args, Clone, Debug)]
pub struct RestartOptions {
    /// How long to wait for another process to end that holds the data folder, in seconds. Connections wait meanwhile
    #[arg(long, env = "DELISTENING_WAIT_FOR_FOLDER", value_name = "SECONDS", default_value_t = 60)]
    pub wait_for_folder: u32,

    /// After SIGTERM: how long to go on taking connections while /readyz says no, in seconds, so that a load balancer
    /// notices
    #[arg(long, env = "DELISTENING_DRAIN_DELAY", value_name = "SECONDS", default_value_t = 0)]
    pub drain_delay: u32,
}

/// How the server begins and ends.
#[derive(Clone, Copy, Debug)]
pub struct Restart {
    /// How long to wait for the folder.
    pub wait_for_folder: Duration,
    /// How long to go on taking connections when told to end.
    pub drain_delay: Duration,
}

impl RestartOptions {
    pub(super) fn read(&self) -> Restart {
        let seconds = |count: u32| Duration::from_secs(count.into());
        Restart { wait_for_folder: seconds(self.wait_for_folder), drain_delay: seconds(self.drain_delay) }
    }
}
