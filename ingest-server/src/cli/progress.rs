//! A bar for commands that take long.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for so many bytes; nothing where nobody looks.
pub fn bytes_bar(bytes: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left");
    let bar = ProgressBar::new(bytes);
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

/// A bar for `entries`; nothing where nobody looks.
pub fn bar(entries: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} entries, {per_sec}, {eta} left");
    let bar = ProgressBar::new(entries);
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}
