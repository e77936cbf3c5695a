//! What one vantage sees, from its probes together.

use serde_json::{Map, Value};
use tierdesk_catalogue::Verdict;

use super::{Ended, NotRun, Probe};

/// What one vantage sees of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Nothing could be run there.
    Blind(NotRun),
    /// The name does not exist.
    NameMissing,
    /// The name exists, but has no address.
    NameEmpty,
    /// The resolver could not find out.
    ResolverFails,
    /// The name's signatures do not hold.
    Dnssec,
    /// The resolver will not answer this machine.
    ResolverRefuses,
    /// The resolver is silent.
    ResolverSilent,
    /// DNS answers, programs on this machine still do not get the address.
    Unresolved,
    /// The machine says that nothing listens on the port.
    Refused,
    /// The port is silent while the machine answers ping.
    PortSilent,
    /// Neither port nor ping answers.
    HostSilent,
    /// There is no way to the machine.
    NoRoute,
    /// The port answers only sometimes, or packets are lost.
    Lossy,
    /// The certificate has expired.
    Expired,
    /// The certificate is for another name.
    WrongName,
    /// The certificate's chain is not trusted.
    Untrusted,
    /// The port is open, TLS fails.
    NoTls,
    /// A gateway answers for a service that does not.
    Gateway(u16),
    /// The service answers with an error of its own.
    ServerError(u16),
    /// The page does not exist.
    PageMissing(u16),
    /// The service refuses for too many requests.
    TooMany,
    /// The service calls the request wrong.
    BadRequest(u16),
    /// The port is open, but the web server says nothing.
    HttpSilent,
    /// It works, slowly.
    Slow,
    /// It works; the certificate ends in so many days.
    EndsSoon(i64),
    /// It works, though the machine does not answer ping.
    HealthyNoPing,
    /// It works.
    Healthy,
    /// The results say nothing that can be relied on.
    Unclear,
}

impl View {
    /// Whether the target can be used from here.
    pub fn works(self) -> bool {
        matches!(
            self,
            Self::Healthy | Self::HealthyNoPing | Self::EndsSoon(_) | Self::Slow
        )
    }

    pub(super) fn of<'a>(ended: impl Fn(Probe) -> Option<&'a Ended>) -> Self {
        let facts = |probe| match ended(probe) {
            Some(Ended::Ran { facts, .. }) => Some(facts),
            _ => None,
        };
        let Some(tcp) = facts(Probe::Tcp) else {
            let reason = match ended(Probe::Tcp) {
                Some(Ended::NotRun(reason)) => *reason,
                _ => NotRun::Failed,
            };
            return Self::Blind(reason);
        };
        if tcp.get("resolves").and_then(Value::as_bool) == Some(false) {
            return names(facts(Probe::Dns), facts(Probe::Dns6));
        }
        let ping = facts(Probe::Ping);
        let received = ping
            .and_then(|facts| number(facts, "received"))
            .unwrap_or(0.0)
            > 0.0;
        let outcomes = outcomes(tcp);
        let met = |word: &str| outcomes.contains(&word);
        if !met("connected") {
            return if met("refused") {
                Self::Refused
            } else if met("timed_out") {
                if received {
                    Self::PortSilent
                } else {
                    Self::HostSilent
                }
            } else if met("unreachable") {
                Self::NoRoute
            } else {
                Self::Unclear
            };
        }
        if outcomes.iter().any(|outcome| *outcome != "connected") {
            return Self::Lossy;
        }
        let ends_in = match facts(Probe::Tls).map(tls) {
            Some(Err(view)) => return view,
            Some(Ok(days)) => days,
            None => None,
        };
        if let Some(view) = facts(Probe::Http).and_then(http) {
            return view;
        }
        let loss = ping.and_then(|facts| number(facts, "loss_percent"));
        let average = ping.and_then(|facts| number(facts, "average_ms"));
        let dns_ms = facts(Probe::Dns).and_then(|facts| number(facts, "query_ms"));
        let http_ms = facts(Probe::Http).and_then(|facts| number(facts, "millis"));
        if received && loss.is_some_and(|percent| percent > 0.0) {
            Self::Lossy
        } else if average.is_some_and(|ms| ms >= 150.0)
            || dns_ms.is_some_and(|ms| ms > 500.0)
            || http_ms.is_some_and(|ms| ms > 3_000.0)
        {
            Self::Slow
        } else if let Some(days) = ends_in.filter(|days| *days < 14) {
            Self::EndsSoon(days)
        } else if ping.is_some() && !received {
            Self::HealthyNoPing
        } else {
            Self::Healthy
        }
    }
}

/// Whether a DNS answer says that the name exists without an IPv4 address.
pub(super) fn has_no_address(ended: &Ended) -> bool {
    matches!(ended, Ended::Ran { facts, .. } if status(facts) == Some("NOERROR") && empty(facts))
}

/// Whether at least one try to connect succeeded.
pub(super) fn connected(ended: &Ended) -> bool {
    matches!(ended, Ended::Ran { verdict, facts, .. } if *verdict != Verdict::Unknown && outcomes(facts).contains(&"connected"))
}

fn names(dns: Option<&Map<String, Value>>, dns6: Option<&Map<String, Value>>) -> View {
    let Some(dns) = dns else {
        return View::NameMissing;
    };
    match status(dns) {
        Some("NXDOMAIN") => View::NameMissing,
        Some("NOERROR") if empty(dns) && dns6.is_none_or(empty) => View::NameEmpty,
        Some("NOERROR") => View::Unresolved,
        Some("SERVFAIL")
            if dns.get("status_without_dnssec").and_then(Value::as_str) == Some("NOERROR") =>
        {
            View::Dnssec
        }
        Some("SERVFAIL") => View::ResolverFails,
        Some("REFUSED") => View::ResolverRefuses,
        Some(_) => View::ResolverFails,
        None => View::ResolverSilent,
    }
}

/// `Err` with what is wrong, `Ok` with the days the certificate has left.
fn tls(facts: &Map<String, Value>) -> Result<Option<i64>, View> {
    let days = facts.get("days_left").and_then(Value::as_i64);
    let flag = |name: &str| facts.get(name).and_then(Value::as_bool);
    if flag("name_matches").is_none() && days.is_none() {
        return Err(View::NoTls);
    }
    if days.is_some_and(|days| days < 0) {
        Err(View::Expired)
    } else if flag("name_matches") == Some(false) {
        Err(View::WrongName)
    } else if flag("chain_trusted") == Some(false) {
        Err(View::Untrusted)
    } else {
        Ok(days)
    }
}

fn http(facts: &Map<String, Value>) -> Option<View> {
    let Some(status) = facts
        .get("status")
        .and_then(Value::as_u64)
        .and_then(|status| u16::try_from(status).ok())
    else {
        return Some(View::HttpSilent);
    };
    match status {
        200..400 | 401 | 403 | 407 => None,
        404 | 410 => Some(View::PageMissing(status)),
        429 => Some(View::TooMany),
        400..500 => Some(View::BadRequest(status)),
        502..=504 => Some(View::Gateway(status)),
        500..600 => Some(View::ServerError(status)),
        _ => Some(View::Unclear),
    }
}

fn status(facts: &Map<String, Value>) -> Option<&str> {
    facts.get("status").and_then(Value::as_str)
}

fn empty(facts: &Map<String, Value>) -> bool {
    facts
        .get("answers")
        .and_then(Value::as_array)
        .is_none_or(Vec::is_empty)
}

fn number(facts: &Map<String, Value>, name: &str) -> Option<f64> {
    facts.get(name).and_then(Value::as_f64)
}

fn outcomes(facts: &Map<String, Value>) -> Vec<&str> {
    let attempts = facts.get("attempts").and_then(Value::as_array);
    attempts
        .into_iter()
        .flatten()
        .take(20)
        .filter_map(|attempt| attempt.get("outcome").and_then(Value::as_str))
        .collect()
}
