//! Logs: JSON for machines, text for people, always on standard error.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::log::{Format, Given};

/// Starts the logs of this process. The demo speaks to a person: text, and only what needs a look, unless asked otherwise.
pub(crate) fn start(log: &Given, demo: bool) -> anyhow::Result<()> {
    let (usual_filter, usual_format) = if demo {
        ("warn", Format::Text)
    } else {
        ("info", Format::Json)
    };
    let filter = log.log.as_deref().unwrap_or(usual_filter);
    let filter = EnvFilter::builder()
        .parse(filter)
        .with_context(|| format!("TIERDESK_LOG: `{filter}` is no filter; `info` is a good one"))?;
    // This layer writes whole addresses, and those of links from mails hold secrets. Our own line names the route.
    let filter = filter.add_directive("tower_http::csrf=off".parse()?);
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match log.log_format.unwrap_or(usual_format) {
        Format::Json => registry
            .with(lines.json().flatten_event(true).with_span_list(false))
            .try_init(),
        Format::Text => registry.with(lines.with_target(false).compact()).try_init(),
    }
    .context("the logs were started twice")
}
