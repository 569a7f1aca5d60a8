//! The journal: segments in each of their forms, here and in an archive.

mod archive;
mod segments;
mod support;
