//! The product under test: a database of its own, the real router, the real worker.
#![warn(missing_docs)]

pub mod agent;
pub mod axe;
pub mod bot;
pub mod browser;
pub mod client;
pub mod clock;
pub mod database;
pub mod html;
pub mod installed;
pub mod mime;
pub mod product;
pub mod program;
pub mod served;
pub mod skip;
pub mod smtp;
pub mod world;

pub use client::{Client, Reply};
pub use product::{Someone, Tierdesk};
pub use skip::skip;
