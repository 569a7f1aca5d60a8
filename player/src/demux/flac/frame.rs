//! The header of a FLAC frame, and the two checksums.

use super::super::be;

/// What a frame's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Bytes of the header.
    pub size: usize,
    /// Samples of each channel in the frame.
    pub block: u32,
    pub channels: u8,
    /// The number of the frame, or of its first sample.
    number: u64,
    /// Whether `number` counts samples.
    pub variable: bool,
    /// What `number` is multiplied with where it counts frames: all but the last are this long.
    stride: u32,
}

impl Header {
    /// The sample that it begins with.
    pub fn first_frame(&self) -> u64 {
        if self.variable { self.number } else { self.number.saturating_mul(u64::from(self.stride)) }
    }

    /// Whether this frame comes right after `before`.
    pub fn follows(&self, before: &Header) -> bool {
        let step = if before.variable { u64::from(before.block) } else { 1 };
        self.variable == before.variable && self.number == before.number.wrapping_add(step)
    }
}

/// Reads a header; none where the bytes are none, by their form and their checksum.
pub(crate) fn header(bytes: &[u8], largest_block: u16) -> Option<Header> {
    let [0xff, sync @ (0xf8 | 0xf9), sizes, channels] = *bytes.first_chunk()? else { return None };
    if channels & 1 != 0 || channels >> 4 > 10 || channels >> 1 & 7 == 3 {
        return None;
    }
    let (number, mut at) = coded_number(bytes, 4)?;
    let block = match sizes >> 4 {
        0 => return None,
        1 => 192,
        code @ 2..=5 => 576 << (code - 2),
        6 => {
            at += 1;
            u32::from(*bytes.get(at - 1)?) + 1
        }
        7 => {
            at += 2;
            u32::from(be::u16(bytes.get(at - 2..at)?, 0)) + 1
        }
        code => 256 << (code - 8),
    };
    at += match sizes & 15 {
        12 => 1,
        13 | 14 => 2,
        15 => return None,
        _ => 0,
    };
    let checksum = *bytes.get(at)?;
    if crc8(bytes.get(..at)?) != checksum || block > u32::from(largest_block) {
        return None;
    }
    let channels = if channels >> 4 < 8 { (channels >> 4) + 1 } else { 2 };
    let variable = sync == 0xf9;
    Some(Header { size: at + 1, block, channels, number, variable, stride: u32::from(largest_block) })
}

/// A number coded as UTF-8 codes characters, but up to 36 bits; and the place after it.
fn coded_number(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let first = *bytes.get(at)?;
    let more = match first.leading_ones() {
        0 => return Some((u64::from(first), at + 1)),
        ones @ 2..=7 => ones as usize - 1,
        _ => return None,
    };
    let mut number = u64::from(first) & (0x3f >> more);
    for byte in bytes.get(at + 1..=at + more)? {
        if byte >> 6 != 0b10 {
            return None;
        }
        number = number << 6 | u64::from(byte & 0x3f);
    }
    Some((number, at + more + 1))
}

const fn table8() -> [u8; 256] {
    let mut table = [0; 256];
    let mut entry = 0;
    while entry < 256 {
        let mut crc = entry as u8;
        let mut bit = 0;
        while bit < 8 {
            crc = crc << 1 ^ if crc & 0x80 == 0 { 0 } else { 0x07 };
            bit += 1;
        }
        table[entry] = crc;
        entry += 1;
    }
    table
}

const fn table16() -> [u16; 256] {
    let mut table = [0; 256];
    let mut entry = 0;
    while entry < 256 {
        let mut crc = (entry as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = crc << 1 ^ if crc & 0x8000 == 0 { 0 } else { 0x8005 };
            bit += 1;
        }
        table[entry] = crc;
        entry += 1;
    }
    table
}

static CRC8: [u8; 256] = table8();
static CRC16: [u16; 256] = table16();

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| CRC8[usize::from(crc ^ byte)])
}

/// 0 over a frame that is whole, its checksum counted in.
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| crc << 8 ^ CRC16[usize::from((crc >> 8) as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::{coded_number, crc8, crc16, header};

    #[test]
    fn checksums_are_those_of_the_format() {
        assert_eq!(crc8(b"123456789"), 0xf4);
        assert_eq!(crc16(b"123456789"), 0xfee8);
    }

    #[test]
    fn headers_are_told_from_noise() {
        let mut bytes = vec![0xff, 0xf8, 0xc9, 0x18, 0x05];
        bytes.push(crc8(&bytes));
        let read = header(&bytes, 4096).unwrap();
        assert_eq!((read.size, read.block, read.channels, read.first_frame()), (6, 4096, 2, 5 * 4096));
        assert_eq!(header(&bytes, 1152), None, "a block larger than the stream's largest");
        bytes[4] = 6;
        assert_eq!(header(&bytes, 4096), None, "a wrong checksum");
        assert_eq!(header(&bytes[..3], 4096), None);
    }

    #[test]
    fn numbers_are_coded_in_up_to_seven_bytes() {
        assert_eq!(coded_number(&[0x7f], 0), Some((0x7f, 1)));
        assert_eq!(coded_number("é".as_bytes(), 0), Some((0xe9, 2)));
        assert_eq!(coded_number(&[0xfe, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf], 0), Some(((1 << 36) - 1, 7)));
        assert_eq!(coded_number(&[0x80], 0), None);
        assert_eq!(coded_number(&[0xc3], 0), None);
    }
}
