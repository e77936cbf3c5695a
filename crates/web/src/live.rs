//! What happens to tickets, as it happens: one listener per process, handed on to every open page.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tierdesk_domain::id::TicketId;
use tierdesk_store::{PgListener, Pool};
use tokio::sync::broadcast;

/// How many changes a slow page may lag behind before it is told to look again.
const BACKLOG: usize = 256;

/// The process's ear on the database. Cheap to clone; listens from the first subscriber on.
#[derive(Debug, Clone)]
pub struct Live {
    pool: Pool,
    hub: Arc<OnceLock<broadcast::Sender<TicketId>>>,
}

impl Live {
    /// Listens on this pool's database once somebody subscribes.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            hub: Arc::default(),
        }
    }

    /// The tickets that change from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<TicketId> {
        self.hub
            .get_or_init(|| {
                let (sender, _) = broadcast::channel(BACKLOG);
                tokio::spawn(listen(self.pool.clone(), sender.clone()));
                sender
            })
            .subscribe()
    }
}

/// Hands on what the database says; after a lost connection it tries again, a little later each time.
async fn listen(pool: Pool, hub: broadcast::Sender<TicketId>) {
    let mut wait = Duration::from_millis(200);
    loop {
        match hear(&pool, &hub).await {
            Ok(()) => wait = Duration::from_millis(200),
            Err(error) => {
                tracing::warn!(%error, "live updates pause: the database does not answer");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(30));
            }
        }
    }
}

async fn hear(
    pool: &Pool,
    hub: &broadcast::Sender<TicketId>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen("ticket").await?;
    loop {
        let notice = listener.recv().await?;
        match notice.payload().parse() {
            // Nobody listening is no error: pages come and go.
            Ok(id) => drop(hub.send(TicketId(id))),
            Err(_) => tracing::warn!("a notice without a ticket's id"),
        }
    }
}
