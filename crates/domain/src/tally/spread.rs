//! How times are spread: a histogram that adds up, for percentiles over any period.
//!
//! The slots grow by a tenth, so that a percentile is never more than [`ERROR`] away from the time it stands for.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The largest relative error of a percentile, in percent.
pub const ERROR: u32 = 5;

/// The longest time that is told apart, in seconds: a hundred years.
const LONGEST: i64 = 100 * 366 * 86_400;

/// The last second of each slot. Up to 20 s each second has its own.
static ENDS: LazyLock<Vec<i64>> = LazyLock::new(|| {
    let mut ends = vec![0];
    while let Some(&last) = ends.last()
        && last < LONGEST
    {
        ends.push(last + (last / 10).max(1));
    }
    ends
});

/// The slot of a time in seconds; times before zero count as zero.
pub(super) fn slot(seconds: i64) -> i16 {
    let slot = ENDS.partition_point(|end| *end < seconds);
    i16::try_from(slot.min(ENDS.len() - 1)).unwrap_or(i16::MAX)
}

/// The time that stands for a slot: as far, in proportion, from its first second as from its last.
fn time(slot: i16) -> i64 {
    let slot = usize::try_from(slot)
        .unwrap_or_default()
        .min(ENDS.len() - 1);
    let last = ENDS[slot];
    let first = if slot == 0 { 0 } else { ENDS[slot - 1] + 1 };
    if first == last {
        return last;
    }
    // 2ab / (a + b)
    let product = 2 * i128::from(first) * i128::from(last);
    i64::try_from(product / i128::from(first + last)).unwrap_or(last)
}

/// Times of one kind: how many fell into each slot, and their sum.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread {
    pub(super) slots: BTreeMap<i16, i64>,
    pub(super) sum: i64,
}

impl Spread {
    /// How many times there are.
    pub fn number(&self) -> u64 {
        self.slots.values().sum::<i64>().max(0).unsigned_abs()
    }

    /// All of them together, in seconds.
    pub fn sum(&self) -> i64 {
        self.sum
    }

    /// Their average in seconds, exact to the second; none without times.
    pub fn mean(&self) -> Option<i64> {
        let number = i64::try_from(self.number()).ok().filter(|n| *n > 0)?;
        Some(self.sum / number)
    }

    /// The time in seconds that `percent` of them do not exceed (nearest rank), within [`ERROR`] percent, of a single time
    /// exactly that; none without times.
    pub fn percentile(&self, percent: u32) -> Option<i64> {
        let number = self.number();
        if number == 1 {
            return Some(self.sum);
        }
        let rank = (number * u64::from(percent)).div_ceil(100).max(1);
        let mut passed = 0;
        for (slot, n) in &self.slots {
            passed += n.max(&0).unsigned_abs();
            if passed >= rank {
                return Some(time(*slot));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spread(times: &[i64]) -> Spread {
        let mut spread = Spread::default();
        for time in times {
            *spread.slots.entry(slot(*time)).or_default() += 1;
            spread.sum += time;
        }
        spread
    }

    #[test]
    fn nothing_has_neither_mean_nor_percentiles() {
        assert_eq!(Spread::default().mean(), None);
        assert_eq!(Spread::default().percentile(50), None);
    }

    #[test]
    fn a_single_time_is_its_own_mean_and_percentiles() {
        let times = spread(&[98_765]);
        let told = [50, 90, 95].map(|percent| times.percentile(percent));
        assert_eq!(told, [times.mean(); 3]);
        assert_eq!(times.mean(), Some(98_765));
    }

    #[test]
    fn short_times_are_exact() {
        let times = spread(&[0, 1, 2, 3, 19]);
        assert_eq!(times.percentile(50), Some(2));
        assert_eq!(times.percentile(95), Some(19));
        assert_eq!(times.percentile(1), Some(0));
        assert_eq!(times.mean(), Some(5));
    }

    #[test]
    fn the_longest_time_has_a_slot() {
        assert!(slot(i64::MAX) > 200);
        assert_eq!(slot(-5), 0);
    }

    proptest! {
        /// The oracle sorts the times and takes the one at the rank.
        #[test]
        fn a_percentile_is_within_five_percent_of_the_sorted_times(
            mut times in prop::collection::vec(0..400_000_000_i64, 1..300), percent in 1..=100_u32,
        ) {
            let found = spread(&times).percentile(percent).expect("a time");
            times.sort_unstable();
            let rank = (times.len() * percent as usize).div_ceil(100).max(1);
            let exact = times[rank - 1];
            prop_assert!((found - exact).abs() * 100 <= exact * i64::from(ERROR), "{found} for {exact}");
        }
    }
}
