//! The journal: segments in each of their forms, here and in an archive.

mod archive;
mod bucket;
mod segments;
mod support;
