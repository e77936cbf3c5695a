//! A flag that can be waited for.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Asks threads to end. Clones share one flag.
#[derive(Clone, Default)]
pub struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the flag and wakes everybody who waits.
    pub fn set(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits at most so long; says whether it is set.
    pub fn wait(&self, at_most: Duration) -> bool {
        let guard = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (guard, _) = self
            .0
            .1
            .wait_timeout_while(guard, at_most, |set| !*set)
            .unwrap_or_else(PoisonError::into_inner);
        *guard
    }
}
