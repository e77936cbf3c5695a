//! What the vantages mean together: cause, layer, whose side it is on, who should look, and what to tell the requester.

use serde::{Deserialize, Serialize};

use super::View;
use crate::names::named;
use crate::target::Target;

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
            sentence: format!(
                "{target} works from the server; the requester's machine could not be asked, so it may be off or without a network."
            ),
            reply: format!(
                "{target} works from here, but your computer does not answer us. A colleague will look at your computer's own connection."
            ),
            team: Some(Team::Network),
        },
        (Some(view), None) | (None, Some(view)) => alone(
            target,
            view,
            if server.is_some() {
                "the server"
            } else {
                "the requester's machine"
            },
        ),
        (Some(server), Some(host)) if host.works() => {
            let mut finding = alone(target, host, "the requester's machine");
            if !server.works() {
                finding.sentence.push_str(
                    " The server itself does not reach it, which does not concern the requester.",
                );
            }
            finding
        }
        (Some(server), Some(host)) if server.works() => requester_side(target, host),
        (Some(server), Some(host)) => {
            let mut finding = alone(target, server, "the server");
            if server == host {
                finding.sentence = format!(
                    "{} The requester's machine sees the same.",
                    finding.sentence
                );
            } else {
                let other = alone(target, host, "the requester's machine");
                finding.sentence = format!("{} {}", finding.sentence, other.sentence);
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
        sentence: format!("No machine could be asked to probe {target}."),
        reply: "I could not test this by myself. A colleague will look at it.".to_owned(),
        team: None,
    }
}

/// The target works elsewhere: the same view then means something on the requester's side.
fn requester_side(target: &Target, view: View) -> Finding {
    let mut finding = alone(target, view, "the requester's machine");
    finding.sentence.push_str(" From the server it works.");
    let (layer, cause, what) = match view {
        View::NameMissing
        | View::NameEmpty
        | View::ResolverFails
        | View::ResolverRefuses
        | View::ResolverSilent
        | View::Unresolved
        | View::Dnssec => (
            Layer::Dns,
            Cause::HostResolver,
            "your computer does not find its address",
        ),
        View::Refused | View::PortSilent => (
            Layer::Firewall,
            finding.cause,
            "something between your computer and it blocks the way",
        ),
        View::HostSilent | View::NoRoute => (
            Layer::Route,
            finding.cause,
            "your computer finds no way to it",
        ),
        View::Lossy => (
            Layer::Path,
            Cause::Lossy,
            "your computer's connection loses data",
        ),
        View::Expired => (
            Layer::Tls,
            Cause::CertificateDates,
            "your computer judges its certificate differently; perhaps its clock is wrong",
        ),
        View::WrongName | View::Untrusted | View::NoTls => (
            Layer::Tls,
            finding.cause,
            "something between your computer and it answers in its place",
        ),
        _ => (
            finding.layer,
            finding.cause,
            "your computer gets another answer than we do",
        ),
    };
    finding.layer = layer;
    finding.cause = cause;
    finding.side = Side::Requester;
    finding.team = Some(Team::Network);
    finding.reply = format!(
        "{target} works from here, but {what}. A colleague from the network team will look at it; you need not do anything."
    );
    finding
}

/// What one view means by itself.
fn alone(target: &Target, view: View, whose: &str) -> Finding {
    use Cause as C;
    use Layer as L;
    use Side as S;
    use Team as T;
    let host = &target.host;
    let port = target.port;
    let code = |status: u16| format!("{target} answers {whose} with {status}.");
    let (cause, layer, side, team, sentence, reply) = match view {
        View::Healthy => (
            C::Healthy,
            L::None,
            S::Nobody,
            None,
            format!("{target} works from {whose}."),
            None,
        ),
        View::HealthyNoPing => (
            C::Healthy,
            L::None,
            S::Nobody,
            None,
            format!("{target} works from {whose}; only ping gets no answer, which is usual."),
            None,
        ),
        View::EndsSoon(days) => (
            C::Healthy,
            L::None,
            S::Nobody,
            None,
            format!("{target} works from {whose}; its certificate ends in {days} days."),
            None,
        ),
        View::Slow => (
            C::Slow,
            L::Path,
            S::Between,
            Some(T::Network),
            format!("{target} works from {whose}, but slowly."),
            Some("answers, but slowly"),
        ),
        View::NameMissing => (
            C::NameMissing,
            L::Dns,
            S::Target,
            Some(T::Network),
            format!("The name {host} does not exist for {whose}."),
            Some("cannot be found under that name"),
        ),
        View::NameEmpty => (
            C::NameEmpty,
            L::Dns,
            S::Target,
            Some(T::Network),
            format!("The name {host} exists, but has no address."),
            Some("has no address at the moment"),
        ),
        View::ResolverFails | View::ResolverSilent | View::ResolverRefuses => {
            let how = match view {
                View::ResolverSilent => "does not answer",
                View::ResolverRefuses => "refuses to answer",
                _ => "fails (SERVFAIL)",
            };
            (
                C::Resolver,
                L::Dns,
                S::Between,
                Some(T::Network),
                format!("The name server {how} when {whose} asks for {host}."),
                Some("cannot be found, because looking up names fails"),
            )
        }
        View::Dnssec => (
            C::Dnssec,
            L::Dns,
            S::Target,
            Some(T::Network),
            format!("The signatures of {host} do not hold (DNSSEC)."),
            Some("cannot be found, because its name is not signed correctly"),
        ),
        View::Unresolved => (
            C::HostResolver,
            L::Dns,
            S::Requester,
            Some(T::Network),
            format!(
                "DNS knows {host}, but programs on {whose} do not get its address: resolv.conf, nsswitch or hosts file."
            ),
            Some("is known, but cannot be looked up from there"),
        ),
        View::Refused => (
            C::Refused,
            L::Tcp,
            S::Target,
            Some(T::Servers),
            format!("{host} is up, but nothing listens on port {port}."),
            Some("is switched on, but the service on it does not run"),
        ),
        View::PortSilent => (
            C::PortSilent,
            L::Firewall,
            S::Between,
            Some(T::Network),
            format!("{host} answers ping, port {port} is silent: a firewall drops it."),
            Some("is there, but something blocks the way to it"),
        ),
        View::HostSilent => (
            C::HostSilent,
            L::Path,
            S::Target,
            Some(T::Network),
            format!(
                "Neither port {port} nor ping of {host} answers {whose}: down, or dropped on the way."
            ),
            Some("does not answer at all"),
        ),
        View::NoRoute => (
            C::NoRoute,
            L::Route,
            S::Between,
            Some(T::Network),
            format!("There is no route from {whose} to {host}."),
            Some("cannot be reached, because the way there is missing"),
        ),
        View::Lossy => (
            C::Lossy,
            L::Path,
            S::Between,
            Some(T::Network),
            format!("{host} answers {whose} only part of the time: packets are lost."),
            Some("answers only some of the time"),
        ),
        View::Expired => (
            C::CertificateDates,
            L::Tls,
            S::Target,
            Some(T::Servers),
            format!("The certificate of {host} has expired."),
            Some("has a certificate that has run out"),
        ),
        View::WrongName => (
            C::CertificateName,
            L::Tls,
            S::Target,
            Some(T::Servers),
            format!("The certificate shown is not for {host}."),
            Some("shows a certificate of another name"),
        ),
        View::Untrusted => (
            C::CertificateTrust,
            L::Tls,
            S::Target,
            Some(T::Servers),
            format!("The certificate of {host} is not trusted by {whose}."),
            Some("shows a certificate that is not trusted"),
        ),
        View::NoTls => (
            C::Tls,
            L::Tls,
            S::Target,
            Some(T::Servers),
            format!("Port {port} of {host} is open, but TLS fails."),
            Some("answers, but no safe connection comes about"),
        ),
        View::Gateway(status) => (
            C::Gateway,
            L::Service,
            S::Target,
            Some(T::Servers),
            format!(
                "{} The service behind the gateway does not answer.",
                code(status)
            ),
            Some("is there, but the service behind it does not answer"),
        ),
        View::ServerError(status) => (
            C::ServerError,
            L::Http,
            S::Target,
            Some(T::Servers),
            code(status),
            Some("answers with an error of its own"),
        ),
        View::PageMissing(status) => (
            C::PageMissing,
            L::Http,
            S::Target,
            Some(T::Servers),
            format!("{} The page does not exist.", code(status)),
            Some("works, but that page does not exist"),
        ),
        View::TooMany => (
            C::RequestRefused,
            L::Http,
            S::Target,
            Some(T::Servers),
            code(429),
            Some("is there, but refuses because of too many requests"),
        ),
        View::BadRequest(status) => (
            C::RequestRefused,
            L::Http,
            S::Target,
            Some(T::Servers),
            code(status),
            Some("is there, but refuses the request"),
        ),
        View::HttpSilent => (
            C::HttpSilent,
            L::Http,
            S::Target,
            Some(T::Servers),
            format!("Port {port} of {host} is open, but the web server says nothing."),
            Some("is there, but does not answer"),
        ),
        View::Unclear | View::Blind(_) => (
            C::Unclear,
            L::Unknown,
            S::Unknown,
            Some(T::Network),
            format!("The probes of {target} from {whose} contradict each other."),
            Some("gives no clear answer"),
        ),
    };
    let reply = match reply {
        None => format!(
            "I tested {target} just now, and it works. Please try again. Does it work for you?"
        ),
        Some(what) => {
            let who = match team {
                Some(T::Servers) => "the team that looks after the service",
                _ => "the network team",
            };
            format!(
                "I tested {target}: it {what}. I have handed this to {who} with what I found; you need not do anything."
            )
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
