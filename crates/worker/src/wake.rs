//! How a loop rests: until somebody wakes it, or until it is time to look anyway.

use std::time::Duration;

use tierdesk_desk::Desk;
use tierdesk_store::PgListener;
use tokio_util::sync::CancellationToken;

/// Hears one channel of the database. While it cannot be heard, the loop looks as often as it would without.
pub(crate) struct Wake<'a> {
    desk: &'a Desk,
    channel: &'static str,
    listener: Option<PgListener>,
}

impl<'a> Wake<'a> {
    /// Listens to a channel.
    pub(crate) async fn on(desk: &'a Desk, channel: &'static str) -> Self {
        let listener = None;
        let mut this = Self {
            desk,
            channel,
            listener,
        };
        this.listen().await;
        this
    }

    async fn listen(&mut self) {
        let connected = async {
            let mut listener = PgListener::connect_with(&self.desk.pool).await?;
            listener.listen(self.channel).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(listener)
        };
        self.listener = connected
            .await
            .inspect_err(|error| {
                tracing::warn!(%error, channel = self.channel, "nothing is heard; the loop looks now and then");
            })
            .ok();
    }

    /// Comes back when something was said on the channel, at the latest after `rest`, and when it is time to stop.
    pub(crate) async fn rest(&mut self, rest: Duration, stop: &CancellationToken) {
        let woken = async {
            match self.listener.as_mut() {
                Some(listener) => listener.recv().await.is_ok(),
                None => std::future::pending().await,
            }
        };
        let heard = tokio::select! {
            alive = woken => Some(alive),
            () = tokio::time::sleep(rest) => None,
            () = stop.cancelled() => return,
        };
        if !heard.unwrap_or(self.listener.is_some()) {
            self.listen().await;
        }
    }
}
