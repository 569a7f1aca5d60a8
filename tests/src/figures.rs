//! Percentiles, and what the machine itself can do: the limits that figures are set against.

use crate::signed::Signed;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// The value that `share` (0 to 1) of `sorted` does not exceed.
///
/// # Panics
/// When `sorted` is empty.
pub fn percentile(sorted: &[Duration], share: f64) -> Duration {
    assert!(!sorted.is_empty(), "no samples");
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// How long appending `bytes` bytes with an fdatasync takes in `folder`, sorted.
pub fn fsync_times(folder: &Path, bytes: usize, count: usize) -> io::Result<Vec<Duration>> {
    let path = folder.join("fsync-probe");
    let mut file = std::fs::File::create(&path)?;
    let block = vec![0x5a; bytes];
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begin = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(begin.elapsed());
    }
    std::fs::remove_file(path)?;
    times.sort();
    Ok(times)
}

/// The time of one strict Ed25519 verification of a batch's signature: the work that no ingest server of
/// signed batches can do without. CPU time over its real signing input, so that what else runs does not count.
///
/// # Panics
/// When `jws` is not a good batch.
pub fn verification(jws: &str) -> Duration {
    let signed = Signed::new(jws.to_owned()).expect("a good batch");
    let (begin, mut count) = (thread_cpu_time(), 0_u32);
    while thread_cpu_time().saturating_sub(begin) < Duration::from_secs(1) {
        for _ in 0..100 {
            assert!(std::hint::black_box(&signed).holds());
        }
        count += 100;
    }
    thread_cpu_time().saturating_sub(begin) / count
}

/// CPU time of this thread so far (proc(5), `schedstat`).
///
/// # Panics
/// Where there is no procfs.
pub fn thread_cpu_time() -> Duration {
    cpu_time_of(Path::new("/proc/thread-self"))
}

/// CPU time of a thread by its folder in procfs.
pub(crate) fn cpu_time_of(thread: &Path) -> Duration {
    let stat = std::fs::read_to_string(thread.join("schedstat")).expect("procfs");
    let nanoseconds = stat.split(' ').next().and_then(|first| first.parse().ok()).expect("nanoseconds");
    Duration::from_nanos(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let times: Vec<Duration> = (1..=1000).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 0.5), Duration::from_millis(500));
        assert_eq!(percentile(&times, 0.99), Duration::from_millis(990));
        assert_eq!(percentile(&times, 0.999), Duration::from_millis(999));
        assert_eq!(percentile(&times[..1], 0.999), Duration::from_millis(1));
    }
}
