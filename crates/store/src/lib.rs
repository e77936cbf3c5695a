//! PostgreSQL: every query of the product, and its migrations.
//!
//! A function is one statement, or the few that make no sense apart. Reads of people's tickets take the
//! [`Scope`](tierdesk_domain::authorize::Scope) that only `authorize` makes. Decisions are made elsewhere.
#![warn(missing_docs)]

pub mod attachment;
pub mod audit;
pub mod backlog;
pub mod bot;
pub mod category;
pub mod clock;
pub mod configuration;
pub mod draft;
pub mod enrolment;
pub mod escalation;
pub mod filter;
pub mod flow;
pub mod handover;
pub mod host;
pub mod in_charge;
pub mod instance;
pub mod job;
pub mod letter;
pub mod link;
pub mod mailbox;
pub mod notification;
pub mod on_call;
pub mod outbox;
pub mod outcome;
pub mod people;
pub mod person;
pub mod pool;
pub mod presence;
pub mod queue;
pub mod rate_limit;
pub mod report;
pub mod requester;
pub mod routing;
pub mod search;
pub mod session;
pub mod shift;
pub mod signer;
pub mod skill;
pub mod surroundings;
pub mod tally;
pub mod team;
pub mod ticket;
pub mod ticket_clock;
pub mod ticket_list;
pub mod timeline;
pub mod timer;
pub mod token;

mod row;

pub use pool::{
    Pool, PooledConnection, acquire, begin, begin_part, begin_snapshot, commit, connect, keep_part,
    migrate, notify, undo_part,
};
pub use sqlx::postgres::PgListener;
pub use sqlx::{PgConnection, Postgres, Transaction};

/// The migrations, embedded.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// What can go wrong in the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique constraint or a foreign key said no; the constraint's name tells which.
    #[error("constraint `{0}` refused the row")]
    Constraint(String),
    /// A row holds something that this version cannot read.
    #[error("a row of `{table}` cannot be read")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database cannot be reached, or has no free connection.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// Others hold what the statement needs, or it took longer than it may; nothing was changed.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// What was sent holds characters or times that the database has no place for; whoever sent it can mend it.
    #[error("the database cannot hold what was sent")]
    Unwritable(#[source] sqlx::Error),
    /// The schema is not the one that this program works with.
    #[error("{0}")]
    Schema(&'static str),
    /// The schema could not be brought up to date.
    #[error("a migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Anything else.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the named constraint refused the row.
    pub fn is_constraint(&self, name: &str) -> bool {
        matches!(self, Self::Constraint(found) if found == name)
    }

    pub(crate) fn corrupt(
        table: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Corrupt {
            table,
            source: source.into(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(e)
                if e.is_unique_violation()
                    || e.is_foreign_key_violation()
                    || e.is_check_violation() =>
            {
                Self::Constraint(e.constraint().unwrap_or("?").to_owned())
            }
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Self::Unavailable(error)
            }
            // 57P0x: the server is shutting down or starting.
            sqlx::Error::Database(e) if e.code().is_some_and(|code| code.starts_with("57P")) => {
                Self::Unavailable(error)
            }
            // A deadlock, a lock that did not come in time, and a statement that was ended in the middle.
            sqlx::Error::Database(e)
                if matches!(e.code().as_deref(), Some("40P01" | "55P03" | "57014")) =>
            {
                Self::Busy(error)
            }
            sqlx::Error::Encode(_) => Self::Unwritable(error),
            sqlx::Error::Database(e) if e.code().is_some_and(|code| is_about_input(&code)) => {
                Self::Unwritable(error)
            }
            _ => Self::Database(error),
        }
    }
}

/// Whether a code of PostgreSQL says that a value cannot be what it was sent as: a character, as text or within JSON, or a
/// time. The other data exceptions, such as a division by zero, are made by our own statements and stay our mistake.
fn is_about_input(code: &str) -> bool {
    matches!(code, "22021" | "22P05" | "22007" | "22008")
}

/// What every query answers with.
pub type Result<T> = std::result::Result<T, StoreError>;
