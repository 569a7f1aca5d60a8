//! Writes the generated files: `npm run generate`.

use delistening_schema::generate;
use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in generate::FOLDERS {
        match fs::remove_dir_all(root.join(folder)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(root.join(folder))?,
        }
    }
    for (path, content) in generate::files() {
        fs::write(root.join(&path), content)?;
        println!("schema/{path}");
    }
    Ok(())
}
