//! `tierdesk serve`: the pages, and on request the worker beside them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tierdesk_desk::{Desk, Keys};
use tierdesk_web::AppState;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::settings::Settings;
use crate::settings::web::Web;
use crate::{http, stop, work};

/// How long requests that have begun may go on after the stop; the unit's TimeoutStopSec is longer.
const DRAIN: Duration = Duration::from_secs(10);
/// How often measured times are sorted into their buckets.
const TIDY_EVERY: Duration = Duration::from_secs(5);
/// Upper ends of the buckets of request times, in seconds: finest where pages are.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0];

/// Serves until a signal says stop.
pub(crate) async fn run(settings: &Settings, with_worker: bool) -> anyhow::Result<()> {
    let stop = stop::on_signal()?;
    let metrics = metrics()?;
    let desk = desk(settings).await?;
    let listener = TcpListener::bind(settings.web.listen)
        .await
        .with_context(|| {
            format!(
                "cannot listen on {}: choose another address with TIERDESK_LISTEN",
                settings.web.listen
            )
        })?;
    if let Some(link) = desk.setup_link(Utc::now()).await? {
        // On the console and not in the log: whoever has it becomes the administrator.
        eprintln!(
            "Nobody configures this desk yet. Open this link within 24 hours to become its administrator:\n  {link}"
        );
    }
    tracing::info!(address = %settings.web.listen, base_url = settings.web.base_url, "serving");
    let worker = match with_worker {
        true => Some(work::worker(desk.clone(), &settings.mail)?),
        false => None,
    };
    let working = async {
        if let Some(worker) = worker {
            worker.run(Arc::new(Utc::now), stop.clone()).await;
        }
    };
    let serving = pages(desk, &settings.web, listener, metrics, stop.clone(), DRAIN);
    tokio::join!(serving, working);
    tracing::info!("stopped");
    Ok(())
}

/// Serves the pages until `stop`.
pub(crate) async fn pages(
    desk: Desk,
    web: &Web,
    listener: TcpListener,
    metrics: PrometheusHandle,
    stop: CancellationToken,
    drain: Duration,
) {
    let settings = tierdesk_web::Settings {
        base_url: web.base_url.clone(),
        company: web.name.clone(),
        contact: web.contact.clone(),
        zone: web.zone,
        trusted_proxies: web.trusted_proxies.clone(),
        metrics_token: web.metrics_token.clone(),
    };
    let state = AppState::new(desk, settings, Arc::new(Utc::now), Some(metrics.clone()));
    tokio::select! {
        () = http::serve(listener, tierdesk_web::router(state), stop, drain) => {}
        () = tidy(metrics) => {}
    }
}

/// Sorts what was measured into its buckets, for ever: until then each request's time is kept, and a scraper may never come.
async fn tidy(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        metrics.run_upkeep();
    }
}

/// The recorder behind `/metrics`.
pub(crate) fn metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets(&BUCKETS)?
        .install_recorder()
        .context("the counters were started twice")
}

/// The desk over the database of the settings.
pub(crate) async fn desk(settings: &Settings) -> anyhow::Result<Desk> {
    let keys = Keys::read(settings.secret.text.reveal())
        .with_context(|| settings.secret.source.display().to_string())?;
    let pool = tierdesk_store::connect(&settings.database.url, settings.database.connections)
        .await
        .with_context(|| {
            format!(
                "cannot use the database {:?} of TIERDESK_DATABASE_URL",
                settings.database
            )
        })?;
    Ok(Desk::new(
        pool,
        keys,
        tierdesk_desk::Settings {
            base_url: settings.web.base_url.clone(),
            site_name: settings.web.name.clone(),
            mail_domain: settings.mail_domain(),
            mail: settings.mail.way(),
            attachment_dir: settings.files.attachments.clone(),
        },
    ))
}
