//! What happens by itself: timers, outbox, triage, jobs.
#![warn(missing_docs)]

pub mod outbox;
