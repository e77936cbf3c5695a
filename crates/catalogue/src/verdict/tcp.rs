//! `net.tcp`: what the tries say together.

use serde_json::json;

use super::{Facts, Judgement, Verdict};
use crate::{Params, TcpAttempt, TcpObservation, TcpOutcome};

pub(super) fn judge(params: &Params, seen: &TcpObservation) -> Judgement {
    let host = params.text("host").unwrap_or_default();
    let port = params.number("port").unwrap_or(0);
    let facts = facts(&host, port, seen);
    match failure(&host, port, seen) {
        Some(sentence) => Judgement::new(Verdict::Problem, sentence, facts),
        None => {
            // Other addresses of the same name may be closed (IPv6 beside IPv4): they are in
            // the facts, and only tries at an address that works at all count here.
            let works = |attempt: &&TcpAttempt| {
                let same = |other: &&TcpAttempt| other.address == attempt.address;
                let mut at_it = seen.attempts.iter().filter(same);
                at_it.any(|other| other.outcome == TcpOutcome::Connected)
            };
            let tries = seen.attempts.iter().filter(works);
            let connected = tries.clone().filter(|a| a.outcome == TcpOutcome::Connected);
            let fastest = connected.clone().map(|a| a.millis).min().unwrap_or(0);
            let (good, all) = (connected.count(), tries.count());
            if good < all {
                let sentence =
                    format!("Port {port} on {host} answers only sometimes: {good} of {all} tries.");
                Judgement::new(Verdict::Problem, sentence, facts)
            } else {
                let sentence = format!("Port {port} on {host} accepts connections ({fastest} ms).");
                Judgement::new(Verdict::Healthy, sentence, facts)
            }
        }
    }
}

pub(super) fn facts(host: &str, port: u32, seen: &TcpObservation) -> Facts {
    let mut facts = Facts::new();
    facts.insert("host".into(), host.into());
    facts.insert("port".into(), port.into());
    facts.insert("resolves".into(), seen.resolve_error.is_none().into());
    facts.insert("attempts".into(), json!(seen.attempts));
    facts
}

/// Why no try got through; `None` when one did.
pub(super) fn failure(host: &str, port: u32, seen: &TcpObservation) -> Option<String> {
    if let Some(error) = &seen.resolve_error {
        return Some(format!(
            "The name {host} cannot be resolved on this host: {error}."
        ));
    }
    let met = |outcome| {
        seen.attempts
            .iter()
            .any(|attempt| attempt.outcome == outcome)
    };
    if met(TcpOutcome::Connected) {
        None
    } else if met(TcpOutcome::Refused) {
        Some(format!(
            "{host} is up, but nothing listens on port {port}, or a firewall rejects it."
        ))
    } else if met(TcpOutcome::TimedOut) {
        Some(format!(
            "Port {port} on {host} does not answer: dropped by a firewall, or the host is down."
        ))
    } else if met(TcpOutcome::Unreachable) {
        Some(format!("There is no way from this host to {host}."))
    } else {
        Some(format!("The connection to port {port} on {host} failed."))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::params;
    use super::*;

    fn judged(outcomes: &[TcpOutcome]) -> Judgement {
        let seen = TcpObservation {
            resolve_error: None,
            attempts: outcomes
                .iter()
                .map(|outcome| TcpAttempt {
                    address: [192, 0, 2, 1].into(),
                    outcome: *outcome,
                    millis: 7,
                })
                .collect(),
        };
        judge(
            &params("net.tcp", &[("host", "db.example"), ("port", "5432")]),
            &seen,
        )
    }

    #[test]
    fn closed_silent_and_unreachable_are_told_apart() {
        use TcpOutcome::{Connected, Refused, TimedOut, Unreachable};
        assert_eq!(judged(&[Connected, Connected]).verdict, Verdict::Healthy);
        assert!(
            judged(&[Refused, Refused])
                .summary
                .contains("nothing listens")
        );
        assert!(judged(&[TimedOut]).summary.contains("does not answer"));
        assert!(judged(&[Unreachable]).summary.contains("no way"));
        assert!(judged(&[Connected, TimedOut]).summary.contains("1 of 2"));
    }
}
