//! What may run on a host: typed entries, parameter types, classes, verdict parsers.
//!
//! The crate is pure: no I/O, no clock. Server and host agent are built with the same
//! [`ENTRIES`], so a job is only ever an id, typed parameters and the [`Entry::hash`] both
//! sides must agree on. Nothing here can express a shell.
#![warn(missing_docs)]

mod argv;
mod class;
mod entries;
mod entry;
mod observation;
mod param;
mod policy;
mod reach;
mod verdict;
mod x509;

pub use argv::{Argv, plan};
pub use class::Class;
pub use entries::{ENTRIES, find};
pub use entry::{Arg, Command, Condition, Entry, EntryHash, Limits, Native, Run, Step};
pub use observation::{
    Exit, HttpObservation, Observation, StepOutput, TcpAttempt, TcpObservation, TcpOutcome,
    TlsObservation,
};
pub use param::{Kind, ParamError, ParamSpec, Params, Value};
pub use policy::{Cidr, Policy, PolicyRefusal};
pub use reach::{OutOfReach, Reach, out_of_reach};
pub use verdict::{Facts, Judgement, Verdict, judge, unresolved};
pub use x509::{CertificateSummary, summarise_certificate};
