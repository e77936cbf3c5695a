//! Wakes what waits for hosts and jobs: long polls of agents, and pages that show output as it comes. One listener per
//! process; a wake-up that is lost costs a second, never a job.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tierdesk_desk::job::{OUTPUT, WAKE_HOST};
use tierdesk_store::{PgListener, Pool};
use tokio::sync::broadcast;
use uuid::Uuid;

/// How many wake-ups a slow listener may lag behind before it looks again anyway.
const BACKLOG: usize = 1024;

/// The process's ear for hosts and jobs. Cheap to clone; listens from the first subscriber on.
#[derive(Debug, Clone)]
pub struct Wake {
    pool: Pool,
    hub: Arc<OnceLock<broadcast::Sender<Uuid>>>,
}

/// What one listener hears: ids of hosts and of jobs; ids are unique over both.
pub(crate) struct Ear {
    receiver: broadcast::Receiver<Uuid>,
}

impl Wake {
    /// Listens on this pool's database once somebody subscribes.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            hub: Arc::default(),
        }
    }

    /// Hears from now on.
    pub(crate) fn subscribe(&self) -> Ear {
        let hub = self.hub.get_or_init(|| {
            let (sender, _) = broadcast::channel(BACKLOG);
            tokio::spawn(listen(self.pool.clone(), sender.clone()));
            sender
        });
        Ear {
            receiver: hub.subscribe(),
        }
    }
}

impl Ear {
    /// Waits until there is news about `id`, or for `at_most`.
    pub(crate) async fn wait_for(&mut self, id: Uuid, at_most: Duration) {
        let news = async {
            loop {
                match self.receiver.recv().await {
                    Ok(heard) if heard == id => return,
                    Ok(_) => {}
                    // What was missed may have been ours.
                    Err(broadcast::error::RecvError::Lagged(_)) => return,
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // Running out of time is as good as news: the caller looks again.
        let _ = tokio::time::timeout(at_most, news).await;
    }
}

/// Hands on what the database says; after a lost connection it tries again, a little later each time.
async fn listen(pool: Pool, hub: broadcast::Sender<Uuid>) {
    let mut wait = Duration::from_millis(200);
    loop {
        let Err(error) = hear(&pool, &hub, &mut wait).await;
        if pool.is_closed() {
            // The program ends.
            return;
        }
        tracing::warn!(%error, "hosts are not woken: the database does not answer");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(30));
    }
}

async fn hear(
    pool: &Pool,
    hub: &broadcast::Sender<Uuid>,
    wait: &mut Duration,
) -> Result<std::convert::Infallible, Box<dyn std::error::Error + Send + Sync>> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all([WAKE_HOST, OUTPUT]).await?;
    *wait = Duration::from_millis(200);
    loop {
        let notice = listener.recv().await?;
        if let Ok(id) = notice.payload().parse() {
            // Nobody waiting is no error.
            drop(hub.send(id));
        }
    }
}
