//! What can be done at the desk: one function is one business action is one transaction (law 1).
//!
//! Web, mail, the bot, the worker and the command line all call these; none has a way around them. Each action asks
//! `authorize`, lets the domain decide, and writes state, timeline, audit, outbox and deadlines together.
#![warn(missing_docs)]

pub mod assignment;
pub mod attachment;
pub mod audit;
pub mod backlog;
pub mod bot;
pub mod calendar;
pub mod caller;
pub mod category;
mod caught;
pub mod clock;
pub mod conversation;
pub mod dashboard;
pub mod defaults;
pub mod draft;
pub mod dry_run;
pub mod enrolment;
pub mod error;
pub mod escalation;
mod figures;
pub mod filter;
mod flow;
pub mod founding;
pub mod handover;
pub mod host;
pub mod in_charge;
pub mod interrupted;
pub mod invitation;
pub mod job;
pub mod keys;
mod measure;
pub mod notification;
pub mod on_call;
pub mod outbox;
pub mod password;
pub mod path;
pub mod people;
pub mod priority;
pub mod promise;
pub mod properties;
pub mod reckoning;
pub mod recount;
pub mod report;
pub mod routing;
pub mod rulebook;
pub mod search;
pub mod session;
mod shared;
pub mod shift;
pub mod skill;
pub mod tally;
pub mod team;
pub mod ticket;
pub mod timer;
pub mod triage;
pub mod work;

pub use caller::{Caller, Origin};
pub use caught::caught;
pub use error::DeskError;
pub use keys::Keys;
pub use work::Work;

use std::sync::{Arc, OnceLock};

use tierdesk_domain::id::TeamId;
use tierdesk_domain::outbox::Way;
use tierdesk_store::Pool;

/// What every action needs. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// Connections for actions and reads.
    pub pool: Pool,
    /// The instance's secret (decision 11).
    pub keys: Arc<Keys>,
    /// What is set for the whole instance.
    pub settings: Arc<Settings>,
    /// Keeps password hashing off the async threads, and bounded.
    pub(crate) hashing: Arc<tokio::sync::Semaphore>,
    /// What steers clocks and rules, as it was read last.
    pub(crate) rulebook: Arc<std::sync::RwLock<Option<Arc<rulebook::Rulebook>>>>,
    /// The team that gets what no category names, once it was read: founding says it, and nothing changes it.
    pub(crate) service_desk: Arc<OnceLock<TeamId>>,
    /// How many searches may run at the same time.
    pub(crate) searching: Arc<tokio::sync::Semaphore>,
    /// Sums of blocks, as they were read last.
    pub(crate) figures: Arc<figures::Kept>,
    /// What is at risk, while it is counted.
    pub(crate) at_risk: Arc<dashboard::Counting>,
}

/// What is set for the whole instance.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address people reach us at, without a final slash. Links in mail start with it, whatever a request says.
    pub base_url: String,
    /// The name of this desk.
    pub site_name: String,
    /// The domain of our Message-IDs.
    pub mail_domain: String,
    /// Where mail goes. Decides what the worker does with it, and whether pages and the bot may promise any.
    pub mail: Way,
    /// Where attachments are kept.
    pub attachment_dir: std::path::PathBuf,
}

impl Desk {
    /// A desk over a database.
    pub fn new(pool: Pool, keys: Keys, settings: Settings) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let searches = search::at_once(pool.options().get_max_connections());
        Self {
            pool,
            keys: Arc::new(keys),
            settings: Arc::new(settings),
            hashing: Arc::new(tokio::sync::Semaphore::new(cores)),
            rulebook: Arc::default(),
            service_desk: Arc::default(),
            searching: Arc::new(tokio::sync::Semaphore::new(searches)),
            figures: Arc::default(),
            at_risk: Arc::default(),
        }
    }
}
