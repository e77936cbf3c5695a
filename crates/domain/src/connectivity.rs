//! The connectivity playbook as a pure step machine: what to probe next, and what the results mean together.
//!
//! First from every vantage: does the name exist, does the port answer, does ping. Where the port answers and the
//! target speaks TLS or HTTP, those too. A finding compares the vantages: what fails from the server and from the
//! person's own machine is the target's fault, what fails only from the machine is on the person's side.
//! Facts are a host's claim and are read with care: whatever is missing or odd counts as not known.

mod finding;
mod receiver;
mod view;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tierdesk_catalogue::Verdict;

use crate::names::named;
use crate::target::{Host, Scheme, Target};

pub use finding::{Cause, Finding, Layer, Side, Team};
pub use receiver::{Candidate, Receivers};
pub use view::View;

named! {
    /// Where a probe runs.
    Vantage, "vantage" {
        /// The agent beside the server.
        Server = "server",
        /// The requester's own machine.
        Host = "host",
    }
}

named! {
    /// One probe of the playbook.
    Probe, "probe" {
        /// Ask the resolver for the name.
        Dns = "dns",
        /// Ask it for an IPv6 address, after it had no IPv4 one.
        Dns6 = "dns6",
        /// Connect to the port.
        Tcp = "tcp",
        /// Ping.
        Ping = "ping",
        /// Look at the certificate.
        Tls = "tls",
        /// Ask for the page.
        Http = "http",
    }
}

impl Probe {
    /// The catalogue entry that carries it out.
    pub fn entry(self) -> &'static str {
        match self {
            Self::Dns | Self::Dns6 => "dns.dig",
            Self::Tcp => "net.tcp",
            Self::Ping => "net.ping",
            Self::Tls => "tls.probe",
            Self::Http => "http.probe",
        }
    }

    /// The parameters of that entry for a target; `None` when the probe makes no sense for it.
    pub fn params(self, target: &Target) -> Option<BTreeMap<String, String>> {
        let host = target.host.to_string();
        let name = match &target.host {
            Host::Name(name) => Some(name.clone()),
            Host::Address(_) => None,
        };
        let pairs: Vec<(&str, String)> = match self {
            Self::Dns => vec![("name", name?), ("type", "A".into())],
            Self::Dns6 => vec![("name", name?), ("type", "AAAA".into())],
            Self::Tcp => vec![("host", host), ("port", target.port.to_string())],
            Self::Ping => vec![("host", host), ("count", "3".into())],
            Self::Tls => vec![("host", host), ("port", target.port.to_string())],
            Self::Http => vec![("url", target.url()?)],
        };
        Some(
            pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }
}

/// One probe from one vantage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// Where it runs.
    pub vantage: Vantage,
    /// What runs.
    pub probe: Probe,
}

/// Why a probe has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotRun {
    /// The host did not come to fetch it in time.
    Expired,
    /// The host's own policy forbids it.
    Refused,
    /// It was started and did not end well, or was cancelled.
    Failed,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It ran.
    Ran {
        /// The verdict.
        verdict: Verdict,
        /// The host's one sentence.
        summary: String,
        /// Typed values by name.
        facts: Map<String, Value>,
    },
    /// It did not.
    NotRun(NotRun),
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// These steps must have a result first. Those already on their way are among them.
    Run(Vec<Step>),
    /// All is known that can be.
    Done(Finding),
}

/// Decides what comes next. `vantages` names the places that can be asked; steps of other vantages are ignored.
pub fn next(target: &Target, vantages: &[Vantage], ended: &BTreeMap<Step, Ended>) -> Next {
    let mut missing = Vec::new();
    let mut views = BTreeMap::new();
    for &vantage in vantages {
        let of = |probe| ended.get(&Step { vantage, probe });
        let mut wanted: Vec<Probe> = match &target.host {
            // Names of one label depend on search domains, which dig does not apply.
            Host::Name(name) if name.contains('.') => vec![Probe::Dns, Probe::Tcp, Probe::Ping],
            _ => vec![Probe::Tcp, Probe::Ping],
        };
        if of(Probe::Dns).is_some_and(view::has_no_address) {
            wanted.push(Probe::Dns6);
        }
        if of(Probe::Tcp).is_some_and(view::connected) {
            if matches!(target.scheme, Scheme::Https | Scheme::Tls) {
                wanted.push(Probe::Tls);
            }
            if matches!(target.scheme, Scheme::Http | Scheme::Https) {
                wanted.push(Probe::Http);
            }
        }
        missing.extend(
            wanted
                .iter()
                .filter(|probe| of(**probe).is_none())
                .map(|probe| Step {
                    vantage,
                    probe: *probe,
                }),
        );
        views.insert(vantage, View::of(of));
    }
    if missing.is_empty() {
        Next::Done(finding::compare(
            target,
            views.get(&Vantage::Server),
            views.get(&Vantage::Host),
        ))
    } else {
        Next::Run(missing)
    }
}

#[cfg(test)]
mod tests;
