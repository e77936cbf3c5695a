//! How far back a search looks, and how far next when that was not enough.

use chrono::{DateTime, TimeDelta, Utc};

/// How far back a search looks: stretches of time up to now, each of the ids that begin with the same so many digits,
/// because ids begin with their time. Six digits stand for five hours, five for three days, four for fifty.
#[derive(Debug, Clone, Copy)]
struct Window {
    digits: u32,
    stretches: i64,
}

/// What is older than the last is everything. Few stretches, because each is one more word in the question: eight of three
/// days cost 5 ms whatever they hold (docs/bench.md).
const WINDOWS: [Window; 4] = {
    const fn window(digits: u32, stretches: i64) -> Window {
        Window { digits, stretches }
    }
    [window(6, 3), window(5, 1), window(5, 4), window(4, 2)]
};
/// So many tickets that hold the words within a window are enough: a page.
pub(super) const ENOUGH: usize = 20;

impl Window {
    /// How many digits of a time in milliseconds, of twelve, a stretch leaves open.
    fn bits(self) -> u32 {
        48 - 4 * self.digits
    }

    /// The words of the index (`search_words` in the schema) that stand for it.
    fn words(self, now: DateTime<Utc>) -> String {
        let last = now.timestamp_millis() >> self.bits();
        // An hour ahead, because clocks differ.
        let next = (now + TimeDelta::hours(1)).timestamp_millis() >> self.bits();
        let digits = self.digits as usize;
        (last + 1 - self.stretches..=next)
            .map(|stretch| format!("'@{stretch:0digits$x}'"))
            .collect::<Vec<_>>()
            .join(" | ")
    }

    /// How many milliseconds it holds, in the middle of its last stretch.
    fn millis(self) -> u128 {
        let half_stretches = u128::from((2 * self.stretches - 1).unsigned_abs());
        half_stretches << (self.bits() - 1)
    }
}

/// The window to look through after one that had too few hits: the first that should hold enough, if there were always as
/// many as there. None stands for everything.
pub(super) fn wider(than: usize, hits: usize) -> Option<usize> {
    let wanted = WINDOWS[than].millis() * ENOUGH as u128 / hits.max(1) as u128;
    let further = WINDOWS.iter().enumerate().skip(than + 1);
    further
        .into_iter()
        .find(|(_, window)| window.millis() >= wanted)
        .map(|(at, _)| at)
}

/// The words of a window; none of everything.
pub(super) fn words(window: Option<usize>, now: DateTime<Utc>) -> String {
    window.map_or_else(String::new, |at| WINDOWS[at].words(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_names_the_beginnings_of_the_ids_of_its_time() {
        let now: DateTime<Utc> = "2026-11-26T10:00:00Z".parse().expect("a time");
        let id = |at: DateTime<Utc>| {
            let millis = u64::try_from(at.timestamp_millis()).expect("after 1970");
            uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10])
                .into_uuid()
                .to_string()
        };
        for window in WINDOWS {
            let within = |at: DateTime<Utc>| {
                let beginning = &id(at)[..window.digits as usize];
                window.words(now).contains(&format!("'@{beginning}'"))
            };
            let stretch = TimeDelta::milliseconds(1 << window.bits());
            let whole = stretch * i32::try_from(window.stretches - 1).expect("few");
            assert!(within(now) && within(now - whole), "{window:?}");
            assert!(!within(now - whole - stretch), "{window:?}");
        }
        assert_eq!(words(None, now), "");
    }

    #[test]
    fn the_next_window_is_as_much_wider_as_hits_are_missing() {
        for at in 0..WINDOWS.len() {
            // Each is wider than the one before, so that every search comes to an end.
            assert!(
                WINDOWS[..at]
                    .iter()
                    .all(|it| it.millis() < WINDOWS[at].millis())
            );
            for hits in 0..ENOUGH {
                assert!(wider(at, hits).is_none_or(|next| next > at));
            }
        }
        assert_eq!(wider(0, ENOUGH - 1), Some(1));
        assert_eq!(wider(0, 1), Some(2));
        assert_eq!(wider(1, 0), Some(3));
        assert_eq!(wider(2, 0), None);
        assert_eq!(wider(3, ENOUGH - 1), None);
    }
}
