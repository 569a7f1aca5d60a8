//! Makes file operations fail on purpose, for tests alone.
//!
//! A plan is text: `OPERATION[/NAME]:FAULT@FIRST[+COUNT]`, several with commas between them. The operations are
//! `create`, `write`, `reserve`, `sync`, `rename`, and `room` for those that need room on the disk; with a name,
//! only those on files whose name holds it. The faults are `fail`, `full`, `short` (half of a write), `torn` (half
//! of a write, and the process ends) and `power` (the process ends, and of what was not synced some pages are
//! lost). FIRST is which of the operations fails, from 1, and COUNT how many do, 1 if not said.
//!
//! The environment variable `DELISTENING_FAULTS` holds a plan for the whole process, [`inject`] one for a folder.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// It is made or opened to be written.
    Create,
    /// Bytes are written.
    Write,
    /// Room is set aside.
    Reserve,
    /// It is synced.
    Sync,
    /// It takes the place of another.
    Rename,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Fail,
    Full,
    Short,
    Torn,
    Power,
}

#[derive(Debug)]
struct Rule {
    ops: &'static [Op],
    name: String,
    fault: Fault,
    first: u64,
    count: u64,
    seen: u64,
}

/// A plan that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0} is no plan of faults; one is OPERATION[/NAME]:FAULT@FIRST[+COUNT], such as sync/seg:fail@3")]
pub struct BadPlan(String);

impl FromStr for Rule {
    type Err = BadPlan;

    fn from_str(text: &str) -> Result<Self, BadPlan> {
        let bad = || BadPlan(text.to_owned());
        let (what, rest) = text.split_once(':').ok_or_else(bad)?;
        let (fault, when) = rest.split_once('@').ok_or_else(bad)?;
        let (op, name) = what.split_once('/').unwrap_or((what, ""));
        let (first, count) = when.split_once('+').unwrap_or((when, "1"));
        Ok(Self {
            ops: match op {
                "create" => &[Op::Create],
                "write" => &[Op::Write],
                "reserve" => &[Op::Reserve],
                "sync" => &[Op::Sync],
                "rename" => &[Op::Rename],
                "room" => &[Op::Create, Op::Write, Op::Reserve],
                _ => return Err(bad()),
            },
            name: name.to_owned(),
            fault: match fault {
                "fail" => Fault::Fail,
                "full" => Fault::Full,
                "short" => Fault::Short,
                "torn" => Fault::Torn,
                "power" => Fault::Power,
                _ => return Err(bad()),
            },
            first: first.parse().map_err(|_| bad())?,
            count: count.parse().map_err(|_| bad())?,
            seen: 0,
        })
    }
}

impl Rule {
    fn strikes(&mut self, op: Op, path: &Path) -> bool {
        let named = || path.file_name().is_some_and(|name| name.to_string_lossy().contains(&self.name));
        if !self.ops.contains(&op) || !named() {
            return false;
        }
        self.seen += 1;
        (self.first..self.first.saturating_add(self.count)).contains(&self.seen)
    }
}

/// A plan in force; it ends when this is dropped.
#[derive(Debug)]
pub struct Injected(PathBuf);

impl Drop for Injected {
    fn drop(&mut self) {
        lock(&PLANS).retain(|(folder, _)| *folder != self.0);
    }
}

type Plan = (PathBuf, Vec<Rule>);
static PLANS: LazyLock<Mutex<Vec<Plan>>> = LazyLock::new(|| {
    let plan = std::env::var("DELISTENING_FAULTS").unwrap_or_default();
    Mutex::new(vec![(PathBuf::new(), parse(&plan).unwrap_or_else(|error| panic!("{error}")))])
});
/// Files that are open, for what a power failure does to them.
static OPEN: Mutex<Vec<Weak<Unsynced>>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn parse(plan: &str) -> Result<Vec<Rule>, BadPlan> {
    plan.split(',').filter(|rule| !rule.is_empty()).map(str::parse).collect()
}

/// Puts `plan` in force for everything below `folder`, in place of the one that was.
pub fn inject(folder: &Path, plan: &str) -> Result<Injected, BadPlan> {
    let rules = parse(plan)?;
    let mut plans = lock(&PLANS);
    plans.retain(|(present, _)| present != folder);
    plans.push((folder.to_owned(), rules));
    Ok(Injected(folder.to_owned()))
}

fn strike(op: Op, path: &Path) -> Option<Fault> {
    let mut plans = lock(&PLANS);
    let rules = plans.iter_mut().filter(|(folder, _)| path.starts_with(folder)).flat_map(|(_, rules)| rules);
    // Every rule counts, also when an earlier one strikes.
    rules.filter_map(|rule| rule.strikes(op, path).then_some(rule.fault)).last()
}

/// Fails if `op` on `path` is to fail.
pub(crate) fn before(op: Op, path: &Path) -> io::Result<()> {
    match strike(op, path) {
        None => Ok(()),
        Some(Fault::Full) => Err(io::ErrorKind::StorageFull.into()),
        Some(Fault::Fail | Fault::Short) => Err(io::Error::other("injected")),
        Some(Fault::Torn) => std::process::abort(),
        Some(Fault::Power) => power_failure(),
    }
}

const PAGE: u64 = 4096;

/// What a file was where it was written since it was last synced.
#[derive(Debug)]
struct Unsynced {
    file: File,
    pages: Mutex<Vec<(u64, Vec<u8>)>>,
}

/// A file's part in all this.
#[derive(Debug)]
pub(super) struct Watch {
    path: PathBuf,
    unsynced: Arc<Unsynced>,
}

impl Watch {
    pub(super) fn new(path: &Path, file: &File) -> io::Result<Self> {
        let unsynced = Arc::new(Unsynced { file: file.try_clone()?, pages: Mutex::default() });
        let mut open = lock(&OPEN);
        open.retain(|file| file.strong_count() > 0);
        open.push(Arc::downgrade(&unsynced));
        Ok(Self { path: path.to_owned(), unsynced })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn before_write(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Some(fault) = strike(Op::Write, &self.path) {
            let half = &bytes[..bytes.len() / 2];
            match fault {
                Fault::Full => {
                    file.write_all_at(half, offset)?;
                    return Err(io::ErrorKind::StorageFull.into());
                }
                Fault::Fail => return Err(io::Error::other("injected")),
                Fault::Short => {
                    file.write_all_at(half, offset)?;
                    return Err(io::Error::other("injected: a short write"));
                }
                Fault::Torn => {
                    file.write_all_at(half, offset)?;
                    std::process::abort();
                }
                Fault::Power => {
                    self.remember(bytes.len(), offset)?;
                    file.write_all_at(bytes, offset)?;
                    power_failure();
                }
            }
        }
        self.remember(bytes.len(), offset)
    }

    fn remember(&self, length: usize, offset: u64) -> io::Result<()> {
        let mut pages = lock(&self.unsynced.pages);
        for page in offset / PAGE..(offset + length as u64).div_ceil(PAGE) {
            let mut before = vec![0; 4096];
            // Past the end there were zeros.
            self.unsynced.file.read_at(&mut before, page * PAGE)?;
            pages.push((page * PAGE, before));
        }
        Ok(())
    }

    pub(super) fn synced(&self) {
        lock(&self.unsynced.pages).clear();
    }
}

/// Loses about half of the pages that were written and not synced, and ends the process.
fn power_failure() -> ! {
    for file in lock(&OPEN).iter().filter_map(Weak::upgrade) {
        let pages = std::mem::take(&mut *lock(&file.pages));
        for (offset, before) in pages.into_iter().rev() {
            let mut lost = [0];
            // What cannot be lost is kept, as a disk may do as well.
            if getrandom::fill(&mut lost).is_ok() && lost[0] % 2 == 0 {
                let _ = file.file.write_all_at(&before, offset);
            }
        }
    }
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{DiskFile, replace};

    #[test]
    fn operations_fail_as_planned_and_below_the_folder_alone() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let plan = inject(one.path(), "write/a:short@2,sync:fail@1+2,rename:fail@1,room/b:full@1").unwrap();
        let file = DiskFile::create(&one.path().join("a")).unwrap();
        file.write_all_at(b"whole", 0).unwrap();
        file.write_all_at(b"half", 5).unwrap_err();
        assert_eq!(file.length().unwrap(), 7);
        file.sync().unwrap_err();
        file.sync().unwrap_err();
        file.sync().unwrap();
        let full = DiskFile::create(&one.path().join("b")).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        replace(&one.path().join("a"), &one.path().join("c")).unwrap_err();
        DiskFile::create(&other.path().join("b")).unwrap().sync().unwrap();
        drop(plan);
        replace(&one.path().join("a"), &one.path().join("c")).unwrap();
    }

    #[test]
    fn a_plan_that_cannot_be_read_is_refused() {
        for plan in ["write", "write:fail", "eat:fail@1", "write:burn@1", "write:fail@x", "write:fail@1+"] {
            assert!(inject(Path::new("/nowhere"), plan).is_err(), "{plan}");
        }
    }
}
