//! What every handler can reach, and the settings that shape what it answers.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use chrono_tz::Tz;
use metrics_exporter_prometheus::PrometheusHandle;

use tierdesk_desk::Desk;
use tierdesk_domain::outbox::Way;
use tierdesk_domain::secret::Secret;

use crate::live::Live;
use crate::network::Network;
use crate::wake::Wake;

/// The web's settings; the server program reads them from the environment.
#[derive(Clone)]
pub struct Settings {
    /// The address people type, without a slash at the end: `https://desk.example.com`. Other host names are refused.
    pub base_url: String,
    /// The company's name, shown beside the product's.
    pub company: String,
    /// How to reach the service desk without this program, for instance `ext. 4400, Mon–Fri 08:00–18:00`.
    pub contact: Option<String>,
    /// The zone for readers who have chosen none.
    pub zone: Tz,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// A bearer token that may read `/metrics`; without it only this machine may.
    pub metrics_token: Option<Secret>,
}

impl Settings {
    /// Whether people reach the desk by https: decides the cookie's name and HSTS.
    #[must_use]
    pub fn https(&self) -> bool {
        self.base_url.starts_with("https://")
    }

    /// Host and port as browsers send them in `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        let rest = self
            .base_url
            .split_once("://")
            .map_or(self.base_url.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or(rest)
    }

    /// The session cookie's name. Over plain http (loopback only) a browser would refuse the `__Host-` prefix.
    #[must_use]
    pub fn cookie(&self) -> &'static str {
        if self.https() {
            "__Host-session"
        } else {
            "session"
        }
    }
}

/// Where the time comes from. Tests hand in their own.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Everything a handler can reach; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// What can be done.
    pub desk: Desk,
    /// The settings.
    pub settings: Arc<Settings>,
    /// The clock of this process.
    pub clock: Clock,
    /// The recorder behind `/metrics`, where one is installed.
    pub metrics: Option<PrometheusHandle>,
    /// What happens to tickets, as it happens.
    pub live: Live,
    /// What hosts and jobs wait for.
    pub wake: Wake,
}

impl AppState {
    /// The web over a desk.
    #[must_use]
    pub fn new(
        desk: Desk,
        settings: Settings,
        clock: Clock,
        metrics: Option<PrometheusHandle>,
    ) -> Self {
        Self {
            live: Live::new(desk.pool.clone()),
            wake: Wake::new(desk.pool.clone()),
            desk,
            settings: Arc::new(settings),
            clock,
            metrics,
        }
    }

    /// Whether everybody may read mail that is not sent. For the demo and developers only: such mail holds links that set
    /// passwords.
    pub(crate) fn mailbox(&self) -> bool {
        self.desk.settings.mail == Way::Mailbox
    }

    /// The time at this moment, read once per request by the guard; as fine as the database keeps it, so that what was written
    /// at a moment is no earlier than that moment when it is read again.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)().trunc_subsecs(6)
    }
}
