//! The `delistening-ingest` program; see the library for what it does.

fn main() -> std::process::ExitCode {
    delistening_ingest::cli::run()
}
