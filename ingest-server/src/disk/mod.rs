//! The few file operations that durability rests on, in one place: what the journal, the ledger and the signed
//! checkpoint do to a disk goes through here.
//!
//! With the feature `faults`, which no shipped program has, each of them can be told to fail ([`faults`]).

#[cfg(feature = "faults")]
pub mod faults;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// What came of a write that did not succeed.
#[derive(Debug)]
pub enum WriteError {
    /// Nothing was kept, and everything is as it was before: it may be tried again later.
    Undone(io::Error),
    /// What is on the disk is in doubt: nothing more may be written before a restart.
    InDoubt(io::Error),
}

impl From<WriteError> for io::Error {
    fn from(error: WriteError) -> Self {
        let (WriteError::Undone(error) | WriteError::InDoubt(error)) = error;
        error
    }
}

/// A file that is read and written at offsets.
#[derive(Debug)]
pub struct DiskFile {
    file: File,
    #[cfg(feature = "faults")]
    watch: faults::Watch,
}

/// Asks whether an operation is to fail; compiled away without the feature.
macro_rules! may_fail {
    ($op:ident, $path:expr) => {
        #[cfg(feature = "faults")]
        faults::before(faults::Op::$op, $path)?;
    };
}

impl DiskFile {
    /// Makes an empty file, or empties the one that is there.
    pub fn create(path: &Path) -> io::Result<Self> {
        may_fail!(Create, path);
        Self::with(path, File::options().read(true).write(true).create(true).truncate(true))
    }

    /// Opens the file, and makes it if it is not there.
    pub fn open_or_create(path: &Path) -> io::Result<Self> {
        may_fail!(Create, path);
        Self::with(path, File::options().read(true).write(true).create(true).truncate(false))
    }

    /// Opens a file to read and write.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::with(path, File::options().read(true).write(true))
    }

    /// Opens a file to read.
    pub fn open_to_read(path: &Path) -> io::Result<Self> {
        Self::with(path, File::options().read(true))
    }

    fn with(path: &Path, options: &fs::OpenOptions) -> io::Result<Self> {
        let file = options.open(path)?;
        Ok(Self {
            #[cfg(feature = "faults")]
            watch: faults::Watch::new(path, &file)?,
            file,
        })
    }

    /// How many bytes it has.
    pub fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Reads until `buffer` is full or the file ends; gives how much was read.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Fills `buffer`.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    /// Writes all of `bytes`. After an error some of them may be in the file.
    pub fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        #[cfg(feature = "faults")]
        self.watch.before_write(&self.file, bytes, offset)?;
        self.file.write_all_at(bytes, offset)
    }

    /// Cuts or lengthens the file.
    pub fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    /// Has the disk set room aside for the bytes up to `length`, which read as zeros until they are written.
    /// Where the file system cannot do that, nothing happens.
    pub fn reserve(&self, length: u64) -> io::Result<()> {
        may_fail!(Reserve, self.watch.path());
        let present = self.length()?;
        if length <= present {
            return Ok(());
        }
        match fallocate(&self.file, FallocateFlags::empty(), present, length - present) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes what was written durable. After an error it is unknown what is: the kernel may have dropped it, so
    /// trying again would prove nothing.
    pub fn sync(&self) -> io::Result<()> {
        may_fail!(Sync, self.watch.path());
        // Of the metadata, fdatasync takes along what is needed to read the data again, such as the length.
        self.file.sync_data()?;
        #[cfg(feature = "faults")]
        self.watch.synced();
        Ok(())
    }
}

/// Makes the names in `folder` durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    may_fail!(Sync, folder);
    File::open(folder)?.sync_all()
}

/// Makes `path` what `temporary` is, and that durable. Whoever had opened the file before reads it on.
pub fn replace(temporary: &Path, path: &Path) -> io::Result<()> {
    may_fail!(Rename, path);
    fs::rename(temporary, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Removes a file, if it is there.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
