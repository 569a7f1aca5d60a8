//! What is checked in is what the types say, and the code does what the golden vectors say.

use delistening_schema::{conformance, generate};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::{fs, path::Path};

#[test]
fn generated_files_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let expected = generate::files();
    for (path, content) in &expected {
        let found = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(found == *content, "schema/{path} is stale; run `npm run generate` and look at the change");
    }
    let present: BTreeSet<String> = generate::FOLDERS
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path().strip_prefix(root).unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(present, expected.keys().cloned().collect(), "files that nothing generates");
}

#[derive(Deserialize)]
struct Vector {
    operation: String,
    name: String,
    input: String,
    output: String,
}

/// The files as they are checked in, not as they would be generated: this is what other bindings read.
#[test]
fn golden_vectors_hold() {
    let mut checked = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for vector in serde_json::from_str::<Vec<Vector>>(&text).unwrap() {
            let output = conformance::run(&vector.operation, &vector.input);
            assert_eq!(output, vector.output, "{}: {}", vector.operation, vector.name);
            checked += 1;
        }
    }
    assert!(checked > 50, "only {checked} vectors were found");
}
