//! Blocks of days, so that a year is as quick to add up as a month.

use chrono::{Days, NaiveDate};

/// The first day of all blocks, and the day of what is counted as it stands now.
pub const NO_DAY: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a day of the calendar");

/// How many days the blocks have.
pub const GRAINS: [i16; 3] = [1, 8, 64];

/// So many days from one that their number divides, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block {
    /// 1, 8 or 64 days; 0 is what stands now.
    pub grain: i16,
    /// Its first day.
    pub day: NaiveDate,
}

/// What stands now, whatever the day.
pub const NOW: Block = Block {
    grain: 0,
    day: NO_DAY,
};

fn number(day: NaiveDate) -> i64 {
    (day - NO_DAY).num_days()
}

/// The blocks that hold a day, one of each grain.
pub fn holding(day: NaiveDate) -> [Block; 3] {
    GRAINS.map(|grain| {
        let back = number(day).rem_euclid(i64::from(grain)).unsigned_abs();
        Block {
            grain,
            day: day.checked_sub_days(Days::new(back)).unwrap_or(day),
        }
    })
}

/// The fewest blocks that make up the days from `from` to before `to`.
pub fn cover(from: NaiveDate, to: NaiveDate) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut day = from;
    while day < to {
        let fits = |grain: &&i16| {
            let grain = i64::from(**grain);
            number(day).rem_euclid(grain) == 0 && number(day) + grain <= number(to)
        };
        let grain = GRAINS.iter().rev().find(fits).copied().unwrap_or(1);
        blocks.push(Block { grain, day });
        let Some(next) = day.checked_add_days(Days::new(u64::from(grain.unsigned_abs()))) else {
            break;
        };
        day = next;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(n: i64) -> NaiveDate {
        NO_DAY + chrono::TimeDelta::days(n)
    }

    proptest! {
        #[test]
        fn a_period_is_covered_once_and_by_few_blocks(from in 0..40_000_i64, days in 0..4_000_i64) {
            let blocks = cover(day(from), day(from + days));
            let mut next = day(from);
            for block in &blocks {
                prop_assert_eq!(block.day, next);
                prop_assert!(holding(block.day).contains(block));
                next += chrono::TimeDelta::days(i64::from(block.grain));
            }
            prop_assert_eq!(next, day(from + days));
            prop_assert!(blocks.len() as i64 <= 28 + days / 64);
        }

        #[test]
        fn the_blocks_of_a_day_hold_it(n in -4_000..40_000_i64) {
            for block in holding(day(n)) {
                let last = block.day + chrono::TimeDelta::days(i64::from(block.grain) - 1);
                prop_assert!(block.day <= day(n) && day(n) <= last);
            }
        }
    }
}
