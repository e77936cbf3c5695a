//! Logs: JSON for machines, text for people, always on standard error.

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::log::{Format, Given};

/// Starts the logs of this process.
pub(crate) fn start(log: &Given) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().parse(&log.log).with_context(|| {
        format!(
            "TIERDESK_LOG: `{}` is no filter; `info` is a good one",
            log.log
        )
    })?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match log.log_format {
        Format::Json => registry
            .with(lines.json().flatten_event(true).with_span_list(false))
            .try_init(),
        Format::Text => registry.with(lines.with_target(false).compact()).try_init(),
    }
    .context("the logs were started twice")
}
