//! Many open tickets: whoever saves a rule, the promises or a calendar waits for a few rows only, the worker goes through
//! the tickets in parts, and people are told of a few.

use chrono::TimeDelta;
use sqlx::PgConnection;
use support::database;
use tierdesk_domain::calendar::CalendarDocument;
use tierdesk_domain::escalation::{Condition, Effect, MAX_NOTICES, Only, Rule};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::sla::Policy;
use tierdesk_domain::ticket::{Impact, Priority, Urgency};
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::configuration::{Document, current};

use crate::clock::Scene;

/// Copies of a ticket, as many rows and nothing besides.
async fn copies(conn: &mut PgConnection, id: TicketId, n: i32) {
    sqlx::query(
        "insert into ticket select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'number', nextval('ticket_number')))).*
         from ticket t, generate_series(1, $2) where t.id = $1",
    )
    .bind(id.0)
    .bind(n)
    .execute(conn)
    .await
    .unwrap();
}

/// How many rows of all tables were written since the transaction with that number.
async fn written_since(conn: &mut PgConnection, xid: i64) -> i64 {
    let tables: Vec<String> = sqlx::query_scalar(
        "select tablename::text from pg_tables where schemaname = 'public' order by tablename",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    let mut n = 0;
    for table in tables {
        let count = format!("select count(*) from {table} where xmin::text::bigint >= $1");
        n += sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(count))
            .bind(xid)
            .fetch_one(&mut *conn)
            .await
            .unwrap();
    }
    n
}

async fn next_xid(conn: &mut PgConnection) -> i64 {
    sqlx::query_scalar("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        .fetch_one(conn)
        .await
        .unwrap()
}

fn everything(effects: Vec<Effect>) -> Rule {
    Rule {
        only: Only::default(),
        conditions: vec![Condition::PriorityReached {
            priority: Priority::P4,
        }],
        effects,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn saving_a_rule_promises_or_a_calendar_writes_a_few_rows_and_the_worker_goes_through_the_tickets_in_parts()
 {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.release(id).await;
    let mut owner = database::connect(&scene.desk.database).await;
    copies(&mut owner, id, 1_100).await;
    let boss = scene.desk.administrator("Ines Roth").await;
    let caller = scene.desk.caller(&boss).await;
    let (desk, now) = (&scene.desk.desk, scene.desk.now());
    let mut conn = desk.acquire().await.unwrap();
    let policy: Document<Policy> = current(&mut conn, "sla_policy").await.unwrap().remove(0);
    let calendar: Document<CalendarDocument> =
        current(&mut conn, "calendar").await.unwrap().remove(0);
    drop(conn);

    let from = next_xid(&mut owner).await;
    let tell = everything(vec![Effect::NotifyQueue {}]);
    desk.save_rule(&caller, None, "All of them", true, tell, now)
        .await
        .unwrap();
    let zone = calendar.body.zone;
    desk.save_promises(&caller, 1, (None, zone), policy.body, now)
        .await
        .unwrap();
    let own = Some((calendar.id, 1));
    desk.save_calendar(&caller, own, &calendar.name, None, calendar.body, now)
        .await
        .unwrap();
    let written = written_since(&mut owner, from).await;
    assert!(
        (3..=15).contains(&written),
        "{written} rows for three versions"
    );

    assert!(desk.act_on_next_deadline(now).await.unwrap());
    let handed: i64 = sqlx::query_scalar(
        "select count(*) from timer where kind = 'clock_again' and fires_at <= $1",
    )
    .bind(now)
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(handed, 1_000, "one part of them");
    let rest: i64 = sqlx::query_scalar(
        "select count(*) from timer where kind = 'version_in_force' and data ? 'after'",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(rest, 1, "and the rest comes later");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_suddenly_holds_for_many_tickets_tells_each_person_of_a_few_and_that_there_are_more()
 {
    let scene = Scene::new().await;
    let mut ids = Vec::new();
    for _ in 0..MAX_NOTICES + 8 {
        let id = scene.file().await;
        scene.release(id).await;
        ids.push(id);
    }
    let boss = scene.desk.administrator("Ines Roth").await;
    let caller = scene.desk.caller(&boss).await;
    let tell = everything(vec![Effect::NotifyQueue {}]);
    let (desk, now) = (&scene.desk.desk, scene.desk.now());
    desk.save_rule(&caller, None, "All of them", true, tell, now)
        .await
        .unwrap();
    scene.sweep().await;
    for id in &ids {
        let fired = scene.events(*id, EventKind::RuleFired).await;
        assert!(
            fired.iter().any(|it| it["rule"] == "All of them"),
            "it held for all"
        );
    }
    let mut owner = database::connect(&scene.desk.database).await;
    let mut told = async || -> (i64, i64) {
        sqlx::query_as(
            "select count(*), count(*) filter (where data->>'because' like '%many tickets%') from notification
             where person_id = $1 and kind = 'rule_fired' and data->>'rule' = 'All of them'",
        )
        .bind(scene.engineer.id.0)
        .fetch_one(&mut owner)
        .await
        .unwrap()
    };
    let few = i64::from(MAX_NOTICES) + 1;
    assert_eq!(told().await, (few, 1));
    scene.pass(TimeDelta::minutes(3));
    let id = scene.file().await;
    scene.release(id).await;
    scene.sweep().await;
    assert_eq!(told().await, (few + 1, 1), "one every three minutes");
    let pressing = scene.file().await;
    let (caller, now) = (scene.caller().await, scene.desk.now());
    let version = scene.ticket(pressing).await.version;
    desk.set_impact_urgency(&caller, pressing, version, Impact::Site, Urgency::High, now)
        .await
        .unwrap();
    scene.release(pressing).await;
    scene.sweep().await;
    assert_eq!(scene.ticket(pressing).await.priority, Priority::P1);
    assert_eq!(told().await, (few + 2, 1), "a P1 is never held back");
}
