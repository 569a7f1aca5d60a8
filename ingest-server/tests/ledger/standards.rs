//! Another implementation (Cloudflare's `tlog_tiles` and `signed_note`) reads what we serve, and agrees.

use super::support::{chain, commit, open, signer};
use delistening_ingest::commit::Log;
use delistening_ingest::ledger::Signers;
use delistening_schema::Hash;
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::tlog::{self, Hash as TheirHash};
use tlog_tiles::{Checkpoint, Tile, TileHashReader, TileReader};

/// Reads tiles as a client would, by the paths of the specification.
struct Tiles<'a>(&'a Log);

impl TileReader for Tiles<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::tlog::Error> {
        let read = |tile: &Tile| {
            let (level, width) = (usize::from(tile.level()), u64::from(tile.width()));
            self.0.tile(level, tile.level_index(), width).unwrap().expect("a tile of the checkpoint's tree")
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// The checkpoint, as they read it: signed by every one of `vkeys`.
fn theirs(note: &str, vkeys: &[String]) -> Checkpoint {
    let note = Note::from_bytes(note.as_bytes()).unwrap();
    let verifiers = vkeys.iter().map(|vkey| Box::new(StandardVerifier::new(vkey).unwrap()) as _);
    let (signed, _) = note.verify(&VerifierList::new(verifiers.collect())).unwrap();
    assert_eq!(signed.len(), vkeys.len());
    Checkpoint::from_bytes(note.text()).unwrap()
}

#[test]
fn tiles_checkpoints_and_proofs_are_those_of_another_implementation() {
    let folder = tempfile::tempdir().unwrap();
    let log = open(folder.path(), signer(4));
    for device in 1..=6 {
        commit(&log, &chain(device, 100));
    }
    let vkeys = [log.vkey()];
    let newest = theirs(&log.checkpoint(), &vkeys);
    assert_eq!((newest.origin(), newest.size()), ("log.example", 601));
    let tiles = Tiles(&log);
    // Whatever this gives is proved to be in the tree of the checkpoint.
    let hashes = TileHashReader::new(newest.size(), *newest.hash(), &tiles);
    let same = |ours: &[Hash], theirs: &[TheirHash]| {
        ours.iter().map(|hash| hash.0).eq(theirs.iter().map(|hash| hash.0))
    };
    for index in [0, 1, 255, 256, 511, 512, 600] {
        let proof = tlog::prove_record(newest.size(), index, &hashes).unwrap();
        let ours = log.proof(index, &log.checkpoint()).unwrap().unwrap();
        assert!(same(&ours.proof, &proof), "inclusion of {index}");
        let leaf = tlog::record_hash(&ours.entry);
        tlog::check_record(
            &ours.proof.iter().map(|hash| TheirHash(hash.0)).collect(),
            601,
            *newest.hash(),
            index,
            leaf,
        )
        .unwrap();
    }
    for old in [1, 2, 255, 256, 257, 511, 512, 513, 600] {
        let before = theirs(&log.checkpoint_at(old).unwrap().unwrap(), &vkeys);
        let proof = tlog::prove_tree(newest.size(), old, &hashes).unwrap();
        let ours = log.consistency(old, newest.size()).unwrap();
        assert!(same(&ours, &proof), "consistency from {old}");
        tlog::check_tree(&proof, newest.size(), *newest.hash(), old, *before.hash()).unwrap();
    }
}

#[test]
fn a_checkpoint_of_two_keys_holds_for_both() {
    let folder = tempfile::tempdir().unwrap();
    super::support::close(open(folder.path(), signer(4)));
    let log = open(folder.path(), Signers::handing_over(signer(4), signer(5)));
    let vkeys = [signer(4), signer(5)].map(|signer| signer.log_key().to_vkey());
    assert_eq!(theirs(&log.checkpoint(), &vkeys).size(), 2, "the rule and the announcement");
}
