//! Every number is what the events say, and its list has that many rows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use support::database;
use tierdesk_desk::DeskError;
use tierdesk_desk::dashboard::ListOf;
use tierdesk_domain::dashboard::{View, When};
use tierdesk_domain::flow::MEASURES;
use tierdesk_domain::tally::{Measure, Several};
use uuid::Uuid;

use super::fortnight::{Event, Fortnight, LONDON, days};

/// Whether an event is one of a measure's, as plainly as it can be said.
pub(super) fn is(event: &Event, measure: Measure) -> bool {
    let Some(behind) = measure.behind() else {
        return false;
    };
    let fact = behind.fact.is_none_or(|(path, text)| {
        let value = path.iter().fold(&event.data, |value, part| &value[*part]);
        match (value, text) {
            (Value::Null, _) => false,
            (_, "") => true,
            (Value::Bool(value), text) => value.to_string() == text,
            (value, text) => value == text,
        }
    });
    behind.kinds.iter().any(|kind| kind.as_str() == event.kind)
        && fact
        && behind.by.is_none_or(|by| by.as_str() == event.by)
        && (!behind.above || event.tier > 1)
}

/// Whether a view shows an event: its day is what the clocks of London say.
pub(super) fn shows(view: &View, event: &Event) -> bool {
    let When::Days { from, to } = view.when else {
        return false;
    };
    let day = event.at.with_timezone(&LONDON).date_naive();
    let same =
        |asked: Option<Uuid>, is: Option<Uuid>| asked.is_none_or(|it| it == is.unwrap_or_default());
    from <= day
        && day <= to
        && same(view.team.map(|it| it.0), Some(event.team))
        && same(view.category.map(|it| it.0), event.category)
        && same(view.organisation.map(|it| it.0), event.organisation)
        && view.tier.is_none_or(|it| it.number() == event.tier)
        && view.priority.is_none_or(|it| it.number() == event.priority)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_is_what_the_events_say_and_its_list_has_that_many_rows() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let events = fortnight.events().await;
    let caller = fortnight.desk.caller(&fortnight.head).await;
    assert!(fortnight.desk.now() > "2026-11-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
    let mut seen = 0;
    for folded in [false, true] {
        for view in fortnight.views() {
            for measure in Measure::ALL
                .iter()
                .copied()
                .filter(|it| it.behind().is_some())
            {
                let expected = events
                    .iter()
                    .filter(|it| is(it, measure) && shows(&view, it))
                    .count();
                let number = fortnight.number(&caller, view, measure).await;
                assert_eq!(
                    number, expected as u64,
                    "{measure} of {view:?}, folded: {folded}"
                );
                if folded {
                    let rows = fortnight
                        .rows(&caller, view, ListOf::Counted(measure))
                        .await;
                    assert_eq!(rows, expected, "the list of {measure} of {view:?}");
                }
                seen += expected;
            }
        }
        fortnight.desk.desk.fold_tally().await.unwrap();
    }
    assert!(seen > 2_000, "a busy fortnight: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_between_the_tiers_has_the_same_days_filters_and_lists() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let caller = fortnight.desk.caller(&fortnight.head).await;
    let mut seen = 0;
    for folded in [false, true] {
        for view in fortnight.views() {
            for measure in MEASURES {
                let number = fortnight.number(&caller, view, measure).await;
                let rows = fortnight
                    .rows(&caller, view, ListOf::Counted(measure))
                    .await;
                assert_eq!(number, rows as u64, "{measure} of {view:?}, {folded}");
                seen += number;
            }
            // What a queue handed over is what left it upwards or across.
            let handed = fortnight.number(&caller, view, Measure::HandedOver).await;
            let mut escalated = 0;
            for to in [
                Measure::EscalatedToL1,
                Measure::EscalatedToL2,
                Measure::EscalatedToL3,
            ] {
                escalated += fortnight.number(&caller, view, to).await;
            }
            assert_eq!(handed, escalated, "{view:?}");
        }
        fortnight.desk.desk.fold_tally().await.unwrap();
    }
    assert!(seen > 500, "a busy fortnight: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_a_whole_has_every_row_once_and_says_which_part_it_is() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let caller = fortnight.desk.caller(&fortnight.head).await;
    let mut seen = 0;
    for view in fortnight.views() {
        for &several in Several::ALL {
            let lines = fortnight
                .lines(&caller, view, ListOf::Several(several))
                .await;
            let mut told: BTreeMap<Measure, u64> = BTreeMap::new();
            for line in &lines {
                *told.entry(line.unwrap()).or_default() += 1;
            }
            let mut expected = BTreeMap::new();
            for measure in several.measures() {
                expected.insert(*measure, fortnight.number(&caller, view, *measure).await);
            }
            if several == Several::ByPeople {
                // What was solved at first contact is among what people resolved.
                let first = expected[&Measure::FirstContact];
                *expected.get_mut(&Measure::ResolveElapsed).unwrap() -= first;
            }
            expected.retain(|_, n| *n > 0);
            assert_eq!(told, expected, "{several} of {view:?}");
            seen += lines.len();
        }
    }
    assert!(seen > 1_000, "a busy fortnight: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_late_on_the_last_evening_of_september_utc_is_october_in_london() {
    let mut fortnight = Fortnight::begin().await;
    let caller = fortnight.desk.caller(&fortnight.head).await;
    for (at, september, october) in [
        ("2026-09-30T22:59:59Z", 1, 0),
        ("2026-09-30T23:00:00Z", 1, 1),
        ("2026-10-31T23:59:59Z", 1, 2),
        ("2026-11-01T00:00:00Z", 1, 2),
    ] {
        fortnight.desk.clock.set(at.parse().unwrap());
        fortnight.file().await;
        let number = async |view| fortnight.number(&caller, view, Measure::Opened).await;
        assert_eq!(
            number(days("2026-09-01", "2026-09-30")).await,
            september,
            "{at}"
        );
        assert_eq!(
            number(days("2026-10-01", "2026-10-31")).await,
            october,
            "{at}"
        );
    }
    // The same where an administrator chooses other days afterwards: in UTC, the second one is September's.
    let boss = fortnight.desk.administrator("Otto Berg").await;
    let boss = fortnight.desk.caller(&boss).await;
    let desk = &fortnight.desk.desk;
    desk.set_reporting_zone(&boss, Tz::UTC, fortnight.desk.now())
        .await
        .unwrap();
    assert_eq!(
        fortnight
            .number(&caller, days("2026-10-01", "2026-10-31"), Measure::Opened)
            .await,
        2
    );
    desk.fold_tally().await.unwrap();
    assert_eq!(
        fortnight
            .number(&caller, days("2026-10-01", "2026-10-31"), Measure::Opened)
            .await,
        1
    );
    let refused = desk
        .set_reporting_zone(&caller, LONDON, fortnight.desk.now())
        .await;
    assert!(matches!(refused, Err(DeskError::Denied)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_is_told_by_age_and_each_age_has_its_list() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let caller = fortnight.desk.caller(&fortnight.head).await;
    let mut owner = database::connect(&fortnight.desk.database).await;
    let filed: Vec<DateTime<Utc>> = sqlx::query_scalar(
        "select created_at from ticket where status not in ('resolved', 'closed')",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let local = |at: DateTime<Utc>| at.with_timezone(&LONDON).date_naive();
    let mut expected = [0; 4];
    for at in &filed {
        let age = (local(fortnight.desk.now()) - local(*at)).num_days();
        let place = [2, 7, 30].iter().filter(|limit| age >= **limit).count();
        expected[place] += 1;
    }
    let view = View::default();
    let desk = &fortnight.desk.desk;
    let dashboard = desk
        .dashboard(&caller, view, fortnight.desk.now())
        .await
        .unwrap();
    let mut ages = [0; 4];
    for queue in &dashboard.ages {
        for (sum, n) in ages.iter_mut().zip(queue.open) {
            *sum += n;
        }
    }
    assert_eq!(ages, expected);
    assert!(
        expected.iter().filter(|n| **n > 0).count() >= 2,
        "{expected:?}"
    );
    let rows = fortnight.rows(&caller, view, ListOf::Open(None)).await;
    assert_eq!(rows, filed.len());
    let at_risk: u64 = dashboard.at_risk.iter().map(|it| it.tickets).sum();
    let rows = fortnight.rows(&caller, view, ListOf::AtRisk).await;
    assert_eq!(at_risk, rows as u64);
}
