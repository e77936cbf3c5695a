//! How the program is told to stop: SIGTERM, SIGINT (Ctrl-C) or SIGHUP (the terminal is gone).

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first signal. A second one ends the program at once.
pub(crate) fn on_signal() -> anyhow::Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut signals = Vec::new();
    for kind in [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ] {
        signals.push(signal(kind).context("cannot listen for signals")?);
    }
    let cancel = token.clone();
    tokio::spawn(async move {
        any(&mut signals).await;
        tracing::info!("stopping");
        cancel.cancel();
        any(&mut signals).await;
        tracing::warn!("stopping at once");
        std::process::exit(130);
    });
    Ok(token)
}

async fn any(signals: &mut [tokio::signal::unix::Signal]) {
    std::future::poll_fn(|context| {
        for signal in signals.iter_mut() {
            if signal.poll_recv(context).is_ready() {
                return std::task::Poll::Ready(());
            }
        }
        std::task::Poll::Pending
    })
    .await;
}
