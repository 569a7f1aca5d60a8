//! Rows in ClickHouse's format `RowBinary`: as they are inserted, so that what waits is encoded once.

use uuid::Uuid;

/// Rows, value after value.
#[derive(Debug, Default)]
pub struct Values(Vec<u8>);

impl Values {
    /// The rows.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Of a `UInt8` or `Int8`.
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// Of a `UInt64`, `Int64` or `DateTime64`.
    pub fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Of a `Nullable(DateTime64)`.
    pub fn maybe(&mut self, number: Option<u64>) {
        self.0.push(u8::from(number.is_none()));
        if let Some(number) = number {
            self.number(number);
        }
    }

    /// Of a `FixedString(32)`.
    pub fn hash(&mut self, bytes: &[u8; 32]) {
        self.0.extend_from_slice(bytes);
    }

    /// Of a `UUID`.
    pub fn uuid(&mut self, uuid: Uuid) {
        let (high, low) = uuid.as_u64_pair();
        self.number(high);
        self.number(low);
    }

    /// Of a `String`: its length in LEB128, and its bytes.
    pub fn text(&mut self, text: &str) {
        let mut length = text.len();
        while length >= 0x80 {
            self.0.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
            length >>= 7;
        }
        self.0.push(u8::try_from(length).unwrap_or_default());
        self.0.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_clickhouse_reads_them() {
        let mut values = Values::default();
        values.number(0x0102);
        values.maybe(None);
        values.maybe(Some(1));
        values.uuid(Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10));
        values.text("ab");
        values.text(&"x".repeat(300));
        let mut expected = vec![2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        expected.extend([8, 7, 6, 5, 4, 3, 2, 1, 16, 15, 14, 13, 12, 11, 10, 9, 2, b'a', b'b', 0xac, 2]);
        expected.extend([b'x'; 300]);
        assert_eq!(values.bytes(), expected);
    }
}
