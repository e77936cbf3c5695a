//! The host agent: runs catalogue entries on one host and reports.
//!
//! The host decides: an agent runs only entries it was built with, on parameters it parsed
//! itself, from jobs whose signature it verified, within its owner's policy. No shell exists.
#![warn(missing_docs)]

mod backoff;
mod binary;
mod capture;
mod client;
mod config;
mod daemon;
mod doctor;
mod enrol;
mod exec_child;
mod facts;
mod journal;
mod output;
mod probe;
mod redact;
mod runner;
mod state;
mod step;
mod stop;
mod upload;
mod visible;

pub use config::{Config, ExecChild};
pub use daemon::daemon;
pub use doctor::{Finding, doctor};
pub use enrol::{Enrolled, enrol, host_id, joined, joining, moved};
pub use exec_child::exec_child;
pub use facts::collect as facts;
pub use runner::{LocalRun, RunError, catalogue_json, run_entry};
pub use stop::Stop;
pub use visible::visible;

/// This build's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
