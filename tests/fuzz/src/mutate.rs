//! Mutations without a fuzzing engine: the same for the same seed, on every machine.

/// A small generator (`SplitMix64`); good enough to choose mutations.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    ///
    /// # Panics
    /// When `end` is zero.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end as u64)).expect("it is below a usize")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// What parsers stumble over.
const WORDS: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"[",
    b"}",
    b"]",
    b",",
    b":",
    b"null",
    b"-1",
    b"0",
    b"00",
    b"1e999",
    b"9007199254740992",
    b"18446744073709551615",
    b"18446744073709551616",
    b".",
    b"..",
    b"=",
    b"+",
    b"/",
    b"_",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xc3\xa9",
    b"\xe2\x80\x94 ",
    b"x",
    b"x000/",
    b".p/256",
    b"none",
    b"EdDSA",
];

/// Changes `input` in one to four places; `other` is something to take pieces from.
pub fn mutate(input: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.byte(),
            2 => bytes.truncate(at),
            3 => {
                let end = at + random.below(bytes.len() - at + 1);
                bytes.drain(at..end);
            }
            4 => {
                let word = WORDS[random.below(WORDS.len())];
                bytes.splice(at..at, word.iter().copied());
            }
            5 => {
                let begin = random.below(other.len() + 1);
                let end = begin + random.below((other.len() - begin).min(64) + 1);
                bytes.splice(at..at, other[begin..end].iter().copied());
            }
            _ => {
                let end = at + random.below((bytes.len() - at).min(64) + 1);
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}
