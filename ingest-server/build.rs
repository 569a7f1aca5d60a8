//! Puts the dashboard into the program, as far as it was built: `npm run build` writes it to `dashboard/dist`. Without it
//! the server is whole but for its pages, and says how to get them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("dashboard/dist");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    if folder.is_dir() {
        find(&folder, &mut files)?;
    }
    files.sort();
    let mut list = "&[".to_owned();
    for file in files {
        let name = file.strip_prefix(&folder).expect("it lies in the folder").to_string_lossy();
        // Writing to a string cannot fail.
        let _ = write!(list, "({name:?}, include_bytes!({:?}).as_slice()),", file.display().to_string());
    }
    list.push(']');
    fs::write(Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("dashboard.rs"), list)
}

/// What a browser asks for; what only a debugger would is left out.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension != "map" && extension != "ts") {
            files.push(path);
        }
    }
    Ok(())
}
