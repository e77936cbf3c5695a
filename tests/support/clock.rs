//! A clock that tests set. It moves by itself only where a test asks for the real time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

/// The time of one product under test.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Mutex<Hand>>);

#[derive(Debug, Clone, Copy)]
enum Hand {
    At(DateTime<Utc>),
    /// Beside real processes, whose leases would run out under a clock that stands.
    Real,
}

impl Hand {
    fn now(self) -> DateTime<Utc> {
        match self {
            Hand::At(time) => time,
            Hand::Real => Utc::now(),
        }
    }
}

impl Default for Clock {
    /// Monday, 1 June 2026, 09:00 UTC.
    fn default() -> Self {
        let start = Utc.with_ymd_and_hms(2026, 6, 1, 9, 0, 0).single();
        Self(Arc::new(Mutex::new(Hand::At(start.expect("a valid time")))))
    }
}

impl Clock {
    /// The time at this moment.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.hand().now()
    }

    /// Lets time pass; the clock stands again at where it came to.
    pub fn advance(&self, by: TimeDelta) {
        let mut hand = self.hand();
        *hand = Hand::At(hand.now() + by);
    }

    /// Sets the time, which may also be an earlier one.
    pub fn set(&self, to: DateTime<Utc>) {
        *self.hand() = Hand::At(to);
    }

    /// Follows the real time from here on.
    pub fn follow(&self) {
        *self.hand() = Hand::Real;
    }

    fn hand(&self) -> MutexGuard<'_, Hand> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
