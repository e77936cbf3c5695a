//! When to try again: full jitter, so that a thousand hosts do not come back at once.

use std::time::Duration;

const BASE: Duration = Duration::from_secs(1);
const CAP: Duration = Duration::from_secs(300);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// All is well again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after one more failure: evenly anywhere from nothing to a bound that
    /// doubles up to five minutes. What the server asks for (`Retry-After`) is the least.
    pub(crate) fn next(&mut self, random: f64, retry_after: Option<Duration>) -> Duration {
        let bound = BASE.saturating_mul(1 << self.failures.min(9)).min(CAP);
        self.failures = self.failures.saturating_add(1);
        let jittered = bound.mul_f64(random.clamp(0.0, 1.0));
        match retry_after {
            Some(least) => least.min(CAP) + jittered.min(least.min(CAP)),
            None => jittered,
        }
    }
}

/// A random number from 0 up to, not including, 1.
pub(crate) fn random_fraction() -> f64 {
    let bytes = random_bytes::<4>();
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

/// Random bytes from the operating system.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0; N];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .expect("the kernel's random source is there once the system has started");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_five_minutes_and_falls_back() {
        let mut backoff = Backoff::default();
        let bounds: Vec<_> = (0..11).map(|_| backoff.next(1.0, None).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        backoff.reset();
        assert_eq!(backoff.next(0.5, None), Duration::from_millis(500));
    }

    #[test]
    fn what_the_server_asks_for_is_the_least_and_is_jittered_too() {
        let mut backoff = Backoff { failures: 9 };
        let asked = Some(Duration::from_secs(30));
        assert_eq!(backoff.next(0.0, asked).as_secs(), 30);
        assert_eq!(backoff.next(1.0, asked).as_secs(), 60);
        assert_eq!(backoff.next(0.0, Some(Duration::from_secs(90_000))), CAP);
    }
}
