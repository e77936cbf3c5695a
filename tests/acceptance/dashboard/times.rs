//! How long things took.

use chrono::TimeDelta;
use support::database;
use tierdesk_desk::dashboard::{List, ListOf};
use tierdesk_domain::tally::Measure;
use tierdesk_domain::ticket::ResolutionCode;

use super::fortnight::{Fortnight, TIMES, days};
use super::numbers::{is, shows};

#[tokio::test(flavor = "multi_thread")]
async fn percentiles_are_within_five_percent_of_the_sorted_times() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let caller = fortnight.desk.caller(&fortnight.head).await;
    let view = days("2026-10-19", "2026-11-10");
    let figures = fortnight
        .desk
        .desk
        .figures(&caller, view, TIMES, fortnight.desk.now());
    let counts = figures
        .await
        .unwrap()
        .groups
        .into_values()
        .next()
        .unwrap()
        .now;
    let events = fortnight.events().await;
    for (measure, place, seconds) in [
        (Measure::ResolveElapsed, "resolved_in", "elapsed_seconds"),
        (Measure::ResolveBusiness, "resolved_in", "business_seconds"),
        (
            Measure::AcknowledgeElapsed,
            "acknowledged_in",
            "elapsed_seconds",
        ),
        (
            Measure::AcknowledgeBusiness,
            "acknowledged_in",
            "business_seconds",
        ),
    ] {
        let mut times: Vec<i64> = events
            .iter()
            .filter(|it| is(it, measure) && shows(&view, it))
            .map(|it| it.data["internal"][place][seconds].as_i64().unwrap())
            .collect();
        times.sort_unstable();
        assert!(times.len() > 20, "{measure}");
        let spread = counts.spread(measure);
        assert_eq!(
            spread.mean(),
            Some(times.iter().sum::<i64>() / times.len() as i64)
        );
        for percent in [50_usize, 90, 95] {
            let exact = times[(times.len() * percent).div_ceil(100) - 1];
            let found = spread.percentile(u32::try_from(percent).unwrap()).unwrap();
            assert!(
                (found - exact).abs() * 100 <= exact * 5,
                "{measure} p{percent}: {found} for {exact}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_those_from_filing_and_from_reopening_to_the_resolution() {
    let mut fortnight = Fortnight::begin().await;
    // Monday, 10:00; the desk works from 9 to 17 UTC.
    fortnight
        .desk
        .clock
        .set("2026-10-19T10:00:00Z".parse().unwrap());
    let id = fortnight.file().await;
    let engineer = fortnight.desk.caller(&fortnight.engineer).await;
    let (desk, clock) = (fortnight.desk.desk.clone(), fortnight.desk.clock.clone());
    clock.advance(TimeDelta::minutes(90));
    desk.assign(
        &engineer,
        id,
        Some(fortnight.engineer.id),
        None,
        clock.now(),
    )
    .await
    .unwrap();
    // Tuesday, 10:00: seven hours of Monday and one of Tuesday.
    clock.set("2026-10-20T10:00:00Z".parse().unwrap());
    desk.resolve(&engineer, id, ResolutionCode::Fixed, "Done.", clock.now())
        .await
        .unwrap();
    let events = fortnight.events().await;
    let of =
        |kind: &str| events.iter().find(|it| it.kind == kind).unwrap().data["internal"].clone();
    assert_eq!(of("assigned")["acknowledged_in"]["elapsed_seconds"], 5_400);
    assert_eq!(of("assigned")["acknowledged_in"]["business_seconds"], 5_400);
    assert_eq!(of("resolved")["resolved_in"]["elapsed_seconds"], 86_400);
    assert_eq!(of("resolved")["resolved_in"]["business_seconds"], 8 * 3_600);
    assert_eq!(of("resolved")["first_contact"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_behind_a_time_shows_the_time_that_was_counted() {
    let mut fortnight = Fortnight::begin().await;
    fortnight
        .desk
        .clock
        .set("2026-10-19T10:00:00Z".parse().unwrap());
    let id = fortnight.file().await;
    let (desk, clock) = (fortnight.desk.desk.clone(), fortnight.desk.clock.clone());
    clock.advance(TimeDelta::minutes(90));
    // Nobody had it before: what resolves it acknowledges it, too.
    let engineer = fortnight.desk.caller(&fortnight.engineer).await;
    desk.resolve(&engineer, id, ResolutionCode::Fixed, "Done.", clock.now())
        .await
        .unwrap();
    // As when the bot had resolved it, and it was reopened ten minutes ago.
    let mut owner = database::connect(&fortnight.desk.database).await;
    sqlx::query(
        r#"update event set data = jsonb_set(data, '{internal,resolved_in}', '{"elapsed_seconds": 600, "business_seconds": 500}')
           where kind = 'resolved' and ticket_id = $1"#,
    )
    .bind(id.0)
    .execute(&mut owner)
    .await
    .unwrap();
    let caller = fortnight.desk.caller(&fortnight.head).await;
    let view = days("2026-10-19", "2026-10-19");
    for (measure, elapsed, business) in [
        (Measure::Acknowledged, 5_400, 5_400),
        (Measure::AcknowledgeElapsed, 5_400, 5_400),
        (Measure::AcknowledgeBusiness, 5_400, 5_400),
        (Measure::ResolveElapsed, 600, 500),
        (Measure::ResolveBusiness, 600, 500),
    ] {
        let list = List {
            of: ListOf::Counted(measure),
            person: None,
            alone: false,
        };
        let found = desk.tickets_behind(&caller, view, list, (None, 9), clock.now());
        let lines = found.await.unwrap().lines;
        let times: Vec<_> = lines.iter().map(|it| (it.elapsed, it.business)).collect();
        assert_eq!(times, [(Some(elapsed), Some(business))], "{measure}");
    }
}
