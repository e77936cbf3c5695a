//! What happens by itself: timers, outbox, triage, jobs.
#![warn(missing_docs)]

pub mod bot;
pub mod housekeeping;
pub mod job;
pub mod outbox;
pub mod sealer;
pub mod signer;
pub mod tally;
pub mod timer;
mod wake;
mod worker;

pub use outbox::Post;
pub use worker::{Clock, Worker};
