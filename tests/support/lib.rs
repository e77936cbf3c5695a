//! The product under test: a database of its own, the real router, the real worker.
#![warn(missing_docs)]

pub mod browser;
pub mod database;
pub mod html;
pub mod mime;
pub mod program;
pub mod skip;
pub mod smtp;
