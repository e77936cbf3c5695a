//! What happens by itself: timers, outbox, triage, jobs.
