//! `tls.probe`: name, dates and chain are separate findings; the worst is said first.

use serde_json::json;

use super::{Facts, Judgement, Verdict, tcp};
use crate::{Params, TlsObservation};

const DAY: i64 = 86_400;

pub(super) fn judge(params: &Params, seen: &TlsObservation, now: i64) -> Judgement {
    let host = params.text("host").unwrap_or_default();
    let port = params.number("port").unwrap_or(443);
    let name = params.text("sni").unwrap_or_else(|| host.clone());
    let mut facts: Facts = tcp::facts(&host, port, &seen.tcp);
    if let Some(sentence) = tcp::failure(&host, port, &seen.tcp) {
        return Judgement::new(Verdict::Problem, sentence, facts);
    }
    facts.insert("version".into(), json!(seen.version));
    let Some(certificate) = &seen.certificate else {
        let error = seen
            .handshake_error
            .as_deref()
            .unwrap_or("no certificate was shown");
        let sentence = format!("Port {port} on {host} is open, but TLS fails: {error}.");
        return Judgement::new(Verdict::Problem, sentence, facts);
    };
    let days_left = (certificate.not_after - now).div_euclid(DAY);
    facts.insert("subject".into(), json!(certificate.subject));
    facts.insert("issuer".into(), json!(certificate.issuer));
    facts.insert("names".into(), json!(certificate.names));
    facts.insert("not_after".into(), json!(certificate.not_after));
    facts.insert("days_left".into(), json!(days_left));
    facts.insert("name_matches".into(), json!(seen.name_matches));
    facts.insert("chain_trusted".into(), json!(seen.chain_error.is_none()));
    facts.insert("chain_length".into(), json!(seen.chain_length));
    let mut problems = Vec::new();
    if now >= certificate.not_after {
        problems.push(format!("the certificate expired {} days ago", -days_left));
    } else if now < certificate.not_before {
        problems.push("the certificate is not valid yet, or a clock is wrong".to_owned());
    } else if days_left < 14 {
        problems.push(format!("the certificate expires in {days_left} days"));
    }
    if !seen.name_matches {
        problems.push(format!("the certificate is not for {name}"));
    }
    if let Some(error) = &seen.chain_error {
        problems.push(format!("its chain is not trusted here ({error})"));
    }
    if let Some(error) = &seen.handshake_error {
        problems.push(format!("the handshake fails ({error})"));
    }
    if problems.is_empty() {
        let sentence =
            format!("The certificate of {name} is trusted and valid for {days_left} more days.");
        Judgement::new(Verdict::Healthy, sentence, facts)
    } else {
        let sentence = format!("TLS on {host} port {port}: {}.", problems.join("; "));
        Judgement::new(Verdict::Problem, sentence, facts)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::params;
    use super::*;
    use crate::{CertificateSummary, TcpAttempt, TcpObservation, TcpOutcome};

    const NOW: i64 = 1_790_000_000;

    fn seen() -> TlsObservation {
        TlsObservation {
            tcp: TcpObservation {
                resolve_error: None,
                attempts: vec![TcpAttempt {
                    address: [192, 0, 2, 1].into(),
                    outcome: TcpOutcome::Connected,
                    millis: 3,
                }],
            },
            handshake_error: None,
            version: Some("TLSv1_3".into()),
            certificate: Some(CertificateSummary {
                subject: "portal.example".into(),
                issuer: "Example CA".into(),
                names: vec!["portal.example".into()],
                not_before: NOW - DAY,
                not_after: NOW + 60 * DAY,
            }),
            chain_length: 2,
            name_matches: true,
            chain_error: None,
        }
    }

    fn said(change: impl FnOnce(&mut TlsObservation)) -> String {
        let mut seen = seen();
        change(&mut seen);
        let params = params("tls.probe", &[("host", "portal.example")]);
        judge(&params, &seen, NOW).summary
    }

    #[test]
    fn each_finding_is_named_by_itself_and_all_of_them_together() {
        assert_eq!(
            said(|_| ()),
            "The certificate of portal.example is trusted and valid for 60 more days."
        );
        let expired = |seen: &mut TlsObservation| {
            seen.certificate.as_mut().unwrap().not_after = NOW - 3 * DAY;
        };
        assert!(said(expired).contains("expired 3 days ago"));
        let soon = |seen: &mut TlsObservation| {
            seen.certificate.as_mut().unwrap().not_after = NOW + 13 * DAY + 5;
        };
        assert!(said(soon).contains("expires in 13 days"));
        assert!(said(|seen| seen.name_matches = false).contains("not for portal.example"));
        let all = said(|seen| {
            expired(seen);
            seen.name_matches = false;
            seen.chain_error = Some("unknown issuer".into());
        });
        assert!(
            all.contains("expired") && all.contains("not for") && all.contains("unknown issuer")
        );
    }

    #[test]
    fn an_open_port_without_tls_says_so() {
        let sentence = said(|seen| {
            seen.certificate = None;
            seen.handshake_error = Some("the answer is not TLS".into());
        });
        assert_eq!(
            sentence,
            "Port 443 on portal.example is open, but TLS fails: the answer is not TLS."
        );
    }
}
