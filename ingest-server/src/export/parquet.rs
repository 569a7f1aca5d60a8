//! The export as Parquet: one file for each range, a row for each entry, in groups of bounded size. Header and footer of
//! the range are in the file's metadata, under the names that they have in JSON.

use super::Range;
use super::ndjson::json;
use crate::journal::JournalError;
use delistening_schema::bytes;
use delistening_schema::export::{ExportedBatch, Footer, Header, Row};
use delistening_schema::ledger::Entry;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::RowAccessor as _;
use parquet::record::reader::RowIter;
use parquet::schema::parser::parse_message_type;
use serde_json::value::RawValue;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

/// Entries are as in the log; what they commit to is as in the lines of JSON. `received` is that of a batch.
const SCHEMA: &str = "
    message entry {
        required int64 index (integer(64, true));
        required binary kind (string);
        optional int64 received (timestamp(millis, true));
        required binary entry (string);
        optional binary jws (string);
        optional binary context (string);
        optional binary salt (string);
        optional binary items (string);
    }
";
/// A group ends with so many rows, or so many bytes: what is held in memory.
const GROUP_ROWS: usize = 8_192;
const GROUP_BYTES: usize = 8 * 1024 * 1024;
const HEADER: &str = "delistening.header";
const FOOTER: &str = "delistening.footer";

/// Why a table cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The entries cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The file cannot be written, or is not Parquet.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// The file cannot be opened.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is Parquet, but not an export.
    #[error("the file is not an export: {0}")]
    NotAnExport(#[from] serde_json::Error),
}

/// Writes a range.
pub fn write(range: Range, out: impl Write + Send) -> Result<(), TableError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        // The least and the greatest of signed texts say nothing.
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_statistics_enabled("index".into(), EnabledStatistics::Chunk)
        .set_column_statistics_enabled("received".into(), EnabledStatistics::Chunk)
        .set_key_value_metadata(Some(vec![
            KeyValue::new(HEADER.to_owned(), json(&range.header)),
            KeyValue::new(FOOTER.to_owned(), json(&range.footer)),
        ]));
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties.build()))?;
    let mut group = Group::default();
    for row in range {
        group.push(row?);
        if group.index.len() >= GROUP_ROWS || group.bytes >= GROUP_BYTES {
            std::mem::take(&mut group).write(writer.next_row_group()?)?;
        }
    }
    if !group.index.is_empty() {
        group.write(writer.next_row_group()?)?;
    }
    writer.close()?;
    Ok(())
}

/// The columns of a group.
#[derive(Default)]
struct Group {
    bytes: usize,
    index: Vec<i64>,
    kind: Texts,
    received: Vec<Option<i64>>,
    entry: Texts,
    jws: Texts,
    context: Texts,
    salt: Texts,
    items: Texts,
}

type Texts = Vec<Option<ByteArray>>;

impl Group {
    fn push(&mut self, row: Row) {
        let Row { index, entry, batch, items } = row;
        let (kind, received) = match Entry::from_bytes(entry.get().as_bytes()) {
            Some(Entry::Batch(batch)) => ("batch", Some(batch.received)),
            Some(Entry::Rule(_)) => ("rule", None),
            Some(Entry::Verdict(_)) => ("verdict", None),
            Some(Entry::Statement(_)) => ("statement", None),
            Some(Entry::Erasure(_)) => ("erasure", None),
            Some(Entry::Key(_)) => ("key", None),
            None => ("unknown", None),
        };
        let (jws, context, salt) = match batch {
            Some(ExportedBatch { jws, context, salt }) => {
                (Some(jws), Some(context), Some(bytes::encode(&salt)))
            }
            None => (None, None, None),
        };
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.index.push(signed(index));
        self.received.push(received.map(signed));
        for (column, text) in [
            (&mut self.kind, Some(kind.to_owned())),
            (&mut self.entry, Some(entry.get().to_owned())),
            (&mut self.jws, jws),
            (&mut self.context, context),
            (&mut self.salt, salt),
            (&mut self.items, items.map(|items| json(&items))),
        ] {
            self.bytes += text.as_ref().map_or(0, String::len);
            column.push(text.map(|text| ByteArray::from(text.into_bytes())));
        }
    }

    /// Writes the columns in the order of the schema.
    fn write<W: Write + Send>(self, mut group: SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        let Self { index, kind, received, entry, jws, context, salt, items, .. } = self;
        let index: Vec<_> = index.into_iter().map(Some).collect();
        column::<Int64Type, _>(&mut group, index, true)?;
        column::<ByteArrayType, _>(&mut group, kind, true)?;
        column::<Int64Type, _>(&mut group, received, false)?;
        column::<ByteArrayType, _>(&mut group, entry, true)?;
        for texts in [jws, context, salt, items] {
            column::<ByteArrayType, _>(&mut group, texts, false)?;
        }
        group.close().map(|_| ())
    }
}

fn column<T: parquet::data_type::DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: Vec<Option<T::T>>,
    required: bool,
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("the schema has fewer columns".into()));
    };
    column.typed::<T>().write_batch(&values, (!required).then_some(&levels), None)?;
    column.close()
}

/// A table that was written, as the lines that it stands for.
pub struct Table {
    header: Option<String>,
    rows: RowIter<'static>,
    footer: Option<String>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("header", &self.header).finish_non_exhaustive()
    }
}

impl Table {
    /// Opens a file.
    pub fn open(file: File) -> Result<Self, TableError> {
        let reader = SerializedFileReader::new(file)?;
        let metadata = reader.metadata().file_metadata().key_value_metadata();
        let text = |key: &str| {
            let pair = metadata.into_iter().flatten().find(|pair| pair.key == key);
            pair.and_then(|pair| pair.value.clone()).unwrap_or_default()
        };
        let header: Header = serde_json::from_str(&text(HEADER))?;
        let footer: Footer = serde_json::from_str(&text(FOOTER))?;
        let rows = RowIter::from_file_into(Box::new(reader));
        Ok(Self { header: Some(json(&header)), rows, footer: Some(json(&footer)) })
    }
}

impl Iterator for Table {
    type Item = Result<String, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(header) = self.header.take() {
            return Some(Ok(header));
        }
        match self.rows.next() {
            Some(row) => Some(row.map_err(TableError::from).and_then(|row| line(&row))),
            None => self.footer.take().map(Ok),
        }
    }
}

fn line(row: &parquet::record::Row) -> Result<String, TableError> {
    let text = |column: usize| row.get_string(column).ok().cloned();
    let batch = match (text(4), text(5), text(6).and_then(|salt| bytes::decode_array(&salt))) {
        (Some(jws), Some(context), Some(salt)) => Some(ExportedBatch { jws, context, salt }),
        _ => None,
    };
    Ok(json(&Row {
        index: u64::try_from(row.get_long(0)?).unwrap_or(u64::MAX),
        entry: RawValue::from_string(text(3).unwrap_or_default())?,
        batch,
        items: text(7).map(|items| serde_json::from_str(&items)).transpose()?,
    }))
}
