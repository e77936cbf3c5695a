//! Deadlines of tickets: whoever holds a ticket holds its deadlines, nobody waits for anybody in a circle, and what cannot be
//! done is tried again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Connection, PgConnection};
use tierdesk_domain::escalation::{Condition, Effect};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::timer;
use tierdesk_worker::bot::Bot;

use crate::clock::Scene;
use crate::escalation::rule;

const PATIENCE: Duration = Duration::from_secs(20);

impl Scene {
    /// Tickets that nobody takes for so long that a rule holds on them.
    async fn overdue(&self, n: usize) -> Vec<TicketId> {
        let raise = Effect::RaisePriority { to: None };
        let effects = vec![raise, Effect::NotifyQueue {}];
        let unassigned = Condition::UnassignedFor { minutes: 30 };
        self.save("Raise", rule(unassigned, effects)).await;
        self.sweep().await;
        let mut tickets = Vec::new();
        for _ in 0..n {
            let id = self.file().await;
            self.release(id).await;
            tickets.push(id);
        }
        self.pass(TimeDelta::minutes(45));
        tickets
    }
}

async fn hold(conn: &mut PgConnection, id: TicketId) {
    sqlx::query("begin").execute(&mut *conn).await.unwrap();
    sqlx::query("select from ticket where id = $1 for update")
        .bind(id.0)
        .execute(conn)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_leaves_a_ticket_to_whoever_holds_it_and_they_can_move_the_deadline_meanwhile() {
    let scene = Scene::new().await;
    let id = scene.overdue(1).await[0];
    let mut person = support::database::connect(&scene.desk.database).await;
    hold(&mut person, id).await;
    let swept = tokio::time::timeout(PATIENCE, scene.sweep()).await;
    assert_eq!(swept, Ok(0), "it neither waits for the ticket nor acts");
    // The lock on a deadline would be waited for here, by somebody for whose ticket its holder waits.
    let moved =
        sqlx::query("update timer set fires_at = $2 where object_id = $1 and kind = 'clock'")
            .bind(id.0)
            .bind(scene.desk.now())
            .execute(&mut person);
    let moved = tokio::time::timeout(PATIENCE, moved).await.unwrap();
    assert_eq!(moved.unwrap().rows_affected(), 1);
    sqlx::query("commit").execute(&mut person).await.unwrap();
    scene.sweep().await;
    assert_eq!(scene.fired(id).await, ["Raise"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_waits_in_vain_for_a_ticket_is_told_that_nothing_was_changed() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.release(id).await;
    let number = scene.ticket(id).await.number;
    let engineer = scene.desk.sign_in(&scene.engineer).await;
    let mut other = support::database::connect(&scene.desk.database).await;
    hold(&mut other, id).await;
    let (path, fields) = (
        format!("/tickets/{}/resolve", number.0),
        [("code", "fixed"), ("answer", "The cable was loose.")],
    );
    let done = engineer.post(&path, &fields);
    let answer = tokio::time::timeout(PATIENCE, done).await.unwrap();
    assert_eq!(answer.status, 503);
    let page = answer.page().all_text();
    assert!(page.contains("Nothing was changed half-way."), "{page}");
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    assert!(scene.events(id, EventKind::Resolved).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_leaves_a_ticket_to_whoever_holds_it_and_goes_on_with_the_others() {
    let scene = Scene::new().await;
    let (held, free) = (scene.file().await, scene.file().await);
    let mut person = support::database::connect(&scene.desk.database).await;
    hold(&mut person, held).await;
    let bot = Bot::new(scene.desk.desk.clone());
    let step = tokio::time::timeout(PATIENCE, bot.drain(scene.desk.now())).await;
    assert!(step.expect("it waits for the ticket").unwrap() > 0);
    assert_eq!(scene.events(free, EventKind::Triage).await.len(), 1);
    sqlx::query("rollback").execute(&mut person).await.unwrap();
    assert!(scene.events(held, EventKind::Triage).await.is_empty());
    bot.drain(scene.desk.now()).await.unwrap();
    assert_eq!(scene.events(held, EventKind::Triage).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_looked_at_again_after_a_version_was_saved_keeps_no_deadline_from_its_time() {
    let scene = Scene::new().await;
    let ids = scene.overdue(3).await;
    let note = Effect::AddNote {
        text: "Nobody yet.".to_owned(),
    };
    let unassigned = Condition::UnassignedFor { minutes: 40 };
    scene.save("Note", rule(unassigned, vec![note])).await;
    let (desk, now) = (&scene.desk.desk, scene.desk.now());
    while desk.act_on_next_deadline(now).await.unwrap() {}
    let mut conn = support::database::connect(&scene.desk.database).await;
    let waiting = "select count(*) from timer where kind = 'clock_again' and fires_at <= $1";
    let waiting = sqlx::query_scalar::<_, i64>(waiting).bind(now);
    assert_eq!(waiting.fetch_one(&mut conn).await.unwrap(), 3);
    for id in &ids {
        assert!(scene.fired(*id).await.contains(&"Raise".to_owned()));
    }
    while desk.look_at_next_again(now).await.unwrap() {}
    for id in ids {
        assert_eq!(scene.fired(id).await, ["Raise", "Note"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_which_nothing_happens_writes_no_row_of_the_ticket() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    scene.release(id).await;
    let mut conn = support::database::connect(&scene.desk.database).await;
    let mut written = async || -> (String, DateTime<Utc>) {
        sqlx::query_as("select xmin::text, updated_at from ticket where id = $1")
            .bind(id.0)
            .fetch_one(&mut conn)
            .await
            .unwrap()
    };
    let before = written().await;
    scene.pass(TimeDelta::minutes(10));
    let raise = Effect::RaisePriority { to: None };
    let unassigned = Condition::UnassignedFor { minutes: 600 };
    scene.save("Raise", rule(unassigned, vec![raise])).await;
    scene.sweep().await;
    assert_eq!(written().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_cannot_fire_rests_longer_each_time_and_fires_when_it_can() {
    let scene = Scene::new().await;
    let id = scene.overdue(1).await[0];
    let mut conn = support::database::connect(&scene.desk.database).await;
    let broken = "create function broken() returns trigger language plpgsql as $$ begin raise 'broken'; end $$;
                  create trigger broken before insert on rule_firing for each row execute function broken()";
    sqlx::raw_sql(broken).execute(&mut conn).await.unwrap();
    for (tries, rests) in [(1, 30), (2, 60), (3, 120)] {
        scene.sweep().await;
        let (attempts, at): (i32, DateTime<Utc>) = sqlx::query_as(
            "select attempts, fires_at from timer where object_id = $1 and kind = 'clock'",
        )
        .bind(id.0)
        .fetch_one(&mut conn)
        .await
        .unwrap();
        let rest = TimeDelta::seconds(rests);
        assert_eq!((attempts, at), (tries, scene.desk.now() + rest));
        scene.pass(rest);
    }
    sqlx::query("drop trigger broken on rule_firing")
        .execute(&mut conn)
        .await
        .unwrap();
    scene.sweep().await;
    assert_eq!(scene.fired(id).await, ["Raise"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_fails_half_way_leaves_nothing_of_itself_and_keeps_no_other_from_firing() {
    let scene = Scene::new().await;
    let id = scene.overdue(1).await[0];
    let note = Effect::AddNote {
        text: "Nobody has taken it.".to_owned(),
    };
    let later = Condition::UnassignedFor { minutes: 40 };
    scene.save("Note", rule(later, vec![note])).await;
    let before = scene.ticket(id).await.priority;
    let mut conn = support::database::connect(&scene.desk.database).await;
    // What a rule may tell is limited, which "Raise" meets only after it raised the priority.
    let broken = "create function broken() returns trigger language plpgsql as $$ begin raise 'broken'; end $$;
                  create trigger broken before insert on rate_limit for each row execute function broken()";
    sqlx::raw_sql(broken).execute(&mut conn).await.unwrap();
    scene.sweep().await;
    assert_eq!(scene.fired(id).await, ["Note"]);
    assert_eq!(scene.ticket(id).await.priority, before);
    assert!(scene.events(id, EventKind::Priority).await.is_empty());
    assert_eq!(scene.events(id, EventKind::Note).await.len(), 1);

    sqlx::query("drop trigger broken on rate_limit")
        .execute(&mut conn)
        .await
        .unwrap();
    scene.pass(TimeDelta::minutes(5));
    scene.sweep().await;
    assert_eq!(scene.fired(id).await, ["Note", "Raise"]);
    assert_ne!(scene.ticket(id).await.priority, before);
    assert_eq!(scene.events(id, EventKind::Note).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_killed_half_way_leave_nothing_twice_and_nothing_out() {
    let scene = Scene::new().await;
    let tickets = scene.overdue(12).await;
    // Several workers at once; each is killed at another place, then others go on.
    for millis in [1, 3, 8, 15, 30, 60] {
        let kill = Duration::from_millis(millis);
        let work = || tokio::time::timeout(kill, scene.sweep());
        let _killed = tokio::join!(work(), work(), work());
    }
    // What a killed worker had locked is skipped until PostgreSQL rolled that back; the others come again, as their loop does.
    let mut conn = support::database::connect(&scene.desk.database).await;
    for _ in 0..500 {
        tokio::join!(scene.sweep(), scene.sweep());
        let due = "select count(*) from timer where kind = 'clock' and fires_at <= $1";
        let due = sqlx::query_scalar::<_, i64>(due).bind(scene.desk.now());
        if due.fetch_one(&mut conn).await.unwrap() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for id in tickets {
        assert_eq!(scene.fired(id).await, ["Raise"]);
        assert_eq!(
            scene.ticket(id).await.priority,
            Priority::P2,
            "one step, once"
        );
        assert_eq!(scene.mails(id, "Raise").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_for_what_is_due_reads_no_deadlines_that_are_not_also_where_nearly_all_are_of_one_kind()
 {
    let scene = Scene::new().await;
    let now = scene.desk.now();
    let mut owner = support::database::connect(&scene.desk.database).await;
    sqlx::raw_sql(
        "insert into timer (kind, object_id, cycle, fires_at)
             select 'clock', gen_random_uuid(), 1, '2026-07-01T09:00Z'::timestamptz + random() * interval '90 days' from generate_series(1, 60000);
         insert into timer (kind, object_id, cycle, fires_at) values ('report', gen_random_uuid(), 1, '2026-05-01T09:00Z');
         analyze timer",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    let mut conn = scene.desk.desk.acquire().await.unwrap();
    // As often as it takes until PostgreSQL makes no plan for the values of each call any more.
    for round in 0..8 {
        let mut tx = conn.begin().await.unwrap();
        // It hides among so few what a million showed: a plan that reads all of them.
        sqlx::query("set local enable_bitmapscan to off")
            .execute(&mut *tx)
            .await
            .unwrap();
        let kinds = ["skill_ends", "version_in_force", "report", "routing_needs"];
        let other = timer::take(&mut tx, &kinds, now).await.unwrap();
        assert_eq!(other.map(|it| it.kind).as_deref(), Some("report"));
        let tickets = timer::take_of_ticket(&mut tx, &["clock", "routing", "room"], now).await;
        assert_eq!(tickets.unwrap().map(|it| it.kind), None);
        let (scanned, fetched): (i64, i64) = sqlx::query_as(
            "select coalesce(seq_tup_read, 0), coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relname = 'timer'",
        )
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        assert!(scanned + fetched < 200, "{round}: {scanned}, {fetched}");
        tx.rollback().await.unwrap();
    }
}
