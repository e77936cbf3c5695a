//! How long to leave alone what failed.

use chrono::TimeDelta;

/// The pause after something failed `failures` times in a row: `first`, doubling each time, at most `most`.
pub fn pause(first: TimeDelta, failures: u32, most: TimeDelta) -> TimeDelta {
    let doubled = 2_i32.pow(failures.saturating_sub(1).min(30));
    first
        .checked_mul(doubled)
        .map_or(most, |pause| pause.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stop_growing() {
        let (first, most) = (TimeDelta::seconds(10), TimeDelta::minutes(5));
        let pauses = [0, 1, 2, 3, 5, 6, 7, u32::MAX].map(|failures| {
            let pause = pause(first, failures, most);
            pause.num_seconds()
        });
        assert_eq!(pauses, [10, 10, 20, 40, 160, 300, 300, 300]);
    }

    #[test]
    fn a_pause_that_cannot_be_counted_is_the_longest() {
        assert_eq!(pause(TimeDelta::MAX, 9, TimeDelta::days(1)).num_days(), 1);
    }
}
