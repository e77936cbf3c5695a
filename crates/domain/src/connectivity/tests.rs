use serde_json::json;

use super::*;
use crate::target;
use Probe::{Dns, Dns6, Http, Ping, Tcp, Tls};

fn target_of(text: &str) -> Target {
    target::find(text).into_iter().next().unwrap().target
}

fn web() -> Target {
    target_of("https://portal.example.org")
}

fn ran(facts: Value) -> Ended {
    let facts = facts.as_object().unwrap().clone();
    Ended::Ran {
        verdict: Verdict::Problem,
        summary: String::new(),
        facts,
    }
}

fn dns(status: &str, answers: &[&str]) -> Ended {
    ran(json!({"status": status, "answers": answers, "query_ms": 3}))
}

fn tcp(outcomes: &[&str]) -> Ended {
    let attempts: Vec<_> = outcomes
        .iter()
        .map(|outcome| json!({"outcome": outcome}))
        .collect();
    ran(json!({"resolves": true, "attempts": attempts}))
}

fn unresolved() -> Ended {
    ran(json!({"resolves": false, "attempts": []}))
}

fn ping(received: u8) -> Ended {
    ran(
        json!({"sent": 3, "received": received, "loss_percent": f64::from(3 - received) / 3.0 * 100.0, "average_ms": 2.0}),
    )
}

fn tls(days: i64, name: bool, chain: bool) -> Ended {
    ran(json!({"days_left": days, "name_matches": name, "chain_trusted": chain}))
}

fn http(status: Option<u16>) -> Ended {
    ran(json!({"status": status, "millis": 20}))
}

type Results = Vec<(Probe, Ended)>;

fn good() -> Results {
    vec![
        (Dns, dns("NOERROR", &["192.0.2.1"])),
        (Tcp, tcp(&["connected"; 3])),
        (Ping, ping(3)),
        (Tls, tls(60, true, true)),
        (Http, http(Some(200))),
    ]
}

fn with(mut all: Results, probe: Probe, ended: Ended) -> Results {
    all.retain(|(other, _)| *other != probe);
    all.push((probe, ended));
    all
}

/// A vantage whose name lookup or connection failed: there is no TLS and no HTTP then.
fn short(dns: Ended, tcp: Ended, pinged: u8) -> Results {
    vec![(Dns, dns), (Tcp, tcp), (Ping, ping(pinged))]
}

fn not_run(reason: NotRun) -> Results {
    [Dns, Tcp, Ping]
        .into_iter()
        .map(|probe| (probe, Ended::NotRun(reason)))
        .collect()
}

fn results(server: Results, host: Results) -> BTreeMap<Step, Ended> {
    let of = |vantage, list: Results| {
        list.into_iter()
            .map(move |(probe, ended)| (Step { vantage, probe }, ended))
    };
    of(Vantage::Server, server)
        .chain(of(Vantage::Host, host))
        .collect()
}

#[track_caller]
fn found(target: &Target, server: Results, host: Option<Results>) -> Finding {
    let vantages: &[Vantage] = if host.is_some() {
        &[Vantage::Server, Vantage::Host]
    } else {
        &[Vantage::Server]
    };
    match next(target, vantages, &results(server, host.unwrap_or_default())) {
        Next::Done(finding) => finding,
        Next::Run(missing) => panic!("still wants {missing:?}"),
    }
}

#[test]
fn it_first_asks_for_name_port_and_ping_then_for_what_the_port_speaks() {
    let step = |probe| Step {
        vantage: Vantage::Server,
        probe,
    };
    let first = next(&web(), &[Vantage::Server], &BTreeMap::new());
    assert_eq!(first, Next::Run(vec![step(Dns), step(Tcp), step(Ping)]));
    let open = results(
        short(dns("NOERROR", &["192.0.2.1"]), tcp(&["connected"]), 3),
        vec![],
    );
    assert_eq!(
        next(&web(), &[Vantage::Server], &open),
        Next::Run(vec![step(Tls), step(Http)])
    );
    let both = next(
        &target_of("ping 192.0.2.1"),
        &[Vantage::Server, Vantage::Host],
        &BTreeMap::new(),
    );
    assert!(matches!(both, Next::Run(steps) if steps.len() == 4));
}

#[test]
fn steps_carry_the_catalogues_parameters_and_the_catalogue_takes_them() {
    for (probe, target, expected) in [
        (Dns, web(), Some("name=portal.example.org type=A")),
        (Dns6, web(), Some("name=portal.example.org type=AAAA")),
        (Tcp, web(), Some("host=portal.example.org port=443")),
        (Ping, web(), Some("count=3 host=portal.example.org")),
        (Tls, web(), Some("host=portal.example.org port=443")),
        (Http, web(), Some("url=https://portal.example.org/")),
        (
            Tcp,
            target_of("[2001:db8::7]:993"),
            Some("host=2001:db8::7 port=993"),
        ),
        (Dns, target_of("192.0.2.1"), None),
        (Http, target_of("ssh to db-1"), None),
    ] {
        let params = probe.params(&target);
        let said = params.as_ref().map(|map| {
            map.iter()
                .map(|(k, v)| format!("{k}={v}"))
                .collect::<Vec<_>>()
                .join(" ")
        });
        assert_eq!(said.as_deref(), expected);
        if let Some(params) = params {
            let entry = tierdesk_catalogue::find(probe.entry()).unwrap();
            assert!(
                tierdesk_catalogue::Params::parse(entry, &params).is_ok(),
                "{params:?}"
            );
        }
    }
}

#[test]
fn every_single_view_has_its_cause_layer_and_team() {
    use Cause as C;
    use Layer as L;
    let name = || dns("NOERROR", &["192.0.2.1"]);
    let servfail = |inner: Option<&str>| {
        ran(json!({"status": "SERVFAIL", "answers": [], "status_without_dnssec": inner}))
    };
    let slow = || ran(json!({"received": 3, "loss_percent": 0.0, "average_ms": 400.0}));
    let (network, servers) = (Some(Team::Network), Some(Team::Servers));
    let table = [
        ("all well", good(), C::Healthy, L::None, None),
        (
            "redirect",
            with(good(), Http, http(Some(302))),
            C::Healthy,
            L::None,
            None,
        ),
        (
            "sign-in wanted",
            with(good(), Http, http(Some(401))),
            C::Healthy,
            L::None,
            None,
        ),
        (
            "ping filtered",
            with(good(), Ping, ping(0)),
            C::Healthy,
            L::None,
            None,
        ),
        (
            "ping not run",
            with(good(), Ping, Ended::NotRun(NotRun::Refused)),
            C::Healthy,
            L::None,
            None,
        ),
        (
            "certificate ends soon",
            with(good(), Tls, tls(3, true, true)),
            C::Healthy,
            L::None,
            None,
        ),
        (
            "slow ping",
            with(good(), Ping, slow()),
            C::Slow,
            L::Path,
            network,
        ),
        (
            "lost packets",
            with(good(), Ping, ping(2)),
            C::Lossy,
            L::Path,
            network,
        ),
        (
            "flaky port",
            with(good(), Tcp, tcp(&["connected", "timed_out"])),
            C::Lossy,
            L::Path,
            network,
        ),
        (
            "NXDOMAIN",
            short(dns("NXDOMAIN", &[]), unresolved(), 0),
            C::NameMissing,
            L::Dns,
            network,
        ),
        (
            "SERVFAIL",
            short(servfail(None), unresolved(), 0),
            C::Resolver,
            L::Dns,
            network,
        ),
        (
            "DNSSEC",
            short(servfail(Some("NOERROR")), unresolved(), 0),
            C::Dnssec,
            L::Dns,
            network,
        ),
        (
            "REFUSED",
            short(dns("REFUSED", &[]), unresolved(), 0),
            C::Resolver,
            L::Dns,
            network,
        ),
        (
            "odd status",
            short(dns("NOTIMP", &[]), unresolved(), 0),
            C::Resolver,
            L::Dns,
            network,
        ),
        (
            "silent resolver",
            short(ran(json!({})), unresolved(), 0),
            C::Resolver,
            L::Dns,
            network,
        ),
        (
            "dig only",
            short(name(), unresolved(), 0),
            C::HostResolver,
            L::Dns,
            network,
        ),
        (
            "no record",
            with(
                short(dns("NOERROR", &[]), unresolved(), 0),
                Dns6,
                dns("NOERROR", &[]),
            ),
            C::NameEmpty,
            L::Dns,
            network,
        ),
        (
            "refused",
            short(name(), tcp(&["refused"; 3]), 3),
            C::Refused,
            L::Tcp,
            servers,
        ),
        (
            "port dropped",
            short(name(), tcp(&["timed_out"; 3]), 3),
            C::PortSilent,
            L::Firewall,
            network,
        ),
        (
            "all dropped",
            short(name(), tcp(&["timed_out"; 3]), 0),
            C::HostSilent,
            L::Path,
            network,
        ),
        (
            "no route",
            short(name(), tcp(&["unreachable"]), 0),
            C::NoRoute,
            L::Route,
            network,
        ),
        (
            "nothing said",
            short(name(), tcp(&[]), 0),
            C::Unclear,
            L::Unknown,
            network,
        ),
        (
            "expired",
            with(good(), Tls, tls(-3, true, true)),
            C::CertificateDates,
            L::Tls,
            servers,
        ),
        (
            "wrong name",
            with(good(), Tls, tls(60, false, true)),
            C::CertificateName,
            L::Tls,
            servers,
        ),
        (
            "untrusted",
            with(good(), Tls, tls(60, true, false)),
            C::CertificateTrust,
            L::Tls,
            servers,
        ),
        (
            "no TLS",
            with(good(), Tls, ran(json!({"version": null}))),
            C::Tls,
            L::Tls,
            servers,
        ),
        (
            "500",
            with(good(), Http, http(Some(500))),
            C::ServerError,
            L::Http,
            servers,
        ),
        (
            "502",
            with(good(), Http, http(Some(502))),
            C::Gateway,
            L::Service,
            servers,
        ),
        (
            "404",
            with(good(), Http, http(Some(404))),
            C::PageMissing,
            L::Http,
            servers,
        ),
        (
            "429",
            with(good(), Http, http(Some(429))),
            C::RequestRefused,
            L::Http,
            servers,
        ),
        (
            "400",
            with(good(), Http, http(Some(400))),
            C::RequestRefused,
            L::Http,
            servers,
        ),
        (
            "HTTP silent",
            with(good(), Http, http(None)),
            C::HttpSilent,
            L::Http,
            servers,
        ),
        (
            "odd code",
            with(good(), Http, http(Some(999))),
            C::Unclear,
            L::Unknown,
            network,
        ),
        (
            "nobody came",
            not_run(NotRun::Expired),
            C::NoVantage,
            L::Unknown,
            None,
        ),
    ];
    for (what, server, cause, layer, team) in table {
        let finding = found(&web(), server, None);
        assert_eq!(
            (finding.cause, finding.layer, finding.team),
            (cause, layer, team),
            "{what}: {}",
            finding.sentence
        );
        assert!(
            !finding.sentence.is_empty() && !finding.reply.is_empty(),
            "{what}"
        );
        assert_eq!(finding.is_healthy(), cause == C::Healthy, "{what}");
    }
}

#[test]
fn what_works_from_the_server_but_not_from_the_machine_is_on_the_requesters_side() {
    let name = || dns("NOERROR", &["192.0.2.1"]);
    let table = [
        (
            short(dns("NXDOMAIN", &[]), unresolved(), 0),
            Cause::HostResolver,
            Layer::Dns,
        ),
        (
            short(name(), tcp(&["timed_out"]), 3),
            Cause::PortSilent,
            Layer::Firewall,
        ),
        (
            short(name(), tcp(&["refused"]), 3),
            Cause::Refused,
            Layer::Firewall,
        ),
        (
            short(name(), tcp(&["unreachable"]), 0),
            Cause::NoRoute,
            Layer::Route,
        ),
        (
            short(name(), tcp(&["timed_out"]), 0),
            Cause::HostSilent,
            Layer::Route,
        ),
        (with(good(), Ping, ping(1)), Cause::Lossy, Layer::Path),
        (
            with(good(), Tls, tls(60, true, false)),
            Cause::CertificateTrust,
            Layer::Tls,
        ),
        (
            with(good(), Tls, tls(-1, true, true)),
            Cause::CertificateDates,
            Layer::Tls,
        ),
    ];
    for (host, cause, layer) in table {
        let finding = found(&web(), good(), Some(host));
        let said = (finding.cause, finding.layer, finding.side, finding.team);
        assert_eq!(
            said,
            (cause, layer, Side::Requester, Some(Team::Network)),
            "{}",
            finding.sentence
        );
        assert!(finding.reply.contains("your computer"), "{}", finding.reply);
    }
}

#[test]
fn what_fails_everywhere_is_the_targets_fault() {
    let refused = || short(dns("NOERROR", &["192.0.2.1"]), tcp(&["refused"; 3]), 3);
    let finding = found(&web(), refused(), Some(refused()));
    assert_eq!(
        (finding.cause, finding.side),
        (Cause::Refused, Side::Target)
    );
    assert!(finding.sentence.contains("sees the same"));
    let mixed = found(
        &web(),
        refused(),
        Some(short(dns("NXDOMAIN", &[]), unresolved(), 0)),
    );
    assert_eq!(mixed.cause, Cause::Refused);
    assert!(mixed.sentence.contains("does not exist"));
}

#[test]
fn what_works_from_the_requesters_machine_works() {
    let finding = found(
        &web(),
        short(dns("NXDOMAIN", &[]), unresolved(), 0),
        Some(good()),
    );
    assert!(finding.is_healthy());
    assert!(found(&web(), good(), Some(good())).is_healthy());
}

#[test]
fn a_machine_that_does_not_answer_us_is_itself_the_finding() {
    let finding = found(&web(), good(), Some(not_run(NotRun::Expired)));
    assert_eq!(
        (finding.cause, finding.side, finding.team),
        (Cause::HostOffline, Side::Requester, Some(Team::Network))
    );
    // When the target fails for the server too, that is what counts.
    let refused = short(dns("NOERROR", &["192.0.2.1"]), tcp(&["refused"]), 3);
    assert_eq!(
        found(&web(), refused, Some(not_run(NotRun::Expired))).cause,
        Cause::Refused
    );
    // When the server's agent is away, the machine's own view is all there is.
    assert!(found(&web(), not_run(NotRun::Expired), Some(good())).is_healthy());
    assert!(
        found(
            &web(),
            not_run(NotRun::Refused),
            Some(not_run(NotRun::Failed))
        )
        .is_blind()
    );
}

#[test]
fn facts_of_any_shape_never_panic_and_always_end() {
    for odd in [
        json!({}),
        json!({"attempts": 7, "resolves": "no"}),
        json!({"attempts": [{"outcome": 3}, 4], "status": -1}),
        json!({"status": 1e300, "answers": "x", "days_left": "many"}),
    ] {
        let all: Results = Probe::ALL
            .iter()
            .map(|probe| (*probe, ran(odd.clone())))
            .collect();
        let ended = results(all.clone(), all);
        assert!(matches!(
            next(&web(), &[Vantage::Server, Vantage::Host], &ended),
            Next::Done(_)
        ));
    }
}
