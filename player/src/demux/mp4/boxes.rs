//! Boxes: the nested parts of an MP4 file.

use super::super::be;

/// A box's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub kind: [u8; 4],
    /// Bytes of the header itself.
    pub bytes: usize,
    /// Bytes of all of the box; none for one that goes on to the end of the file.
    pub size: Option<u64>,
}

/// Reads the header of a box from at least 16 bytes, or all that there are.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    let kind = *bytes.get(4..8)?.first_chunk()?;
    let (header, size) = match be::u32(bytes, 0) {
        0 => (8, None),
        1 => (16, Some(bytes.get(8..16).map(|_| be::u64(bytes, 8))?)),
        size => (8, Some(u64::from(size))),
    };
    if size.is_some_and(|size| size < header as u64) {
        return None;
    }
    Some(Header { kind, bytes: header, size })
}

/// The boxes that stand in `bytes`, one after the other: kind and content.
pub(super) fn children(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let Header { kind, bytes: header, size } = header(rest)?;
        let size = size.map_or(rest.len(), |size| usize::try_from(size).unwrap_or(usize::MAX));
        let content = rest.get(header..size.min(rest.len()))?;
        rest = rest.get(size..).unwrap_or_default();
        Some((kind, content))
    })
}

/// The content of the first box at `path` under `bytes`; nothing where there is none.
pub(super) fn at<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| {
        children(bytes).find(|(found, _)| found == *kind).map(|(_, content)| content)
    })
}
