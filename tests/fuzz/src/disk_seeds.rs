//! Good inputs of the targets that read a disk, made by what writes it.

use delistening_ingest::journal::{BatchRecord, Journal, Options, Record};
use delistening_ingest::ledger::Slots;
use delistening_schema::ledger::{RuleEntry, RuleKind};

/// How the journals here are kept.
pub(crate) const OPTIONS: Options = Options { segment_bytes: 64 * 1024, archive: None };

fn records() -> Vec<Record> {
    let batch =
        BatchRecord { tree_size: 2, received: 7, salt: [3; 16], context: "{}".into(), jws: "a.b.c".into() };
    vec![
        Record::Rule(RuleEntry { of: RuleKind::Play, version: 1, text: "a rule".into() }),
        Record::Batch(batch),
    ]
}

/// A segment in the form that the target `journal` reads.
fn segment(form: u8, first: u16, content: &[u8]) -> Vec<u8> {
    // Room that was set aside is zeros, and left out.
    let end = content.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let length = u16::try_from(end).expect("a seed is small");
    let mut bytes = vec![form];
    bytes.extend_from_slice(&first.to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&content[..end]);
    bytes
}

/// Folders of a journal.
///
/// # Panics
/// Where there is no folder for temporary files.
pub fn journals() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, mut writer) = Journal::open(folder.path(), &OPTIONS, 0).expect("an empty journal");
    writer.append(&records()).expect("records");
    drop((journal, writer));
    let raw = std::fs::read(folder.path().join(format!("{:020}.seg", 0))).expect("a segment");
    let one = segment(0, 0, &raw);
    // The frames alone: kind, length, payload.
    let framed: Vec<u8> = records()
        .iter()
        .flat_map(|record| {
            let mut frame = Vec::new();
            record.frame(&mut frame);
            [&[frame[8], frame[1], frame[0]][..], &frame[9..]].concat()
        })
        .collect();
    let framed = segment(2, 0, &framed);
    let next = segment(2, 2, &[]);
    vec![
        [&[2][..], &one].concat(),
        [&[1][..], &one[..one.len() - 4]].concat(),
        [&[2][..], &framed, &next].concat(),
        vec![0],
    ]
}

/// Files of two slots.
///
/// # Panics
/// Where there is no folder for temporary files.
pub fn slots() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("signed");
    let mut slots = Slots::open(&path).expect("an empty file");
    for text in ["one", "two"] {
        slots.persist(text).expect("a text");
    }
    let file = std::fs::read(path).expect("a file");
    vec![[&[0][..], &file].concat(), [&[1][..], &7_u64.to_le_bytes(), b"a note"].concat(), vec![0]]
}
