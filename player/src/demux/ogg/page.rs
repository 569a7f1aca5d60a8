//! Pages: the pieces that an Ogg stream is cut into.

use crate::window::{Step, Window};

const HEADER: usize = 27;

/// What a page's header says.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Where it begins.
    pub at: u64,
    /// Bytes of the header with its table.
    pub header: usize,
    /// Bytes of all of it.
    pub size: usize,
    /// Whether it begins with the rest of a packet.
    pub continued: bool,
    pub is_first: bool,
    pub is_last: bool,
    /// Where the last packet that ends on it ends, in the codec's count; none where none does.
    pub granule: Option<i64>,
    pub serial: u32,
    /// Lengths of the packets on it; `true` for those that end on it.
    pub packets: Vec<(usize, bool)>,
}

/// The page that begins at `at`; none where no whole, sound page does.
pub(crate) fn read(window: &Window, at: u64) -> Step<Option<Page>> {
    let head = window.get(at, HEADER)?;
    if !head.starts_with(b"OggS\0") {
        return Ok(None);
    }
    let (flags, segments) = (head[5], usize::from(head[26]));
    let table = &window.get(at, HEADER + segments)?[HEADER..];
    let body: usize = table.iter().map(|lace| usize::from(*lace)).sum();
    let header = HEADER + segments;
    let bytes = window.get(at, header + body)?;
    let word = |at: usize| bytes[at..].first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
    if checksum(bytes) != word(22) {
        return Ok(None);
    }
    let granule = bytes[6..].first_chunk().map_or(-1, |granule| i64::from_le_bytes(*granule));
    let mut packets = Vec::new();
    let mut len = 0;
    for lace in table {
        len += usize::from(*lace);
        if *lace < 255 {
            packets.push((len, true));
            len = 0;
        }
    }
    if table.last() == Some(&255) {
        packets.push((len, false));
    }
    Ok(Some(Page {
        at,
        header,
        size: header + body,
        continued: flags & 1 != 0,
        is_first: flags & 2 != 0,
        is_last: flags & 4 != 0,
        granule: (granule != -1).then_some(granule),
        serial: word(14),
        packets,
    }))
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut entry = 0;
    while entry < 256 {
        let mut crc = (entry as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = crc << 1 ^ if crc >> 31 == 0 { 0 } else { 0x04c1_1db7 };
            bit += 1;
        }
        table[entry] = crc;
        entry += 1;
    }
    table
}

static CRC: [u32; 256] = table();

/// Over a page, with its own checksum counted as zeros.
fn checksum(page: &[u8]) -> u32 {
    let bytes = page.iter().enumerate().map(|(at, byte)| if (22..26).contains(&at) { 0 } else { *byte });
    bytes.fold(0, |crc, byte| crc << 8 ^ CRC[usize::from((crc >> 24) as u8 ^ byte)])
}
