//! `npm run bench:journal`: how close the journal comes to the disk below it.
//!
//! In turn, the journal appends groups of real batches, and a plain file takes the same bytes with as many writes and
//! syncs: once as a file that grows, once as one with room set aside, which is the stricter measure and the figure.

use delistening_ingest::disk::DiskFile;
use delistening_ingest::journal::{BatchRecord, Journal, Options, Record};
use delistening_tests::device::{Address, Device};
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

const EVENTS_PER_BATCH: u64 = 20;
/// Batches that share a sync. The figure is that of the load that `bench:ingest` makes: 64 connections.
const GROUPS: [usize; 4] = [1, 16, 64, 512];
const FIGURE: usize = 64;
/// The measures take turns, so that what else the machine does meets all of them.
const TURNS: usize = 12;
/// How long each turn of a measure is about.
const BYTES_PER_TURN: usize = 4 * 1024 * 1024;
const COMMITS_PER_TURN: usize = 40;

fn main() -> Result<(), Box<dyn Error>> {
    // Where the repository is built, for a temporary folder may be no disk at all.
    let folder = tempfile::tempdir_in(std::env::current_exe()?.parent().unwrap_or(Path::new(".")))?;
    let records = batches();
    let bytes: usize = records.iter().map(framed).sum();
    println!("batches of {EVENTS_PER_BATCH} events, {} bytes each in the journal", bytes / records.len());
    println!("  batches a sync   journal MB/s   growing file   file with room   journal ÷ file with room");
    let mut figure = 0.0;
    let mut all = serde_json::Map::new();
    for group in GROUPS {
        let [journal, growing, roomy] = measure(&folder.path().join(group.to_string()), &records, group)?;
        let ratio = journal / roomy;
        println!(
            "  {group:>14} {:>14.1} {:>14.1} {:>16.1} {ratio:>26.2}",
            journal / 1e6,
            growing / 1e6,
            roomy / 1e6
        );
        all.insert(group.to_string(), round(ratio).into());
        if group == FIGURE {
            figure = ratio;
        }
    }
    let (seal, size) = seal(&folder.path().join("seal"), &records)?;
    println!("  sealing, in the background: {:.1} MB/s, to {:.0} % of the bytes", seal / 1e6, size * 100.0);
    println!(
        "{}",
        serde_json::json!({
            "bytes_per_s_over_disk": round(figure), "by_group": all,
            "seal_bytes_per_s": seal.round(), "sealed_size": round(size),
        })
    );
    Ok(())
}

fn batches() -> Vec<Record> {
    let address = Address { audience: "bench", listener: "listener-1" };
    let mut devices: Vec<Device> = (0..16).map(Device::new).collect();
    let sealed = (0..512_u64).map(|number| {
        let device = &mut devices[usize::try_from(number % 16).unwrap_or_default()];
        Record::Batch(BatchRecord {
            tree_size: number,
            received: 1_700_000_000_000 + number,
            salt: [7; 16],
            context: r#"{"issuer":"https://issuer.example","client":"browser"}"#.to_owned(),
            jws: device.seal(&address, EVENTS_PER_BATCH, 1_700_000_000_000 + number),
        })
    });
    sealed.collect()
}

fn framed(record: &Record) -> usize {
    let mut frame = Vec::new();
    record.frame(&mut frame);
    frame.len()
}

/// Bytes per second of the journal, of a file that grows, and of one with room set aside.
fn measure(folder: &Path, records: &[Record], group: usize) -> Result<[f64; 3], Box<dyn Error>> {
    let (_journal, mut writer) = Journal::open(folder, &options(), 0)?;
    let groups: Vec<&[Record]> = records.chunks(group).collect();
    let frames: Vec<Vec<u8>> = groups
        .iter()
        .map(|group| {
            let mut bytes = Vec::new();
            group.iter().for_each(|record| record.frame(&mut bytes));
            bytes
        })
        .collect();
    let growing = DiskFile::create(&folder.join("growing"))?;
    let roomy = DiskFile::create(&folder.join("roomy"))?;
    let commits = (BYTES_PER_TURN / frames[0].len()).clamp(4, COMMITS_PER_TURN);
    let (mut times, mut offset, mut number) = ([Duration::ZERO; 3], 0, 0);
    for turn in 0..=TURNS {
        let chosen: Vec<usize> = (0..commits).map(|commit| (number + commit) % groups.len()).collect();
        number += commits;
        let bytes: usize = chosen.iter().map(|&group| frames[group].len()).sum();
        roomy.reserve(offset + bytes as u64)?;
        roomy.sync()?;
        let journal = timed(|| {
            for &group in &chosen {
                writer.append(groups[group]).map_err(std::io::Error::from)?;
            }
            Ok(())
        })?;
        let plain = |file: &DiskFile| {
            timed(|| {
                let mut offset = offset;
                for &group in &chosen {
                    file.write_all_at(&frames[group], offset)?;
                    file.sync()?;
                    offset += frames[group].len() as u64;
                }
                Ok(())
            })
        };
        let taken = [journal, plain(&growing)?, plain(&roomy)?];
        // The first turn warms up.
        if turn > 0 {
            times.iter_mut().zip(taken).for_each(|(sum, time)| *sum += time);
        } else {
            offset = 0;
        }
        offset += bytes as u64;
    }
    let written = commits * TURNS * frames.iter().map(Vec::len).sum::<usize>() / frames.len();
    #[allow(clippy::cast_precision_loss)]
    Ok(times.map(|time| written as f64 / time.as_secs_f64()))
}

/// Bytes per second of sealing, and how large a sealed segment is beside a raw one.
#[allow(clippy::cast_precision_loss)]
fn seal(folder: &Path, records: &[Record]) -> Result<(f64, f64), Box<dyn Error>> {
    let (journal, mut writer) = Journal::open(folder, &options(), 0)?;
    let mut bytes = 0;
    for group in records.chunks(64).cycle().take(64) {
        writer.append(group).map_err(std::io::Error::from)?;
        bytes += group.iter().map(framed).sum::<usize>();
    }
    writer.roll()?;
    let time = timed(|| journal.keep(&|_| Ok(())).map_err(std::io::Error::other))?;
    let sealed: u64 = std::fs::read_dir(folder)?
        .filter_map(|entry| {
            entry.ok().filter(|entry| entry.path().extension().is_some_and(|end| end == "zst"))
        })
        .map(|entry| entry.metadata().map_or(0, |metadata| metadata.len()))
        .sum();
    Ok((bytes as f64 / time.as_secs_f64(), sealed as f64 / bytes as f64))
}

fn options() -> Options {
    Options { segment_bytes: 64 * 1024 * 1024, archive: None }
}

fn timed(work: impl FnOnce() -> std::io::Result<()>) -> std::io::Result<Duration> {
    let begin = Instant::now();
    work()?;
    Ok(begin.elapsed())
}

fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
