use super::*;
use crate::background::Background;

fn enrolment(device: u8, seq: u64) -> Enrolment {
    let hash = Hash::of(&[device, u8::try_from(seq % 251).unwrap()]);
    Enrolment {
        device: DeviceId(Hash::of(&[device])),
        seq,
        place: Place { hash, leaf: seq, tree_size: seq + 1 },
    }
}

fn open(path: &Path) -> Registry {
    Registry::open(path, u64::MAX >> 1, Background::start("registry").unwrap()).unwrap()
}

fn assert_knows(registry: &mut Registry, count: u64) {
    for seq in 1..=count {
        let Enrolment { device, place, .. } = enrolment(1, seq);
        assert_eq!(registry.find(&device, seq).unwrap(), Some(place), "{seq}");
    }
    let Enrolment { device, place, .. } = enrolment(1, count);
    // As if it had to be looked for.
    registry.newest.clear();
    assert_eq!(registry.newest(&device).unwrap(), Some((count, place.hash)));
    assert_eq!(registry.find(&device, count + 1).unwrap(), None);
    assert_eq!(registry.newest(&enrolment(2, 1).device).unwrap(), None);
}

#[test]
fn what_is_enrolled_is_known_at_once_and_the_file_follows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.sqlite");
    let mut registry = open(&path);
    let count = 3 * TOGETHER as u64 + 7;
    for seq in 1..=count {
        registry.enrol(&[enrolment(1, seq)], seq + 1);
        if seq.is_multiple_of(500) {
            assert_knows(&mut registry, seq);
        }
    }
    registry.flush().unwrap();
    assert_eq!(registry.leaves().unwrap(), count + 1);
    assert_knows(&mut registry, count);
    drop(registry);
    let mut registry = open(&path);
    assert_eq!(registry.leaves().unwrap(), count + 1);
    assert_knows(&mut registry, count);
}

#[test]
fn a_batch_keeps_its_first_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = open(&folder.path().join("registry.sqlite"));
    let first = enrolment(1, 1);
    let mut second = first.clone();
    second.place.leaf = 9;
    registry.enrol(std::slice::from_ref(&first), 2);
    registry.enrol(std::slice::from_ref(&second), 10);
    assert_eq!(registry.find(&first.device, 1).unwrap(), Some(first.place));
    registry.flush().unwrap();
    registry.enrol(&[second], 10);
    registry.flush().unwrap();
    drop(registry);
    let registry = open(&folder.path().join("registry.sqlite"));
    assert_eq!(registry.find(&first.device, 1).unwrap(), Some(first.place));
}

#[cfg(feature = "faults")]
#[test]
fn a_full_disk_is_borne_until_too_much_waits_and_made_up_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut registry = open(&folder.path().join("registry.sqlite"));
    let failing = crate::disk::faults::inject(folder.path(), "write/registry:full@1+1000000").unwrap();
    let mut count = 0;
    while registry.ensure_room().is_ok() {
        count += 1;
        assert!(count < 10 * WAITING as u64);
        registry.enrol(&[enrolment(1, count)], count + 1);
    }
    assert!(count >= WAITING as u64);
    assert_eq!(registry.leaves().unwrap(), 0);
    assert_knows(&mut registry, count);
    drop(failing);
    while registry.ensure_room().is_err() {
        std::thread::yield_now();
    }
    registry.flush().unwrap();
    assert_eq!(registry.leaves().unwrap(), count + 1);
    assert_knows(&mut registry, count);
}
