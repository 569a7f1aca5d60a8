//! The slice of the fuzzing that is part of `npm test`: the seeds, the corpus, and fixed mutations of both.

use delistening_fuzz::mutate::{Random, mutate};
use delistening_fuzz::{TARGETS, Target, seeds};
use std::path::Path;

fn inputs(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    // A target for which nothing was kept has no folder.
    let files = std::fs::read_dir(&folder).into_iter().flatten();
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut inputs = seeds::of(target.name);
    assert!(!inputs.is_empty(), "{} has no seed", target.name);
    inputs.extend(files.iter().map(|file| std::fs::read(file).unwrap()));
    inputs
}

/// Says which input it was when a target panics.
struct Input<'a>(&'static str, &'a [u8]);

impl Drop for Input<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("target {} panicked at: {}", self.0, self.1.escape_ascii());
        }
    }
}

fn run(target: &Target) {
    let inputs = inputs(target);
    for input in &inputs {
        let _input = Input(target.name, input);
        (target.run)(input);
    }
    let mut random = Random::new(1);
    for _ in 0..target.slice {
        let (one, other) = (random.below(inputs.len()), random.below(inputs.len()));
        let mutated = mutate(&inputs[one], &inputs[other], &mut random);
        let _input = Input(target.name, &mutated);
        (target.run)(&mutated);
    }
}

#[test]
fn every_target_keeps_its_promises() {
    std::thread::scope(|scope| {
        let running: Vec<_> =
            TARGETS.iter().map(|target| (target.name, scope.spawn(move || run(target)))).collect();
        let failed: Vec<_> =
            running.into_iter().filter_map(|(name, run)| run.join().is_err().then_some(name)).collect();
        assert!(failed.is_empty(), "failed: {failed:?}");
    });
}

#[test]
fn seeds_get_past_the_first_checks() {
    use delistening_schema::ledger::{Policy, Receipt};
    use delistening_schema::{Batch, token::Claims};
    let text = |name: &str| String::from_utf8(seeds::of(name).remove(0)).unwrap();
    let opened = Batch::open(&seeds::batch()).unwrap();
    assert!(opened.payload.events.iter().all(Result::is_ok));
    let issuer = seeds::issuer_key().public();
    Claims::verify(&seeds::token(), seeds::AUDIENCE, seeds::NOW_S, |_, _| Some(&issuer)).unwrap();
    let receipt = Receipt::parse(&text("receipt")).unwrap();
    receipt.verify(seeds::batch().as_bytes(), seeds::log_signer().log_key()).unwrap();
    Policy::parse(&text("policy")).unwrap();
    for seed in seeds::of("audio") {
        assert!(sounds(&seed[1..]), "form {} does not sound", seed[0]);
    }
}

fn sounds(file: &[u8]) -> bool {
    use delistening_player::{Decoder, Progress};
    let mut decoder = Decoder::new();
    decoder.set_length(file.len() as u64);
    loop {
        match decoder.advance() {
            Ok(Progress::Read { at, .. }) => {
                let from = usize::try_from(at).unwrap().min(file.len());
                decoder.feed(at, &file[from..]);
            }
            Ok(Progress::Opened) => {}
            Ok(Progress::Audio { .. }) => return true,
            Ok(Progress::End) | Err(_) => return false,
        }
    }
}

#[test]
fn the_corpus_is_small_and_belongs_to_targets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let target = entry.unwrap().path();
        let name = target.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(delistening_fuzz::find(&name).is_some(), "{name} is no target");
        for file in std::fs::read_dir(target).unwrap() {
            bytes += file.unwrap().metadata().unwrap().len();
        }
    }
    assert!(bytes < 300 * 1024, "{bytes} bytes");
}
