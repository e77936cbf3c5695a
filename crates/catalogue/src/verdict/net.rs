//! `net.link`, `net.ping` and `net.route`.

use serde_json::{Value as Json, json};

use super::{Facts, Judgement, Verdict, exit_code, stderr, stdout};
use crate::{Params, StepOutput};

fn words(value: &Json, key: &str) -> Vec<String> {
    value[key]
        .as_array()
        .map(|list| {
            list.iter()
                .filter_map(Json::as_str)
                .map(super::tidy)
                .collect()
        })
        .unwrap_or_default()
}

fn word(value: &Json, key: &str) -> String {
    super::tidy(value[key].as_str().unwrap_or_default())
}

/// A configured interface (flag UP) needs LOWER_UP; more than 0.1 % lost packets is a problem.
pub(super) fn link(steps: &[StepOutput]) -> Judgement {
    let Ok(Json::Array(links)) = serde_json::from_str::<Json>(&stdout(steps, 0)) else {
        let said = stderr(steps, 0);
        return Judgement::unknown(match said.lines().next() {
            Some(line) if !line.trim().is_empty() => format!("ip answered: {line}"),
            _ => "ip gave no list of interfaces.".to_owned(),
        });
    };
    let mut facts = Facts::new();
    let mut shown = Vec::new();
    let mut problems = Vec::new();
    let mut working = Vec::new();
    for link in &links {
        let name = word(link, "ifname");
        let flags = words(link, "flags");
        let has = |flag: &str| flags.iter().any(|f| f == flag);
        let count = |side: &str, what: &str| link["stats64"][side][what].as_u64().unwrap_or(0);
        let packets = count("rx", "packets").saturating_add(count("tx", "packets"));
        let lost = ["rx", "tx"].iter().fold(0u64, |sum, side| {
            sum.saturating_add(count(side, "errors"))
                .saturating_add(count(side, "dropped"))
        });
        shown.push(json!({
            "name": name, "up": has("UP"), "carrier": has("LOWER_UP"),
            "mtu": link["mtu"].as_u64(), "packets": packets, "lost": lost,
        }));
        if has("LOOPBACK") || !has("UP") {
            continue;
        }
        if !has("LOWER_UP") {
            problems.push(format!("{name} has no carrier"));
            continue;
        }
        if packets >= 1000 && u128::from(lost) * 1000 > u128::from(packets) {
            problems.push(format!("{name} lost {lost} of {packets} packets"));
        }
        working.push(name);
    }
    facts.insert("links".into(), Json::Array(shown));
    let only_one_asked = links.len() == 1;
    let loopback = links
        .iter()
        .any(|link| words(link, "flags").iter().any(|f| f == "LOOPBACK"));
    if problems.is_empty() && working.is_empty() {
        return if only_one_asked && loopback {
            Judgement::new(Verdict::Healthy, "The loopback interface is up.", facts)
        } else {
            Judgement::new(
                Verdict::Problem,
                "No network interface is up apart from the loopback.",
                facts,
            )
        };
    }
    if problems.is_empty() {
        let sentence = format!("{} with carrier and no notable loss.", working.join(", "));
        Judgement::new(Verdict::Healthy, sentence, facts)
    } else {
        Judgement::new(Verdict::Problem, format!("{}.", problems.join("; ")), facts)
    }
}

/// What it means that a name leads nowhere, also where no program was run for that.
pub fn unresolved(host: &str) -> Judgement {
    let mut facts = Facts::new();
    facts.insert("host".into(), host.into());
    facts.insert("resolves".into(), false.into());
    Judgement::new(
        Verdict::Problem,
        format!("The name {host} cannot be resolved on this host."),
        facts,
    )
}

/// No loss and an average below 150 ms is healthy.
pub(super) fn ping(params: &Params, steps: &[StepOutput]) -> Judgement {
    let host = params.text("host").unwrap_or_default();
    let text = stdout(steps, 0);
    let mut facts = Facts::new();
    facts.insert("host".into(), host.as_str().into());
    let counted = text
        .lines()
        .find(|line| line.contains(" packets transmitted"));
    let Some(line) = counted else {
        let said = stderr(steps, 0);
        let named = [
            "Name or service not known",
            "Temporary failure in name resolution",
            "No address associated",
        ]
        .iter()
        .any(|problem| said.contains(problem));
        return if named {
            unresolved(&host)
        } else if said.contains("unreachable") {
            Judgement::new(
                Verdict::Problem,
                format!("This host has no route to {host}."),
                facts,
            )
        } else {
            let first = said.lines().next().unwrap_or("it said nothing");
            Judgement::new(
                Verdict::Unknown,
                format!("ping could not run: {first}"),
                facts,
            )
        };
    };
    let number = |before: &str| {
        line.split(',')
            .find(|part| part.contains(before))
            .and_then(|part| {
                part.trim()
                    .split(' ')
                    .next()?
                    .trim_end_matches('%')
                    .parse::<f64>()
                    .ok()
            })
    };
    let sent = number("transmitted").unwrap_or(0.0);
    let received = number("received").unwrap_or(0.0);
    let loss = number("packet loss").unwrap_or(100.0);
    let average = text
        .lines()
        .find_map(|line| line.strip_prefix("rtt min/avg/max/mdev = "))
        .and_then(|times| times.split('/').nth(1)?.parse::<f64>().ok());
    facts.insert("sent".into(), json!(sent));
    facts.insert("received".into(), json!(received));
    facts.insert("loss_percent".into(), json!(loss));
    facts.insert("average_ms".into(), json!(average));
    if received <= 0.0 {
        let sentence = format!("{host} does not answer ping; it may be down, or ping is filtered.");
        Judgement::new(Verdict::Problem, sentence, facts)
    } else if loss > 0.0 {
        let sentence = format!("{loss:.0} % of the packets to {host} are lost.");
        Judgement::new(Verdict::Problem, sentence, facts)
    } else {
        match average {
            Some(average) if average >= 150.0 => {
                let sentence = format!("{host} answers, but slowly: {average:.0} ms on average.");
                Judgement::new(Verdict::Problem, sentence, facts)
            }
            Some(average) => {
                let sentence = format!("{host} answers in {average:.1} ms, nothing lost.");
                Judgement::new(Verdict::Healthy, sentence, facts)
            }
            None => Judgement::new(Verdict::Unknown, "ping gave no round-trip time.", facts),
        }
    }
}

/// A default route whose gateway answers on the link is healthy.
pub(super) fn route(steps: &[StepOutput]) -> Judgement {
    let list = |index: usize| match serde_json::from_str::<Json>(&stdout(steps, index)) {
        Ok(Json::Array(list)) => list,
        _ => Vec::new(),
    };
    if exit_code(steps, 0) != Some(0) && exit_code(steps, 1) != Some(0) {
        return Judgement::unknown("ip could not list the routes.");
    }
    let mut facts = Facts::new();
    let mut gateways = Vec::new();
    for (family, routes) in [("IPv4", list(0)), ("IPv6", list(1))] {
        for route in routes.iter().filter(|route| route["dst"] == "default") {
            gateways.push((family, word(route, "gateway"), word(route, "dev")));
        }
    }
    facts.insert(
        "defaults".into(),
        gateways
            .iter()
            .map(|(family, via, dev)| json!({"family": family, "gateway": via, "dev": dev}))
            .collect(),
    );
    if gateways.is_empty() {
        return Judgement::new(
            Verdict::Problem,
            "There is no default route: this host cannot leave its own network.",
            facts,
        );
    }
    let neighbours = list(2);
    let dead: Vec<String> = gateways
        .iter()
        .filter(|(_, via, _)| {
            neighbours.iter().any(|n| {
                n["dst"].as_str() == Some(via.as_str())
                    && words(n, "state")
                        .iter()
                        .any(|s| s == "FAILED" || s == "INCOMPLETE")
            })
        })
        .map(|(_, via, dev)| format!("the gateway {via} on {dev} does not answer on the link"))
        .collect();
    if dead.is_empty() {
        let shown: Vec<_> = gateways
            .iter()
            .map(|(family, via, dev)| match via.as_str() {
                "" => format!("{family} through {dev}"),
                via => format!("{family} through {via} on {dev}"),
            })
            .collect();
        Judgement::new(
            Verdict::Healthy,
            format!("Default route: {}.", shown.join("; ")),
            facts,
        )
    } else {
        Judgement::new(Verdict::Problem, format!("{}.", dead.join("; ")), facts)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judged, step};
    use super::*;

    const TARGET: &[(&str, &str)] = &[("host", "192.0.2.1")];

    #[test]
    fn recorded_pings_are_judged() {
        let ok = judged(
            "net.ping",
            TARGET,
            vec![step(0, include_str!("../../fixtures/ping-ok.txt"), "")],
        );
        assert_eq!(ok.verdict, Verdict::Healthy);
        assert_eq!(ok.summary, "192.0.2.1 answers in 0.2 ms, nothing lost.");
        let lost = judged(
            "net.ping",
            TARGET,
            vec![step(1, include_str!("../../fixtures/ping-lost.txt"), "")],
        );
        assert_eq!(lost.verdict, Verdict::Problem);
        assert!(lost.summary.contains("does not answer ping"));
        let some = include_str!("../../fixtures/ping-ok.txt")
            .replace("2 received, 0% packet loss", "1 received, 50% packet loss");
        assert_eq!(
            judged("net.ping", TARGET, vec![step(0, &some, "")]).summary,
            "50 % of the packets to 192.0.2.1 are lost."
        );
        let name = step(2, "", "ping: no-such.invalid: Name or service not known\n");
        let unknown = judged("net.ping", &[("host", "no-such.invalid")], vec![name]);
        assert_eq!(
            unknown.summary,
            "The name no-such.invalid cannot be resolved on this host."
        );
    }

    #[test]
    fn recorded_links_are_judged() {
        let recorded = include_str!("../../fixtures/ip-link.json");
        let good = judged("net.link", &[], vec![step(0, recorded, "")]);
        assert_eq!(good.summary, "eth0 with carrier and no notable loss.");
        let unplugged = recorded.replace(
            "[\"BROADCAST\",\"MULTICAST\",\"UP\",\"LOWER_UP\"]",
            "[\"NO-CARRIER\",\"BROADCAST\",\"MULTICAST\",\"UP\"]",
        );
        let bad = judged("net.link", &[], vec![step(0, &unplugged, "")]);
        assert_eq!(bad.summary, "eth0 has no carrier.");
        let lossy = recorded.replace(
            "\"packets\":8680,\"errors\":0,\"dropped\":0",
            "\"packets\":8680,\"errors\":40,\"dropped\":9",
        );
        assert!(
            judged("net.link", &[], vec![step(0, &lossy, "")])
                .summary
                .contains("lost 49 of")
        );
        let none = judged(
            "net.link",
            &[("iface", "eth9")],
            vec![step(1, "", "Device \"eth9\" does not exist.\n")],
        );
        assert_eq!(none.verdict, Verdict::Unknown);
        assert!(none.summary.contains("eth9"));
    }

    #[test]
    fn recorded_routes_are_judged() {
        let v4 = include_str!("../../fixtures/ip-route.json");
        let neighbours = r#"[{"dst":"192.0.2.1","dev":"eth0","lladdr":"02:fc:00:00:00:02","state":["REACHABLE"]}]"#;
        let good = judged(
            "net.route",
            &[],
            vec![step(0, v4, ""), step(0, "[]", ""), step(0, neighbours, "")],
        );
        assert_eq!(
            good.summary,
            "Default route: IPv4 through 192.0.2.1 on eth0."
        );
        let dead = neighbours.replace("REACHABLE", "FAILED");
        let bad = judged(
            "net.route",
            &[],
            vec![step(0, v4, ""), step(0, "[]", ""), step(0, &dead, "")],
        );
        assert_eq!(bad.verdict, Verdict::Problem);
        let none = judged(
            "net.route",
            &[],
            vec![step(0, "[]", ""), step(0, "[]", ""), step(0, "[]", "")],
        );
        assert!(none.summary.contains("no default route"));
    }
}
