//! Under which address people find the pages, and where the server listens.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use axum::http::Uri;
use chrono_tz::Tz;
use clap::Args;
use tierdesk_domain::secret::Secret;
use tierdesk_web::Network;

use super::Problems;

#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(next_help_heading = "Pages")]
pub(crate) struct Given {
    /// The address that people type, such as `https://desk.example.org`; links in mail start with it
    #[arg(long, env = "TIERDESK_BASE_URL", value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Where to listen. The server speaks plain HTTP: put a reverse proxy with TLS in front
    #[arg(
        long,
        env = "TIERDESK_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    pub(crate) listen: String,
    /// Networks of your reverse proxies, such as `10.0.0.0/8,::1/128`; only they are believed when
    /// they say whom a request came from
    #[arg(long, env = "TIERDESK_TRUSTED_PROXIES", value_name = "NETWORKS")]
    pub(crate) trusted_proxies: Option<String>,
    /// Name of the desk in pages and mail
    #[arg(
        long,
        env = "TIERDESK_NAME",
        default_value = "Tierdesk",
        value_name = "NAME"
    )]
    pub(crate) name: String,
    /// How people reach the service desk without this program, such as `ext. 4400, Mon–Fri 08:00–18:00`
    #[arg(long, env = "TIERDESK_CONTACT", value_name = "TEXT")]
    pub(crate) contact: Option<String>,
    /// Time zone of readers who have chosen none, such as `Europe/Lisbon`
    #[arg(
        long,
        env = "TIERDESK_TIME_ZONE",
        default_value = "UTC",
        value_name = "ZONE"
    )]
    pub(crate) time_zone: String,
    /// File with the bearer token that may read /metrics from elsewhere; this machine always may
    #[arg(long, env = "TIERDESK_METRICS_TOKEN_FILE", value_name = "FILE")]
    pub(crate) metrics_token_file: Option<PathBuf>,
}

/// Usable addresses.
pub(crate) struct Web {
    /// Scheme, host and port, without a slash at the end.
    pub(crate) base_url: String,
    pub(crate) listen: SocketAddr,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) name: String,
    pub(crate) contact: Option<String>,
    pub(crate) zone: Tz,
    pub(crate) metrics_token: Option<Secret>,
}

impl std::fmt::Debug for Web {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} on {}", self.base_url, self.listen)
    }
}

impl Given {
    pub(crate) fn check(&self, problems: &mut Problems) -> Option<Web> {
        let base_url = self.base_url(problems);
        let listen = match self.listen.parse::<SocketAddr>() {
            Ok(address) => Some(address),
            Err(_) => problems.note(
                "TIERDESK_LISTEN",
                format!("`{}` is no address", self.listen),
                "write an address and a port, such as 127.0.0.1:8080 or [::1]:8080",
            ),
        };
        let trusted_proxies = self.proxies(problems);
        let zone = match self.time_zone.parse::<Tz>() {
            Ok(zone) => Some(zone),
            Err(_) => problems.note(
                "TIERDESK_TIME_ZONE",
                format!("there is no time zone `{}`", self.time_zone),
                "write its IANA name, such as Europe/Lisbon",
            ),
        };
        let metrics_token = self.metrics_token(problems);
        let (base_url, listen) = (base_url?, listen?);
        let (trusted_proxies, zone, metrics_token) = (trusted_proxies?, zone?, metrics_token?);
        if !listen.ip().is_loopback() {
            let elsewhere = "TIERDESK_LISTEN";
            if base_url.starts_with("http://") {
                return problems.note(
                    elsewhere,
                    format!(
                        "{listen} is reachable from elsewhere, and TIERDESK_BASE_URL is plain http"
                    ),
                    "listen on 127.0.0.1, or use https through a reverse proxy",
                );
            }
            if trusted_proxies.is_empty() {
                return problems.note(
                    elsewhere,
                    format!(
                        "{listen} is reachable from elsewhere, and no reverse proxy is trusted"
                    ),
                    "listen on 127.0.0.1, or name the proxy's network in TIERDESK_TRUSTED_PROXIES",
                );
            }
        }
        Some(Web {
            base_url,
            listen,
            trusted_proxies,
            name: self.name.clone(),
            contact: self.contact.clone().filter(|it| !it.trim().is_empty()),
            zone,
            metrics_token,
        })
    }

    #[expect(
        clippy::option_option,
        reason = "a missing token and an unreadable one differ"
    )]
    fn metrics_token(&self, problems: &mut Problems) -> Option<Option<Secret>> {
        const SETTING: &str = "TIERDESK_METRICS_TOKEN_FILE";
        let Some(file) = &self.metrics_token_file else {
            return Some(None);
        };
        match std::fs::read_to_string(file) {
            Ok(token) if token.trim().len() >= 16 => {
                Some(Some(Secret::new(token.trim().to_owned())))
            }
            Ok(_) => problems.note(
                SETTING,
                format!(
                    "the token in {} has fewer than 16 characters",
                    file.display()
                ),
                "make one: openssl rand -hex 32",
            ),
            Err(error) => problems.note(
                SETTING,
                format!("{} cannot be read: {error}", file.display()),
                "let the user of this program own it, or leave the setting out",
            ),
        }
    }

    fn base_url(&self, problems: &mut Problems) -> Option<String> {
        const SETTING: &str = "TIERDESK_BASE_URL";
        const EXAMPLE: &str =
            "set it to the address that people type, such as https://desk.example.org";
        let Some(given) = self.base_url.as_deref().filter(|it| !it.is_empty()) else {
            return problems.note(SETTING, "is not set", EXAMPLE);
        };
        let uri = given.trim_end_matches('/').parse::<Uri>().ok();
        let parts = uri
            .as_ref()
            .and_then(|uri| Some((uri.scheme_str()?, uri.authority()?, uri)));
        let Some((scheme @ ("http" | "https"), authority, uri)) = parts else {
            return problems.note(SETTING, format!("`{given}` is no web address"), EXAMPLE);
        };
        if !matches!(uri.path(), "" | "/")
            || uri.query().is_some()
            || authority.as_str().contains('@')
        {
            return problems.note(
                SETTING,
                format!("`{given}` has more than scheme, host and port"),
                "Tierdesk needs a host name of its own, such as https://desk.example.org",
            );
        }
        if scheme == "http" && !is_loopback(authority.host()) {
            return problems.note(
                SETTING,
                "is plain http, so that passwords and sessions could be read on the way",
                "use https through a reverse proxy; plain http works on localhost only",
            );
        }
        Some(format!(
            "{scheme}://{}",
            authority.as_str().to_ascii_lowercase()
        ))
    }

    fn proxies(&self, problems: &mut Problems) -> Option<Vec<Network>> {
        let mut networks = Vec::new();
        for text in self.trusted_proxies.iter().flat_map(|it| it.split(',')) {
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            match text.parse() {
                Ok(network) => networks.push(network),
                Err(_) => {
                    return problems.note(
                        "TIERDESK_TRUSTED_PROXIES",
                        format!("`{text}` is no network"),
                        "write networks like 10.1.2.0/24 or fd00::/8, with commas between them",
                    );
                }
            }
        }
        Some(networks)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || bare.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(base_url: &str, listen: &str, proxies: &str) -> Given {
        Given {
            base_url: Some(base_url.to_owned()),
            listen: listen.to_owned(),
            trusted_proxies: Some(proxies.to_owned()),
            name: "Tierdesk".to_owned(),
            contact: None,
            time_zone: "Europe/Lisbon".to_owned(),
            metrics_token_file: None,
        }
    }

    fn problems(given: &Given) -> String {
        let mut problems = Problems::default();
        assert!(given.check(&mut problems).is_none(), "{given:?}");
        problems.to_string()
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for host in [
            "localhost:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "desk.localhost",
        ] {
            let given = given(&format!("http://{host}"), "127.0.0.1:8080", "");
            assert!(given.check(&mut Problems::default()).is_some(), "{host}");
        }
        let told = problems(&given("http://desk.example.org", "127.0.0.1:8080", ""));
        assert!(told.contains("https"), "{told}");
        let told = problems(&given("http://localhost", "0.0.0.0:8080", ""));
        assert!(told.contains("reachable from elsewhere"), "{told}");
    }

    #[test]
    fn a_server_that_others_reach_wants_a_proxy_that_it_trusts() {
        let told = problems(&given("https://desk.example.org", "0.0.0.0:8080", ""));
        assert!(told.contains("TIERDESK_TRUSTED_PROXIES"), "{told}");
        let web = given(
            "https://Desk.example.org/",
            "0.0.0.0:8080",
            "10.0.0.0/8, ::1",
        )
        .check(&mut Problems::default())
        .expect("usable");
        assert_eq!(web.base_url, "https://desk.example.org");
        assert_eq!(web.trusted_proxies[1].to_string(), "::1/128");
    }

    #[test]
    fn a_base_address_is_a_host_and_nothing_more() {
        for wrong in [
            "desk.example.org",
            "ftp://desk",
            "https://desk/helpdesk",
            "https://u@desk",
            "https://",
        ] {
            problems(&given(wrong, "127.0.0.1:8080", ""));
        }
    }

    #[test]
    fn networks_are_checked() {
        for wrong in ["10.0.0.0/33", "::/129", "proxy.example.org", "10.0.0.0/x"] {
            let told = problems(&given("https://desk.example.org", "127.0.0.1:8080", wrong));
            assert!(told.contains("no network"), "{told}");
        }
    }
}
