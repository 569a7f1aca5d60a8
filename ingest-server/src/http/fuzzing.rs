//! Parsers of this server that are nobody else's, for fuzzing alone.

use super::body::Encoding;
use super::encoding;
use super::log::Place;
use crate::ledger::TILE_WIDTH;

/// Decodes a body: as it is, gzip or zstd, by `choice`.
pub fn decode(choice: u8, bytes: &[u8]) -> Option<Vec<u8>> {
    let encodings = [Encoding::Identity, Encoding::Gzip, Encoding::Zstd];
    encoding::decode(encodings[usize::from(choice) % 3], bytes).ok().flatten()
}

/// Reads the path of a tile (without its level) and writes it again.
pub fn tile_path(path: &str) -> Option<String> {
    let Place { index, width } = Place::parse(path)?;
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    let partial = if width == TILE_WIDTH { String::new() } else { format!(".p/{width}") };
    Some(groups.join("/") + &partial)
}
