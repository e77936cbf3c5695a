//! A clock that tests set; it never moves by itself.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

/// The time of one product under test.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Mutex<DateTime<Utc>>>);

impl Default for Clock {
    /// Monday, 1 June 2026, 09:00 UTC.
    fn default() -> Self {
        let start = Utc.with_ymd_and_hms(2026, 6, 1, 9, 0, 0).single();
        Self(Arc::new(Mutex::new(start.expect("a valid time"))))
    }
}

impl Clock {
    /// The time at this moment.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time pass.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// Sets the time, which may also be an earlier one.
    pub fn set(&self, to: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }
}
