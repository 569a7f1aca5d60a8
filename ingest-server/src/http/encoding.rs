//! Decodes bodies. In one go and into a buffer of bounded size, so that no encoder can ask for a large window.

use super::body::Encoding;
use delistening_schema::limits;
use flate2::bufread::MultiGzDecoder;
use std::io::{self, Read as _};
use zstd::zstd_safe;

/// Why a body cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It would be larger than a request may be.
    #[error("the decoded body is too large")]
    TooLarge,
    /// It is not what its encoding says.
    #[error("the body cannot be decoded: {0}")]
    Malformed(io::Error),
}

/// Decodes `bytes` to [`limits::REQUEST_BYTES`] at most; `None` if there is nothing to decode.
pub fn decode(encoding: Encoding, bytes: &[u8]) -> Result<Option<Vec<u8>>, DecodeError> {
    let most = limits::REQUEST_BYTES;
    let decoded = match encoding {
        Encoding::Identity => return Ok(None),
        Encoding::Gzip => {
            let mut decoded = Vec::new();
            MultiGzDecoder::new(bytes)
                .take(most as u64 + 1)
                .read_to_end(&mut decoded)
                .map_err(DecodeError::Malformed)?;
            decoded
        }
        Encoding::Zstd => zstd_decode(bytes, most)?,
    };
    if decoded.len() > most { Err(DecodeError::TooLarge) } else { Ok(Some(decoded)) }
}

/// All frames of `bytes`; the library writes straight into the buffer and needs no window beside it.
fn zstd_decode(bytes: &[u8], most: usize) -> Result<Vec<u8>, DecodeError> {
    let mut decoded = Vec::with_capacity(most);
    match zstd_safe::decompress(&mut decoded, bytes) {
        Ok(_) => {
            // A small body must not hold the room of a large one.
            decoded.shrink_to_fit();
            Ok(decoded)
        }
        Err(code) => Err(match zstd_safe::get_error_name(code) {
            "Destination buffer is too small" => DecodeError::TooLarge,
            name => DecodeError::Malformed(io::Error::other(name)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn streamed(bytes: &[u8]) -> Vec<u8> {
        // Without a size in its header, and with the largest window that HTTP allows (RFC 9659).
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(23).unwrap();
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn bodies_are_decoded_up_to_the_limit() {
        let most = vec![7; limits::REQUEST_BYTES];
        for bytes in [&b""[..], b"{}", &most] {
            for (encoding, encoded) in [
                (Encoding::Gzip, gzip(bytes)),
                (Encoding::Zstd, zstd::encode_all(bytes, 3).unwrap()),
                (Encoding::Zstd, streamed(bytes)),
                (Encoding::Gzip, [gzip(&bytes[..bytes.len() / 2]), gzip(&bytes[bytes.len() / 2..])].concat()),
                (
                    Encoding::Zstd,
                    [streamed(&bytes[..bytes.len() / 2]), streamed(&bytes[bytes.len() / 2..])].concat(),
                ),
            ] {
                assert_eq!(decode(encoding, &encoded).unwrap().as_deref(), Some(bytes), "{encoding:?}");
            }
        }
        assert!(decode(Encoding::Identity, b"{}").unwrap().is_none());
    }

    #[test]
    fn bombs_and_broken_bodies_are_told_apart() {
        let bomb = vec![0; 64 << 20];
        for (encoding, encoded) in [
            (Encoding::Gzip, gzip(&bomb)),
            (Encoding::Zstd, zstd::encode_all(&bomb[..], 3).unwrap()),
            (Encoding::Zstd, streamed(&bomb)),
            (Encoding::Zstd, streamed(&bomb[..=limits::REQUEST_BYTES])),
        ] {
            assert!(matches!(decode(encoding, &encoded), Err(DecodeError::TooLarge)), "{encoding:?}");
        }
        for (encoding, mut encoded) in
            [(Encoding::Gzip, gzip(b"plays, and plays")), (Encoding::Zstd, streamed(b"plays, and plays"))]
        {
            encoded.truncate(encoded.len() - 3);
            for broken in [&encoded[..], b"plays", &encoded[1..]] {
                assert!(matches!(decode(encoding, broken), Err(DecodeError::Malformed(_))), "{encoding:?}");
            }
        }
    }
}
