//! How a path goes on, minute by minute and after downtime.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::calendar::{Calendar, CalendarDocument, Hours, Week, Window};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn level(minutes: u32, counted: Counted) -> Level {
    Level {
        who: Target::Managers {},
        minutes,
        counted,
        mail: true,
    }
}

/// At once, after 15 minutes, 30 minutes after that; again every 5 minutes, twice.
fn path() -> Path {
    Path {
        levels: vec![
            level(0, Counted::Clock),
            level(15, Counted::Clock),
            level(30, Counted::Clock),
        ],
        repeat_minutes: 5,
        repeats: 2,
    }
}

/// On weekdays between these hours, UTC.
fn open(from: &str, to: &str) -> Hours {
    let day = vec![Window::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()];
    Hours::Calendar(Calendar::from(CalendarDocument {
        zone: chrono_tz::Tz::UTC,
        windows: Week {
            mon: day.clone(),
            tue: day.clone(),
            wed: day.clone(),
            thu: day.clone(),
            fri: day,
            ..Week::default()
        },
        holidays: Default::default(),
        dates: Default::default(),
        names: Default::default(),
        left_out: Default::default(),
    }))
}

/// Everything that happens when somebody looks at these moments: the minute it was due, and the step.
fn looked_at(path: &Path, start: DateTime<Utc>, moments: &[i64]) -> Vec<(i64, Step)> {
    let time = WorkingTime::new(Hours::Always);
    let (mut progress, mut steps) = (Progress::begin(start), Vec::new());
    for minute in moments {
        let now = start + TimeDelta::minutes(*minute);
        loop {
            let (at, step) = path.next(&progress, &time, now).expect("always something");
            if at > now {
                break;
            }
            steps.push(((at - start).num_minutes(), step));
            progress = path.after(&progress, at, step, &time, now);
        }
    }
    steps
}

const START: &str = "2026-06-01T12:00:00Z";

#[test]
fn each_level_is_told_and_told_again_until_the_next_one_takes_over_and_the_last_without_an_end() {
    let minutes: Vec<i64> = (0..=1_400).collect();
    assert_eq!(
        looked_at(&path(), at(START), &minutes),
        [
            (0, Step::Tell(0)),
            (5, Step::Repeat(1)),
            (10, Step::Repeat(2)),
            (15, Step::Tell(1)),
            (20, Step::Repeat(1)),
            (25, Step::Repeat(2)),
            (45, Step::Tell(2)),
            (50, Step::Repeat(1)),
            (55, Step::Repeat(2)),
            // Then each time twice as long, up to four hours.
            (65, Step::Repeat(3)),
            (85, Step::Repeat(4)),
            (125, Step::Repeat(5)),
            (205, Step::Repeat(6)),
            (365, Step::Repeat(7)),
            (605, Step::Repeat(8)),
            (845, Step::Repeat(9)),
            (1_085, Step::Repeat(10)),
            (1_325, Step::Repeat(11)),
        ]
    );
}

#[test]
fn the_next_levels_time_ends_the_repeats_of_the_one_before() {
    let mut path = path();
    path.levels[1].minutes = 7;
    let minutes: Vec<i64> = (0..=8).collect();
    assert_eq!(
        looked_at(&path, at(START), &minutes),
        [(0, Step::Tell(0)), (5, Step::Repeat(1)), (7, Step::Tell(1))]
    );
}

#[test]
fn after_downtime_each_level_gets_one_notice_and_missed_repeats_are_not_sent() {
    // Nobody looked between minute 0 and minute 22: level 2 is due since 7 minutes and gets one notice, not two.
    assert_eq!(
        looked_at(&path(), at(START), &[0, 22, 25, 30]),
        [
            (0, Step::Tell(0)),
            (15, Step::Tell(1)),
            (25, Step::Repeat(2))
        ]
    );
    // Down within a level: two repeats were missed, one is sent.
    assert_eq!(
        looked_at(&path(), at(START), &[0, 12, 14]),
        [(0, Step::Tell(0)), (10, Step::Repeat(2))]
    );
    // Down for hours: one notice per level, in their order, and nothing more until the last one's next time.
    assert_eq!(
        looked_at(&path(), at(START), &[300, 364, 365]),
        [
            (0, Step::Tell(0)),
            (15, Step::Tell(1)),
            (45, Step::Tell(2)),
            (365, Step::Repeat(7)),
        ]
    );
}

#[test]
fn working_minutes_wait_for_the_working_day() {
    let mut path = path();
    path.levels = vec![level(0, Counted::Working), level(60, Counted::Working)];
    let time = WorkingTime::new(open("09:00", "17:00"));
    let friday_evening = at("2026-06-05T20:00:00Z");
    let progress = Progress::begin(friday_evening);
    let next = |progress: &Progress, now| path.next(progress, &time, now);
    let (due, step) = next(&progress, friday_evening).expect("Monday comes");
    assert_eq!((due, step), (at("2026-06-08T09:00:00Z"), Step::Tell(0)));
    let progress = path.after(&progress, due, step, &time, due);
    let late = at("2026-06-08T09:30:00Z");
    let progress = path.after(&progress, late, Step::Repeat(2), &time, late);
    assert_eq!(
        next(&progress, late),
        Some((at("2026-06-08T10:00:00Z"), Step::Tell(1)))
    );
}

#[test]
fn working_minutes_are_those_of_the_hours_that_hold_at_each_time() {
    let mut path = path();
    path.levels = vec![level(0, Counted::Working), level(120, Counted::Working)];
    // From Tuesday on the desk opens at six.
    let tuesday = at("2026-06-02T00:00:00Z");
    let time = WorkingTime::new(open("09:00", "17:00")).then(tuesday, open("06:00", "17:00"));
    let monday_16 = at("2026-06-01T16:00:00Z");
    let told = Progress {
        level: 1,
        level_at: monday_16,
        notices: 3,
    };
    // An hour of Monday and an hour of Tuesday, whenever somebody looks.
    for now in [monday_16, tuesday, at("2026-06-03T12:00:00Z")] {
        let next = path.next(&told, &time, now);
        let due = at("2026-06-02T07:00:00Z");
        assert_eq!(next, Some((due, Step::Tell(1))), "{now}");
    }
}

#[test]
fn the_last_level_is_not_told_faster_than_set_and_at_least_every_so_often() {
    for (repeat_minutes, repeats, slowest) in [(5, 0, 240), (1, 20, 240), (1_440, 3, 1_440)] {
        let path = Path {
            levels: vec![level(0, Counted::Clock)],
            repeat_minutes,
            repeats,
        };
        let gaps: Vec<u32> = (1..60)
            .map(|n| path.minutes_to(n) - path.minutes_to(n - 1))
            .collect();
        assert!(gaps.iter().all(|gap| *gap >= repeat_minutes), "{gaps:?}");
        assert!(gaps.is_sorted(), "{gaps:?}");
        assert_eq!(gaps.last(), Some(&slowest));
        let at_pace = gaps.iter().filter(|gap| **gap == repeat_minutes).count();
        assert!(at_pace >= repeats as usize, "{gaps:?}");
    }
}

#[test]
fn where_no_working_minute_ever_comes_nothing_is_due() {
    let mut path = Path::standard();
    path.levels[0].counted = Counted::Working;
    let never = WorkingTime::new(Hours::Calendar(Calendar::from(CalendarDocument {
        zone: chrono_tz::Tz::UTC,
        windows: Week::default(),
        holidays: Default::default(),
        dates: Default::default(),
        names: Default::default(),
        left_out: Default::default(),
    })));
    let start = at(START);
    assert_eq!(path.next(&Progress::begin(start), &never, start), None);
    let told = Progress {
        level: 1,
        level_at: start,
        notices: 1,
    };
    assert_eq!(path.next(&told, &never, start), None);
}

#[test]
fn what_is_wrong_with_a_path_is_said_by_level_and_field() {
    let wrong = Path {
        levels: vec![level(0, Counted::Clock), level(99_999, Counted::Clock)],
        repeat_minutes: 0,
        repeats: 99,
    };
    let fields: Vec<_> = wrong.check().iter().map(|(n, it)| (*n, it.field)).collect();
    assert_eq!(
        fields,
        [(1, "minutes"), (0, "repeat_minutes"), (0, "repeats")]
    );
    assert_eq!(path().check(), []);
    let empty = Path {
        levels: Vec::new(),
        ..path()
    };
    assert_eq!(empty.check().len(), 1);
}

#[test]
fn a_path_survives_being_stored() {
    let mut path = path();
    path.levels[0].who = Target::Person {
        person: PersonId(Uuid::nil()),
    };
    path.levels[1].who = Target::OnCall {
        schedule: DocumentId(Uuid::nil()),
    };
    let stored = serde_json::to_string(&path).unwrap();
    assert_eq!(serde_json::from_str::<Path>(&stored).unwrap(), path);
}

fn some_path() -> impl Strategy<Value = Path> {
    let levels = proptest::collection::vec(0..90_u32, 1..5);
    (levels, 1..40_u32, 0..5_u32).prop_map(|(waits, repeat_minutes, repeats)| Path {
        levels: waits
            .into_iter()
            .map(|minutes| level(minutes, Counted::Clock))
            .collect(),
        repeat_minutes,
        repeats,
    })
}

proptest! {
    #[test]
    fn whenever_somebody_looks_the_same_levels_are_told_in_order_and_never_twice_at_once(
        path in some_path(),
        mut looks in proptest::collection::btree_set(0..700_i64, 1..20),
    ) {
        looks.insert(700);
        let every_minute: Vec<i64> = (0..=700).collect();
        let told = |steps: &[(i64, Step)]| -> Vec<usize> {
            steps.iter().filter_map(|(_, step)| match step { Step::Tell(n) => Some(*n), _ => None }).collect()
        };
        let full = looked_at(&path, at(START), &every_minute);
        let seldom = looked_at(&path, at(START), &looks.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(told(&full), told(&seldom));
        prop_assert!(told(&full).is_sorted());
        prop_assert!(seldom.len() <= full.len());
        // Every step was due when it was taken, at the time at which it would have been taken at once.
        prop_assert!(seldom.iter().all(|step| full.contains(step)));
    }

    #[test]
    fn one_look_sends_a_level_at_most_one_notice(path in some_path(), before in 0..200_i64, down in 0..500_i64) {
        let at_once = looked_at(&path, at(START), &(0..=before).collect::<Vec<_>>());
        let minutes: Vec<i64> = (0..=before).chain([before + down]).collect();
        let all = looked_at(&path, at(START), &minutes);
        let mut level = None;
        let mut notices = std::collections::BTreeMap::new();
        for (number, (_, step)) in all.iter().enumerate() {
            if let Step::Tell(n) = step { level = Some(*n); }
            if number >= at_once.len() {
                *notices.entry(level).or_insert(0) += 1;
            }
        }
        prop_assert!(notices.values().all(|n| *n <= 1), "{:?}", all);
    }
}
