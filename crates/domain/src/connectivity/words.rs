//! What a finding's cause, layer and side are called on pages.

use super::{Cause, Layer, Side};
use crate::text::t;

impl Cause {
    /// Its name for people.
    pub fn words(self) -> &'static str {
        t(match self {
            Self::Healthy => "finding.cause_healthy",
            Self::Slow => "finding.cause_slow",
            Self::NameMissing => "finding.cause_name_missing",
            Self::NameEmpty => "finding.cause_name_empty",
            Self::Resolver => "finding.cause_resolver",
            Self::Dnssec => "finding.cause_dnssec",
            Self::HostResolver => "finding.cause_host_resolver",
            Self::Refused => "finding.cause_refused",
            Self::PortSilent => "finding.cause_port_silent",
            Self::HostSilent => "finding.cause_host_silent",
            Self::NoRoute => "finding.cause_no_route",
            Self::Lossy => "finding.cause_lossy",
            Self::CertificateDates => "finding.cause_certificate_dates",
            Self::CertificateName => "finding.cause_certificate_name",
            Self::CertificateTrust => "finding.cause_certificate_trust",
            Self::Tls => "finding.cause_tls",
            Self::Gateway => "finding.cause_gateway",
            Self::ServerError => "finding.cause_server_error",
            Self::PageMissing => "finding.cause_page_missing",
            Self::RequestRefused => "finding.cause_request_refused",
            Self::HttpSilent => "finding.cause_http_silent",
            Self::HostOffline => "finding.cause_host_offline",
            Self::NoVantage => "finding.cause_no_vantage",
            Self::Unclear => "finding.cause_unclear",
        })
    }
}

impl Layer {
    /// Its name for people.
    pub fn words(self) -> &'static str {
        t(match self {
            Self::Link => "finding.layer_link",
            Self::Route => "finding.layer_route",
            Self::Dns => "finding.layer_dns",
            Self::Firewall => "finding.layer_firewall",
            Self::Path => "finding.layer_path",
            Self::Tcp => "finding.layer_tcp",
            Self::Tls => "finding.layer_tls",
            Self::Http => "finding.layer_http",
            Self::Service => "finding.layer_service",
            Self::None => "finding.layer_none",
            Self::Unknown => "finding.layer_unknown",
        })
    }
}

impl Side {
    /// Its name for people.
    pub fn words(self) -> &'static str {
        t(match self {
            Self::Nobody => "finding.side_nobody",
            Self::Target => "finding.side_target",
            Self::Requester => "finding.side_requester",
            Self::Between => "finding.side_between",
            Self::Unknown => "finding.side_unknown",
        })
    }
}
