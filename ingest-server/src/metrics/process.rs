//! The process and the disk that it writes to, under the names that Prometheus's own libraries give them.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use rustix::process::{Resource, getrlimit};
use std::fmt;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Looks at the process whenever somebody asks. What the system does not tell (proc(5)) is left out.
#[derive(Debug)]
pub struct Process {
    begin: f64,
}

impl Process {
    /// The present process, taken to begin now.
    pub fn new() -> Self {
        Self { begin: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut tell = |name: &str, help: &str, unit: Option<&Unit>, metric: &dyn Told| {
            metric.tell(&mut encoder, name, help, unit)
        };
        let (seconds, bytes) = (Some(&Unit::Seconds), Some(&Unit::Bytes));
        tell(
            "process_start_time",
            "When the process began, since 1970",
            seconds,
            &ConstGauge::new(self.begin),
        )?;
        if let Some(used) = cpu_seconds() {
            tell("process_cpu", "Processor time used, user and system", seconds, &ConstCounter::new(used))?;
        }
        if let Some(resident) = resident_bytes() {
            tell("process_resident_memory", "Memory in use", bytes, &ConstGauge::new(resident))?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            let open = i64::try_from(open.count()).unwrap_or(i64::MAX);
            tell("process_open_fds", "Open files and connections", None, &ConstGauge::new(open))?;
        }
        if let Some(most) = getrlimit(Resource::Nofile).current {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            tell(
                "process_max_fds",
                "How many files and connections may be open",
                None,
                &ConstGauge::new(most),
            )?;
        }
        Ok(())
    }
}

trait Told {
    fn tell(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
    ) -> Result<(), fmt::Error>;
}

impl<M: EncodeMetric> Told for M {
    fn tell(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
    ) -> Result<(), fmt::Error> {
        self.encode(encoder.encode_descriptor(name, help, unit, self.metric_type())?)
    }
}

/// User and system time, fields 14 and 15.
#[allow(clippy::cast_precision_loss)]
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name before may hold anything, but ends with the last bracket; field 3 comes after it.
    let ticks = stat.rsplit(')').next()?.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().ok()).sum::<Option<u64>>()?;
    Some(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn resident_bytes() -> Option<i64> {
    let pages: usize =
        fs::read_to_string("/proc/self/statm").ok()?.split_whitespace().nth(1)?.parse().ok()?;
    i64::try_from(pages * rustix::param::page_size()).ok()
}
