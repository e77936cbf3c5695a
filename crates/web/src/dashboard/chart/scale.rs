//! Where a scale of times ends: at a time that people read at a glance, and whose half is one too.

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Ends of scales in seconds, up to where days or many hours begin.
const SHORT: [u64; 14] = [
    10,
    20,
    MINUTE,
    2 * MINUTE,
    4 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    40 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    12 * HOUR,
    DAY,
];

/// The first end that is not before `longest`, in seconds. Business time has hours and no days.
pub(super) fn end(longest: u64, business: bool) -> u64 {
    let unit = if business { 10 * HOUR } else { DAY };
    let long = (0..12).flat_map(|power| {
        let ten = 10_u64.pow(power);
        [2, 4, 10].map(|n| n * ten * unit)
    });
    // A working day of 24 hours is none.
    let short = SHORT.into_iter().filter(|it| !business || *it < DAY);
    let mut ends = short.chain(long);
    ends.find(|end| *end >= longest).unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_time() {
        for (longest, business, ends) in [
            (0, true, 10),
            (61, true, 2 * MINUTE),
            (3 * HOUR, false, 4 * HOUR),
            (13 * HOUR, true, 20 * HOUR),
            (13 * HOUR, false, DAY),
            (45 * HOUR, true, 100 * HOUR),
            (45 * HOUR, false, 2 * DAY),
            (30 * DAY, false, 40 * DAY),
        ] {
            assert_eq!(end(longest, business), ends, "{longest}");
        }
    }

    #[test]
    fn a_scale_holds_what_stands_on_it_and_wastes_little() {
        let mut longest = 20;
        while longest < 100 * 366 * DAY {
            for business in [false, true] {
                let end = end(longest, business);
                assert!(longest <= end && end <= longest * 3, "{longest}: {end}");
            }
            longest += longest / 7;
        }
    }
}
