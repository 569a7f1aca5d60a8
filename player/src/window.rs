//! The part of a file that is here.

use crate::error::Error;

/// Why a demuxer cannot go on now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halt {
    /// It needs `len` bytes from byte `at` on, and will ask again.
    Read { at: u64, len: usize },
    /// The file ends before what it wants.
    End,
    /// It cannot go on at all.
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Halt::Failed(error)
    }
}

pub(crate) type Step<T> = Result<T, Halt>;

/// The most bytes that may be asked for at once: the sample tables of a long MP4 file.
const MOST: usize = 64 << 20;

/// A run of a file's bytes. Demuxers read from it at places in the file; what is not here is a [`Halt`].
#[derive(Debug, Default)]
pub(crate) struct Window {
    start: u64,
    bytes: Vec<u8>,
    /// How many of `bytes`, from the first on, are not needed any more.
    released: usize,
    /// The length of the file, once known.
    length: Option<u64>,
}

impl Window {
    /// Exactly `len` bytes from `at` on.
    pub fn get(&self, at: u64, len: usize) -> Step<&[u8]> {
        if len > MOST {
            return Err(Error::Damaged("a part of it says to be larger than can be").into());
        }
        match self.here(at).get(..len) {
            Some(bytes) => Ok(bytes),
            None if self.length.is_some_and(|length| at.saturating_add(len as u64) > length) => {
                Err(Halt::End)
            }
            None => Err(Halt::Read { at, len }),
        }
    }

    /// `len` bytes from `at` on, or as many as the file has there; never none.
    pub fn up_to(&self, at: u64, len: usize) -> Step<&[u8]> {
        let len = match self.length {
            Some(length) if at >= length => return Err(Halt::End),
            Some(length) => len.min(usize::try_from(length - at).unwrap_or(usize::MAX)),
            None => len,
        };
        self.get(at, len)
    }

    /// What is here from `at` on; may be nothing.
    pub fn here(&self, at: u64) -> &[u8] {
        let skip = at.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        skip.and_then(|skip| self.bytes.get(skip..)).unwrap_or_default()
    }

    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Takes in bytes of the file from `at` on. No bytes: the file ends there.
    pub fn feed(&mut self, at: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            self.length = Some(self.length.map_or(at, |length| length.min(at)));
            return;
        }
        let end = self.start + self.bytes.len() as u64;
        if at != end {
            self.start = at;
            self.bytes.clear();
            self.released = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub fn set_length(&mut self, length: u64) {
        self.length = Some(length);
    }

    /// Nothing before `at` is asked for again.
    pub fn release(&mut self, at: u64) {
        let passed = at.saturating_sub(self.start);
        self.released = usize::try_from(passed).unwrap_or(usize::MAX).min(self.bytes.len());
        // Moving the rest to the front costs as much as it is long: only when it is the smaller part.
        if self.released * 2 > self.bytes.len() {
            self.bytes.drain(..self.released);
            self.start += self.released as u64;
            self.released = 0;
            // A table that was read whole, or what a host gave too much of, is not kept room for.
            if self.bytes.capacity() > 1 << 20 && self.bytes.len() < 1 << 16 {
                self.bytes.shrink_to(1 << 17);
            }
        }
    }

    /// Whether all from `at` on, up to the end of what is here, is here.
    pub fn reaches(&self, at: u64) -> bool {
        (self.start..=self.end()).contains(&at)
    }

    /// The byte after the last that is here.
    pub fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{Halt, Window};

    #[test]
    fn asks_for_what_is_missing_and_says_where_the_file_ends() {
        let mut window = Window::default();
        assert_eq!(window.get(10, 4), Err(Halt::Read { at: 10, len: 4 }));
        window.feed(10, b"ab");
        window.feed(12, b"cd");
        assert_eq!(window.get(11, 3), Ok(&b"bcd"[..]));
        assert_eq!(window.get(9, 1), Err(Halt::Read { at: 9, len: 1 }));
        window.feed(14, &[]);
        assert_eq!(window.get(11, 4), Err(Halt::End));
        assert_eq!(window.up_to(12, 100), Ok(&b"cd"[..]));
        assert_eq!(window.up_to(14, 1), Err(Halt::End));
    }

    #[test]
    fn forgets_what_is_released_and_what_lies_elsewhere() {
        let mut window = Window::default();
        window.feed(0, &[7; 1000]);
        window.release(900);
        assert_eq!(window.here(900).len(), 100);
        assert!(window.bytes.len() <= 100);
        window.feed(5000, b"far");
        assert_eq!(window.get(5000, 3), Ok(&b"far"[..]));
        assert!(window.here(950).is_empty());
    }

    #[test]
    fn a_size_that_cannot_be_is_refused() {
        assert!(matches!(Window::default().get(0, usize::MAX), Err(Halt::Failed(_))));
        assert_eq!(Window::default().get(u64::MAX, 4), Err(Halt::Read { at: u64::MAX, len: 4 }));
    }
}
