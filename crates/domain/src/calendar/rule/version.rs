//! Pauses and new versions on one line of time.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::calendar::any::{case, cases, config, minutes, week};
use crate::calendar::oracle::Oracle;
use crate::calendar::{Calendar, CalendarDocument, Hours, WorkingTime};

proptest! {
    #![proptest_config(config(cases()))]

    #[test]
    fn pauses_and_new_versions_agree_with_the_oracle(
        case in case(8),
        other in week(),
        start in 0..1_500_usize,
        change in 0..4_000_usize,
        pauses in vec((0..4_000_usize, 0..900_usize), 0..4),
        ticks in 0..1_200_usize,
    ) {
        let other = CalendarDocument { windows: other, ..case.document.clone() };
        let mut oracle = Oracle::new(&case.document, case.begin, minutes(1), 4_000);
        let after = Oracle::new(&other, case.begin, minutes(1), 4_000);
        oracle.replace_from(change, &after);
        for (from, length) in &pauses {
            oracle.pause(*from, from + length);
        }
        let time = WorkingTime::new(Hours::Calendar(Calendar::from(case.document)))
            .then(oracle.at(change), Hours::Calendar(Calendar::from(other)))
            .without(pauses.iter().map(|(from, length)| (oracle.at(*from), oracle.at(from + length))));

        let from = oracle.at(start);
        prop_assert_eq!(time.elapsed(from, oracle.at(4_000)), minutes(oracle.elapsed(start, 4_000)));
        if let Some(due) = oracle.due(start, ticks) {
            prop_assert_eq!(time.due(from, minutes(ticks)), Some(oracle.at(due)));
        }
    }
}
