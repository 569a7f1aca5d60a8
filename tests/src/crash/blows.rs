//! What happens to a server: SIGKILL at a random moment, and before it perhaps a disk that fails.

use super::Random;
use std::time::Duration;

/// One of them.
#[derive(Debug)]
pub struct Blow {
    faults: String,
    after: Duration,
}

/// Plans of faults (see `disk/faults.rs` of the server); N is a random place, M a random number.
const PLANS: [&str; 20] = [
    "write/seg:torn@N",
    "write/seg:power@N",
    "write/seg:short@N+M",
    "write/seg:fail@N+M",
    "write/seg:full@N+M",
    "reserve/seg:full@N+M",
    "create/seg:full@N+M",
    "create/seg:power@N",
    "sync/seg:fail@N",
    "sync/seg:power@N",
    "write/signed:torn@N",
    "write/signed:full@N+M",
    "sync/signed:fail@N",
    "sync/signed:power@N",
    "write/tmp:short@N+M,sync/tmp:power@N",
    "rename:fail@N+M",
    "rename:power@N",
    "write/entries:torn@N",
    "write/kept:power@N",
    "room:full@N+M",
];

impl Blow {
    /// Half of them come from the disk.
    pub fn choose(random: &mut Random) -> Self {
        let after = Duration::from_millis(5 + random.below(300));
        if random.once_in(2) {
            return Self { faults: String::new(), after };
        }
        let count = random.below(PLANS.len() as u64);
        let plan = PLANS[usize::try_from(count).unwrap_or_default()];
        // Most near the begin, some later; segments are begun and sealed more seldom than anything is written.
        let most =
            if plan.contains("tmp") || plan.contains("rename") || plan.contains("create") { 4 } else { 40 };
        let (first, count) = (1 + random.below(most), 1 + random.below(30));
        Self { faults: plan.replace('N', &first.to_string()).replace('M', &count.to_string()), after }
    }

    /// The plan; empty for none.
    pub fn faults(&self) -> &str {
        &self.faults
    }

    /// When the server is killed.
    pub fn after(&self) -> Duration {
        self.after
    }
}
