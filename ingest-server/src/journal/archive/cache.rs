//! Fetched segments, the last used ones, up to so many bytes.

use crate::disk::{self, DiskFile};
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The cache. A file that somebody reads may go: they have it open.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    most_bytes: u64,
    /// Names and lengths, the last used one last.
    files: VecDeque<(String, u64)>,
}

impl Cache {
    /// Takes over what is in `folder`.
    pub fn open(folder: &Path, most_bytes: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            let whole = entry.path().extension().is_some_and(|ending| ending == "zst");
            match entry.file_name().into_string() {
                Ok(name) if whole => found.push((metadata.modified()?, name, metadata.len())),
                // Half of something.
                _ => disk::remove(&entry.path())?,
            }
        }
        found.sort();
        let files = found.into_iter().map(|(_, name, bytes)| (name, bytes)).collect();
        let mut cache = Self { folder: folder.to_owned(), most_bytes, files };
        cache.shrink()?;
        Ok(cache)
    }

    /// The file, if it is here.
    pub fn open_file(&mut self, name: &str) -> Option<DiskFile> {
        let place = self.files.iter().position(|(present, _)| present == name)?;
        let used = self.files.remove(place)?;
        // One that somebody has removed is fetched again.
        let file = DiskFile::open_to_read(&self.folder.join(name)).ok()?;
        self.files.push_back(used);
        Some(file)
    }

    /// Where a file is put until it is whole.
    pub fn temporary(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.tmp"))
    }

    /// Takes a file that is whole, and makes room.
    pub fn take(&mut self, name: &str, temporary: &Path, bytes: u64) -> io::Result<DiskFile> {
        let path = self.folder.join(name);
        fs::rename(temporary, &path)?;
        let file = DiskFile::open_to_read(&path)?;
        self.files.push_back((name.to_owned(), bytes));
        self.shrink()?;
        Ok(file)
    }

    /// Removes the files whose names are so.
    pub fn remove(&mut self, is_so: impl Fn(&str) -> bool) -> io::Result<()> {
        for (name, _) in self.files.iter().filter(|(name, _)| is_so(name)) {
            disk::remove(&self.folder.join(name))?;
        }
        self.files.retain(|(name, _)| !is_so(name));
        Ok(())
    }

    fn shrink(&mut self) -> io::Result<()> {
        while self.files.iter().map(|(_, bytes)| bytes).sum::<u64>() > self.most_bytes {
            let Some((name, _)) = self.files.pop_front() else { break };
            disk::remove(&self.folder.join(name))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &mut Cache, name: &str, bytes: usize) {
        let temporary = cache.temporary(name);
        fs::write(&temporary, vec![7; bytes]).unwrap();
        cache.take(name, &temporary, bytes as u64).unwrap();
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::open(folder.path(), 100).unwrap();
        put(&mut cache, "a.zst", 40);
        put(&mut cache, "b.zst", 40);
        assert!(cache.open_file("a.zst").is_some());
        put(&mut cache, "c.zst", 40);
        assert!(cache.open_file("b.zst").is_none());
        assert!(cache.open_file("a.zst").is_some() && cache.open_file("c.zst").is_some());
        fs::write(cache.temporary("d.zst"), "half").unwrap();
        let mut cache = Cache::open(folder.path(), 40).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "with less room");
        put(&mut cache, "e.zst", 90);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "read once, never kept");
    }
}
