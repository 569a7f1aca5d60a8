//! Databases in `MaxMind`'s format, made up.

use std::path::Path;

/// Writes a database: networks of IPv4, each with a country and the number of an autonomous system.
///
/// # Panics
/// When it cannot be written, or a name is longer than the format's short strings.
pub fn write(path: &Path, networks: &[([u8; 4], u8, &str, u32)]) {
    const NONE: u32 = u32::MAX;
    const DATA: u32 = 1 << 31;
    let (mut nodes, mut data) = (vec![[NONE; 2]], Vec::new());
    for (address, bits, country, asn) in networks {
        let at = DATA | u32::try_from(data.len()).unwrap();
        map(&mut data, 2);
        string(&mut data, "country");
        map(&mut data, 1);
        string(&mut data, "iso_code");
        string(&mut data, country);
        string(&mut data, "autonomous_system_number");
        number(&mut data, 6, 4, (*asn).into());
        let mut node = 0;
        for bit in 0..*bits {
            let side = usize::from(u32::from_be_bytes(*address) >> (31 - bit) & 1 == 1);
            if bit + 1 == *bits {
                nodes[node][side] = at;
            } else {
                if nodes[node][side] == NONE {
                    nodes[node][side] = u32::try_from(nodes.len()).unwrap();
                    nodes.push([NONE; 2]);
                }
                node = nodes[node][side] as usize;
            }
        }
    }
    let count = u32::try_from(nodes.len()).unwrap();
    let mut bytes = Vec::new();
    for record in nodes.into_iter().flatten() {
        let value = match record {
            NONE => count,
            data if data & DATA != 0 => count + 16 + (data & !DATA),
            node => node,
        };
        bytes.extend_from_slice(&value.to_be_bytes()[1..]);
    }
    bytes.extend_from_slice(&[0; 16]);
    bytes.extend_from_slice(&data);
    bytes.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    let metadata = &mut bytes;
    map(metadata, 9);
    for (name, kind, width, value) in [
        ("binary_format_major_version", 5, 2, 2),
        ("binary_format_minor_version", 5, 2, 0),
        ("build_epoch", 9, 8, 1_700_000_000),
        ("ip_version", 5, 2, 4),
        ("node_count", 6, 4, u64::from(count)),
        ("record_size", 5, 2, 24),
    ] {
        string(metadata, name);
        number(metadata, kind, width, value);
    }
    string(metadata, "database_type");
    string(metadata, "Test-Country-ASN");
    string(metadata, "description");
    map(metadata, 0);
    string(metadata, "languages");
    metadata.extend_from_slice(&[0, 11 - 7]);
    std::fs::write(path, bytes).unwrap();
}

/// The byte that a field begins with: its kind, and its size or length below 32.
fn control(kind: u8, size: u8) -> u8 {
    kind * 32 + size
}

fn map(bytes: &mut Vec<u8>, size: u8) {
    bytes.push(control(7, size));
}

fn string(bytes: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).unwrap();
    // From 29 on the length stands in a byte of its own.
    match length.checked_sub(29) {
        None => bytes.push(control(2, length)),
        Some(more) => bytes.extend_from_slice(&[control(2, 29), more]),
    }
    bytes.extend_from_slice(text.as_bytes());
}

/// An unsigned integer of a kind; kinds above 7 stand in a byte of their own.
fn number(bytes: &mut Vec<u8>, kind: u8, width: u8, value: u64) {
    match kind.checked_sub(7) {
        Some(more) if more > 0 => bytes.extend_from_slice(&[control(0, width), more]),
        _ => bytes.push(control(kind, width)),
    }
    bytes.extend_from_slice(&value.to_be_bytes()[8 - usize::from(width)..]);
}
