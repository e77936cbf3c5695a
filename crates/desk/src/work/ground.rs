//! What an action stands on: a transaction, or a connection for one that is a single statement.

use tierdesk_store::{PgConnection, Pool, PooledConnection, Postgres, Transaction};

use crate::error::{DeskError, Result};

/// Where an action reads and writes.
pub(super) enum Ground {
    /// A connection on which one statement will be written, at the end.
    One(PooledConnection),
    /// A transaction; nothing happened unless it commits.
    Transaction(Transaction<'static, Postgres>),
}

impl Ground {
    /// Begins a transaction.
    pub(super) async fn begin(pool: &Pool) -> Result<Self> {
        Ok(Self::Transaction(tierdesk_store::begin(pool).await?))
    }

    /// Takes a connection for an action that is one statement.
    pub(super) async fn one(pool: &Pool) -> Result<Self> {
        Ok(Self::One(tierdesk_store::acquire(pool).await?))
    }

    /// The connection.
    pub(super) fn conn(&mut self) -> &mut PgConnection {
        match self {
            Self::One(conn) => conn,
            Self::Transaction(tx) => tx,
        }
    }

    /// The connection, for what locks, or writes before the end.
    ///
    /// # Errors
    /// [`DeskError::Broken`] in an action that is one statement: it would be done by halves.
    pub(super) fn transaction(&mut self) -> Result<&mut PgConnection> {
        match self {
            Self::One(_) => Err(DeskError::Broken(
                "an action that is one statement was to be two".to_owned(),
            )),
            Self::Transaction(tx) => Ok(tx),
        }
    }

    /// Makes what was written hold; one statement holds already.
    pub(super) async fn commit(self) -> Result<()> {
        match self {
            Self::One(_) => Ok(()),
            Self::Transaction(tx) => Ok(tierdesk_store::commit(tx).await?),
        }
    }
}
