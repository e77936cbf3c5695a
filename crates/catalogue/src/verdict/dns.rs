//! `dns.dig`: the header's status decides, not the exit code (dig ends with 0 on NXDOMAIN).

use super::{Facts, Judgement, Verdict, exit_code, stdout};
use crate::{Params, StepOutput};

/// Answers slower than this are worth a word, in milliseconds.
const SLOW: u64 = 500;

pub(super) fn judge(params: &Params, steps: &[StepOutput]) -> Judgement {
    let name = params.text("name").unwrap_or_default();
    let kind = params.text("type").unwrap_or_default();
    let text = stdout(steps, 0);
    let answer = parse(&text);
    let mut facts = Facts::new();
    facts.insert("name".into(), name.as_str().into());
    facts.insert("type".into(), kind.as_str().into());
    if let Some(server) = answer.server {
        facts.insert("server".into(), server.into());
    }
    if let Some(millis) = answer.millis {
        facts.insert("query_ms".into(), millis.into());
    }
    let Some(status) = answer.status else {
        return match exit_code(steps, 0) {
            Some(9) => Judgement::new(Verdict::Problem, "The name server does not answer.", facts),
            _ => Judgement::new(
                Verdict::Unknown,
                "dig gave no answer that could be read.",
                facts,
            ),
        };
    };
    facts.insert("status".into(), status.into());
    facts.insert("answers".into(), answer.records.clone().into());
    let (verdict, sentence) = match status {
        "NOERROR" if answer.records.is_empty() => (
            Verdict::Problem,
            format!("{name} exists, but has no {kind} record."),
        ),
        "NOERROR" => {
            let shown = answer
                .records
                .iter()
                .take(3)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            match answer.millis {
                Some(millis) if millis > SLOW => (
                    Verdict::Problem,
                    format!("{name} resolves to {shown}, but the answer took {millis} ms."),
                ),
                _ => (Verdict::Healthy, format!("{name} resolves to {shown}.")),
            }
        }
        "NXDOMAIN" => (Verdict::Problem, format!("The name {name} does not exist.")),
        "SERVFAIL" => {
            let second = stdout(steps, 1);
            let unchecked = parse(&second).status;
            facts.insert("status_without_dnssec".into(), unchecked.into());
            if unchecked == Some("NOERROR") {
                (
                    Verdict::Problem,
                    format!(
                        "{name} fails its DNSSEC check: the signatures or this resolver's clock are wrong."
                    ),
                )
            } else {
                (
                    Verdict::Problem,
                    format!("The name server could not find out about {name} (SERVFAIL)."),
                )
            }
        }
        "REFUSED" => (
            Verdict::Problem,
            "The name server refuses to answer this host.".to_owned(),
        ),
        other => (
            Verdict::Problem,
            format!("The name server answered {other}."),
        ),
    };
    Judgement::new(verdict, sentence, facts)
}

struct Answer<'a> {
    status: Option<&'a str>,
    records: Vec<String>,
    millis: Option<u64>,
    server: Option<&'a str>,
}

/// Whether dig was answered with SERVFAIL; the agent asks this before the second step.
pub(crate) fn is_servfail(output: &[u8]) -> bool {
    parse(&String::from_utf8_lossy(output)).status == Some("SERVFAIL")
}

fn parse(text: &str) -> Answer<'_> {
    let mut answer = Answer {
        status: None,
        records: Vec::new(),
        millis: None,
        server: None,
    };
    let mut in_answer = false;
    for line in text.lines() {
        if let Some(header) = line.strip_prefix(";; ->>HEADER<<-") {
            answer.status = header
                .split("status: ")
                .nth(1)
                .and_then(|rest| rest.split(',').next())
                .filter(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase()));
        } else if line.starts_with(";; ANSWER SECTION:") {
            in_answer = true;
        } else if line.is_empty() {
            in_answer = false;
        } else if let Some(time) = line.strip_prefix(";; Query time: ") {
            answer.millis = time.split(' ').next().and_then(|n| n.parse().ok());
        } else if let Some(server) = line.strip_prefix(";; SERVER: ") {
            answer.server = server.split('#').next();
        } else if in_answer && !line.starts_with(';') && answer.records.len() < 20 {
            let mut words = line.split_whitespace().skip(4);
            if let Some(first) = words.next() {
                let data = std::iter::once(first)
                    .chain(words)
                    .collect::<Vec<_>>()
                    .join(" ");
                answer.records.push(super::tidy(&data));
            }
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judged, step};
    use super::*;

    const NAME: &[(&str, &str)] = &[("name", "portal.example.org")];

    #[test]
    fn an_answer_is_healthy_and_lists_its_records() {
        let steps = vec![step(0, include_str!("../../fixtures/dig-noerror.txt"), "")];
        let judgement = judged("dns.dig", NAME, steps);
        assert_eq!(judgement.verdict, Verdict::Healthy);
        assert_eq!(
            judgement.summary,
            "portal.example.org resolves to 192.0.2.10, 192.0.2.11."
        );
        assert_eq!(judgement.facts["query_ms"], 3);
    }

    #[test]
    fn a_name_that_does_not_exist_is_a_problem_although_dig_ends_with_0() {
        let steps = vec![step(0, include_str!("../../fixtures/dig-nxdomain.txt"), "")];
        let judgement = judged("dns.dig", NAME, steps);
        assert_eq!(judgement.verdict, Verdict::Problem);
        assert!(judgement.summary.contains("does not exist"));
        assert_eq!(judgement.facts["status"], "NXDOMAIN");
    }

    #[test]
    fn a_silent_server_is_a_problem() {
        let steps = vec![step(
            9,
            include_str!("../../fixtures/dig-no-server.txt"),
            "",
        )];
        let judgement = judged("dns.dig", NAME, steps);
        assert_eq!(judgement.verdict, Verdict::Problem);
        assert!(judgement.summary.contains("does not answer"));
    }

    #[test]
    fn servfail_that_disappears_without_checking_points_at_dnssec() {
        let noerror = include_str!("../../fixtures/dig-noerror.txt");
        let servfail = noerror.replace("NOERROR", "SERVFAIL");
        let judgement = judged(
            "dns.dig",
            NAME,
            vec![step(0, &servfail, ""), step(0, noerror, "")],
        );
        assert!(
            judgement.summary.contains("DNSSEC"),
            "{}",
            judgement.summary
        );
        let judgement = judged(
            "dns.dig",
            NAME,
            vec![step(0, &servfail, ""), step(0, &servfail, "")],
        );
        assert!(judgement.summary.contains("SERVFAIL"));
        assert!(is_servfail(servfail.as_bytes()) && !is_servfail(noerror.as_bytes()));
    }

    #[test]
    fn a_slow_answer_and_an_empty_one_are_problems() {
        let noerror = include_str!("../../fixtures/dig-noerror.txt");
        let slow = noerror.replace("Query time: 3 msec", "Query time: 1900 msec");
        assert_eq!(
            judged("dns.dig", NAME, vec![step(0, &slow, "")]).verdict,
            Verdict::Problem
        );
        let empty: String = noerror
            .lines()
            .filter(|line| !line.starts_with("portal"))
            .map(|line| format!("{line}\n"))
            .collect();
        let judgement = judged("dns.dig", NAME, vec![step(0, &empty, "")]);
        assert_eq!(
            judgement.summary,
            "portal.example.org exists, but has no A record."
        );
    }
}
