//! The rules of the desk, with no clock, no database and no network.
//!
//! Everything here is a pure function of its arguments: the time is a parameter, so that each decision can be
//! replayed, explained and tried out beforehand.
#![warn(missing_docs)]

pub use tierdesk_catalogue as catalogue;

pub mod actor;
pub mod attachment;
pub mod authorize;
pub mod backoff;
pub mod bot;
pub mod calendar;
pub mod category;
pub mod clock;
pub mod connectivity;
pub mod csv;
pub mod dashboard;
pub mod escalation;
pub mod excerpt;
pub mod field;
pub mod filter;
pub mod flow;
pub mod handover;
pub mod host;
pub mod id;
pub mod in_charge;
pub mod job;
pub mod names;
pub mod notification;
pub mod on_call;
pub mod outbox;
pub mod password;
pub mod period;
pub mod person;
pub mod priority;
pub mod report;
pub mod routing;
pub mod secret;
pub mod shift;
pub mod skill;
pub mod sla;
pub mod sla_compute;
pub mod tally;
pub mod target;
pub mod team;
pub mod text;
pub mod ticket;
pub mod tier;
pub mod timeline;
pub mod triage;
