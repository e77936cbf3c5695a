//! What the vantages mean together: cause, layer, whose side it is on, who should look, and what to tell the requester.

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use super::View;
use crate::names::named;
use crate::target::Target;
use crate::text::{count, fill, t};

/// Whose view it is, in the words of a sentence.
const SERVER: &str = "finding.server";
const MACHINE: &str = "finding.machine";

named! {
    /// The lowest part of the way that fails.
    Layer, "layer" {
        /// Cable, radio, or the machine itself.
        Link = "link",
        /// The way between networks.
        Route = "route",
        /// Names.
        Dns = "dns",
        /// Something on the way lets nothing through.
        Firewall = "firewall",
        /// The way loses what it carries.
        Path = "path",
        /// The port.
        Tcp = "tcp",
        /// Certificate and encryption.
        Tls = "tls",
        /// The web server.
        Http = "http",
        /// The service behind it.
        Service = "service",
        /// Nothing fails.
        None = "none",
        /// It cannot be told.
        Unknown = "unknown",
    }
}

named! {
    /// On whose side the cause is.
    Side, "side" {
        /// Nowhere.
        Nobody = "nobody",
        /// The service that was to be reached.
        Target = "target",
        /// The requester's machine or its network.
        Requester = "requester",
        /// The network between.
        Between = "between",
        /// It cannot be told.
        Unknown = "unknown",
    }
}

named! {
    /// The team that should look, by what it knows.
    Team, "team" {
        /// Names, routes, firewalls, links.
        Network = "network",
        /// Machines, services, certificates.
        Servers = "servers",
        /// The first line, where nobody else is right.
        ServiceDesk = "service_desk",
    }
}

named! {
    /// What is wrong.
    Cause, "cause" {
        /// Nothing.
        Healthy = "healthy",
        /// It works, slowly.
        Slow = "slow",
        /// The name does not exist.
        NameMissing = "name_missing",
        /// The name has no address.
        NameEmpty = "name_empty",
        /// Names cannot be resolved.
        Resolver = "resolver",
        /// The name's signatures do not hold.
        Dnssec = "dnssec",
        /// The requester's machine does not resolve names like others do.
        HostResolver = "host_resolver",
        /// Nothing listens.
        Refused = "refused",
        /// The port is silent, the machine is not.
        PortSilent = "port_silent",
        /// Nothing answers.
        HostSilent = "host_silent",
        /// There is no way.
        NoRoute = "no_route",
        /// Packets are lost.
        Lossy = "lossy",
        /// The certificate has expired.
        CertificateDates = "certificate_dates",
        /// The certificate is for another name.
        CertificateName = "certificate_name",
        /// The certificate is not trusted.
        CertificateTrust = "certificate_trust",
        /// TLS fails.
        Tls = "tls",
        /// The service behind a gateway does not answer.
        Gateway = "gateway",
        /// The service has an error.
        ServerError = "server_error",
        /// The page does not exist.
        PageMissing = "page_missing",
        /// The service refuses the request.
        RequestRefused = "request_refused",
        /// The web server says nothing.
        HttpSilent = "http_silent",
        /// The requester's machine does not answer us.
        HostOffline = "host_offline",
        /// Nobody could look.
        NoVantage = "no_vantage",
        /// The results contradict each other.
        Unclear = "unclear",
    }
}

/// What the playbook concluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What is wrong.
    pub cause: Cause,
    /// Where on the way.
    pub layer: Layer,
    /// On whose side.
    pub side: Side,
    /// One sentence for engineers.
    pub sentence: String,
    /// What the requester is told.
    pub reply: String,
    /// Who should look next, at L2; nobody when it works.
    pub team: Option<Team>,
}

impl Finding {
    /// Whether the target works, so that the requester is asked to try again.
    pub fn is_healthy(&self) -> bool {
        matches!(self.cause, Cause::Healthy)
    }

    /// One more sentence for engineers.
    fn go_on(&mut self, more: &str) {
        self.sentence = format!("{} {more}", self.sentence);
    }

    /// Whether nobody could look, so that a human at L1 goes on without evidence.
    pub fn is_blind(&self) -> bool {
        matches!(self.cause, Cause::NoVantage)
    }
}

/// Compares what the server and the requester's machine see.
pub(super) fn compare(target: &Target, server: Option<&View>, host: Option<&View>) -> Finding {
    let server = server
        .copied()
        .filter(|view| !matches!(view, View::Blind(_)));
    let offline = matches!(host, Some(View::Blind(_)));
    let host = host.copied().filter(|view| !matches!(view, View::Blind(_)));
    match (server, host) {
        (None, None) => blind(target),
        (Some(server), None) if offline && server.works() => Finding {
            cause: Cause::HostOffline,
            layer: Layer::Link,
            side: Side::Requester,
            sentence: fill("finding.offline", &[("target", target)]),
            reply: fill("finding.offline_reply", &[("target", target)]),
            team: Some(Team::Network),
        },
        (Some(view), None) | (None, Some(view)) => alone(
            target,
            view,
            if server.is_some() { SERVER } else { MACHINE },
        ),
        (Some(server), Some(host)) if host.works() => {
            let mut finding = alone(target, host, MACHINE);
            if !server.works() {
                finding.go_on(t("finding.not_from_server"));
            }
            finding
        }
        (Some(server), Some(host)) if server.works() => requester_side(target, host),
        (Some(server), Some(host)) => {
            let mut finding = alone(target, server, SERVER);
            if server == host {
                finding.go_on(t("finding.seen_by_both"));
            } else {
                let other = alone(target, host, MACHINE);
                finding.go_on(&other.sentence);
            }
            finding
        }
    }
}

fn blind(target: &Target) -> Finding {
    Finding {
        cause: Cause::NoVantage,
        layer: Layer::Unknown,
        side: Side::Unknown,
        sentence: fill("finding.blind", &[("target", target)]),
        reply: t("finding.blind_reply").to_owned(),
        team: None,
    }
}

/// The target works elsewhere: the same view then means something on the requester's side.
fn requester_side(target: &Target, view: View) -> Finding {
    let mut finding = alone(target, view, MACHINE);
    finding.go_on(t("finding.works_from_server"));
    let (layer, cause, reply) = match view {
        View::NameMissing
        | View::NameEmpty
        | View::ResolverFails
        | View::ResolverRefuses
        | View::ResolverSilent
        | View::Unresolved
        | View::Dnssec => (Layer::Dns, Cause::HostResolver, "finding.own_name"),
        View::Refused | View::PortSilent => (Layer::Firewall, finding.cause, "finding.own_blocked"),
        View::HostSilent | View::NoRoute => (Layer::Route, finding.cause, "finding.own_route"),
        View::Lossy => (Layer::Path, Cause::Lossy, "finding.own_lossy"),
        View::Expired => (Layer::Tls, Cause::CertificateDates, "finding.own_expired"),
        View::WrongName | View::Untrusted | View::NoTls => {
            (Layer::Tls, finding.cause, "finding.own_between")
        }
        _ => (finding.layer, finding.cause, "finding.own_other"),
    };
    finding.layer = layer;
    finding.cause = cause;
    finding.side = Side::Requester;
    finding.team = Some(Team::Network);
    finding.reply = fill(reply, &[("target", target)]);
    finding
}

/// What one view means by itself.
fn alone(target: &Target, view: View, whose: &'static str) -> Finding {
    use Cause as C;
    use Layer as L;
    use Side as S;
    use Team as T;
    let whose = t(whose);
    let (host, port) = (&target.host, target.port);
    let says = |key: &'static str, status: u16| {
        let values: [(&str, &dyn Display); 5] = [
            ("target", target),
            ("host", host),
            ("port", &port),
            ("whose", &whose),
            ("status", &status),
        ];
        fill(key, &values)
    };
    let say = |key: &'static str| says(key, 0);
    let (cause, layer, side, team, sentence, reply) = match view {
        View::Healthy => (
            C::Healthy,
            L::None,
            S::Nobody,
            None,
            say("finding.healthy"),
            None,
        ),
        View::HealthyNoPing => (
            C::Healthy,
            L::None,
            S::Nobody,
            None,
            say("finding.healthy_no_ping"),
            None,
        ),
        View::EndsSoon(days) => (
            C::Healthy,
            L::None,
            S::Nobody,
            None,
            fill(
                "finding.ends_soon",
                &[
                    ("target", target),
                    ("whose", &whose),
                    ("days", &count("finding.days", days)),
                ],
            ),
            None,
        ),
        View::Slow => (
            C::Slow,
            L::Path,
            S::Between,
            Some(T::Network),
            say("finding.slow"),
            Some("finding.slow_reply"),
        ),
        View::NameMissing => (
            C::NameMissing,
            L::Dns,
            S::Target,
            Some(T::Network),
            say("finding.name_missing"),
            Some("finding.name_missing_reply"),
        ),
        View::NameEmpty => (
            C::NameEmpty,
            L::Dns,
            S::Target,
            Some(T::Network),
            say("finding.name_empty"),
            Some("finding.name_empty_reply"),
        ),
        View::ResolverFails | View::ResolverSilent | View::ResolverRefuses => {
            let how = match view {
                View::ResolverSilent => "finding.resolver_silent",
                View::ResolverRefuses => "finding.resolver_refuses",
                _ => "finding.resolver_fails",
            };
            (
                C::Resolver,
                L::Dns,
                S::Between,
                Some(T::Network),
                say(how),
                Some("finding.resolver_reply"),
            )
        }
        View::Dnssec => (
            C::Dnssec,
            L::Dns,
            S::Target,
            Some(T::Network),
            say("finding.dnssec"),
            Some("finding.dnssec_reply"),
        ),
        View::Unresolved => (
            C::HostResolver,
            L::Dns,
            S::Requester,
            Some(T::Network),
            say("finding.unresolved"),
            Some("finding.unresolved_reply"),
        ),
        View::Refused => (
            C::Refused,
            L::Tcp,
            S::Target,
            Some(T::Servers),
            say("finding.refused"),
            Some("finding.refused_reply"),
        ),
        View::PortSilent => (
            C::PortSilent,
            L::Firewall,
            S::Between,
            Some(T::Network),
            say("finding.port_silent"),
            Some("finding.port_silent_reply"),
        ),
        View::HostSilent => (
            C::HostSilent,
            L::Path,
            S::Target,
            Some(T::Network),
            say("finding.host_silent"),
            Some("finding.host_silent_reply"),
        ),
        View::NoRoute => (
            C::NoRoute,
            L::Route,
            S::Between,
            Some(T::Network),
            say("finding.no_route"),
            Some("finding.no_route_reply"),
        ),
        View::Lossy => (
            C::Lossy,
            L::Path,
            S::Between,
            Some(T::Network),
            say("finding.lossy"),
            Some("finding.lossy_reply"),
        ),
        View::Expired => (
            C::CertificateDates,
            L::Tls,
            S::Target,
            Some(T::Servers),
            say("finding.expired"),
            Some("finding.expired_reply"),
        ),
        View::WrongName => (
            C::CertificateName,
            L::Tls,
            S::Target,
            Some(T::Servers),
            say("finding.wrong_name"),
            Some("finding.wrong_name_reply"),
        ),
        View::Untrusted => (
            C::CertificateTrust,
            L::Tls,
            S::Target,
            Some(T::Servers),
            say("finding.untrusted"),
            Some("finding.untrusted_reply"),
        ),
        View::NoTls => (
            C::Tls,
            L::Tls,
            S::Target,
            Some(T::Servers),
            say("finding.no_tls"),
            Some("finding.no_tls_reply"),
        ),
        View::Gateway(status) => (
            C::Gateway,
            L::Service,
            S::Target,
            Some(T::Servers),
            says("finding.gateway", status),
            Some("finding.gateway_reply"),
        ),
        View::ServerError(status) => (
            C::ServerError,
            L::Http,
            S::Target,
            Some(T::Servers),
            says("finding.server_error", status),
            Some("finding.server_error_reply"),
        ),
        View::PageMissing(status) => (
            C::PageMissing,
            L::Http,
            S::Target,
            Some(T::Servers),
            says("finding.page_missing", status),
            Some("finding.page_missing_reply"),
        ),
        View::TooMany => (
            C::RequestRefused,
            L::Http,
            S::Target,
            Some(T::Servers),
            says("finding.too_many", 429),
            Some("finding.too_many_reply"),
        ),
        View::BadRequest(status) => (
            C::RequestRefused,
            L::Http,
            S::Target,
            Some(T::Servers),
            says("finding.bad_request", status),
            Some("finding.bad_request_reply"),
        ),
        View::HttpSilent => (
            C::HttpSilent,
            L::Http,
            S::Target,
            Some(T::Servers),
            say("finding.http_silent"),
            Some("finding.http_silent_reply"),
        ),
        View::Unclear | View::Blind(_) => (
            C::Unclear,
            L::Unknown,
            S::Unknown,
            Some(T::Network),
            say("finding.unclear"),
            Some("finding.unclear_reply"),
        ),
    };
    let reply = match reply {
        None => say("finding.works_reply"),
        Some(what) => {
            let handed = t(match team {
                Some(T::Servers) => "finding.handed_servers",
                _ => "finding.handed_network",
            });
            format!("{} {handed}", say(what))
        }
    };
    Finding {
        cause,
        layer,
        side,
        sentence,
        reply,
        team,
    }
}
