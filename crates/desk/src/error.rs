//! Why an action did not happen.

use tierdesk_domain::authorize::Denied;
use tierdesk_domain::field::FieldError;
use tierdesk_domain::filter::FilterError;
use tierdesk_store::StoreError;

/// Why an action did not happen. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// It does not exist, or the caller must not learn that it does (decision 16).
    #[error("there is no such thing, or not for this person")]
    NotFound,
    /// They know of it, but may not do this.
    #[error("not allowed")]
    Denied,
    /// Fields are wrong; each with its message.
    #[error("{} fields are wrong", .0.len())]
    Invalid(Vec<FieldError>),
    /// A filter cannot be read, or names what nothing is called.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// Somebody else changed it meanwhile.
    #[error("changed meanwhile")]
    Conflict,
    /// What was asked makes no sense in the state it is in; the key of a message that says so.
    #[error("not in this state: {0}")]
    State(&'static str),
    /// Too often. Try again after so many seconds.
    #[error("too often")]
    RateLimited {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// The database said no or did not answer.
    #[error(transparent)]
    Store(StoreError),
    /// Something that cannot happen did.
    #[error("{0}")]
    Broken(String),
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Denied> for DeskError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Hidden => Self::NotFound,
            Denied::Forbidden => Self::Denied,
        }
    }
}

impl From<Vec<FieldError>> for DeskError {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Invalid(errors)
    }
}

impl From<tierdesk_domain::calendar::CalendarError> for DeskError {
    fn from(error: tierdesk_domain::calendar::CalendarError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// What every action answers with.
pub type Result<T> = std::result::Result<T, DeskError>;
