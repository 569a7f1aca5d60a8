//! A bar for commands that take long.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for `entries`; nothing where nobody looks.
pub fn bar(entries: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} entries, {per_sec}, {eta} left");
    let bar = ProgressBar::new(entries);
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}
