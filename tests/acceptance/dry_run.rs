//! Dry runs: what a changed rule, policy or calendar would have done to the tickets of the last days. Nothing is written.

use chrono::TimeDelta;
use serde_json::json;
use tierdesk_desk::DeskError;
use tierdesk_desk::dry_run::{About, Done, DryRun, Line, MAX_LINES, Trial};
use tierdesk_domain::calendar::CalendarDocument;
use tierdesk_domain::escalation::{Condition, Effect, MAX_MOVES, Only, Rule};
use tierdesk_domain::id::{DocumentId, TicketId};
use tierdesk_domain::sla::{Metric, Policy};
use tierdesk_domain::tier::Tier;

use crate::clock::{Scene, about};
use crate::escalation::meant;

fn unassigned(minutes: u32) -> Rule {
    Rule {
        only: Only::default(),
        conditions: vec![Condition::UnassignedFor { minutes }],
        effects: vec![
            Effect::RaisePriority { to: None },
            Effect::Move {
                team: None,
                tier: Some(Tier::L2),
                skill: None,
            },
        ],
    }
}

/// A dry run to its end.
async fn whole<O: Default + Send + 'static>(mut run: DryRun<O>) -> Trial<O> {
    while run.step().await.unwrap().is_some() {}
    run.trial()
}

/// When each ticket would have set the changed rule off, by number.
fn times<O>(trial: &Trial<O>) -> Vec<(i64, i64)> {
    let time = |line: &Line| (line.number.0, line.after.unwrap().timestamp());
    trial.lines.iter().map(time).collect()
}

/// When each ticket did set a rule off.
async fn really(scene: &Scene, rule: &str) -> Vec<(i64, i64)> {
    let mut conn = support::database::connect(&scene.desk.database).await;
    sqlx::query_as(
        "select t.number, extract(epoch from f.fired_at)::bigint - f.late_by_seconds from rule_firing f join ticket t on t.id = f.ticket_id
         join configuration c on c.id = f.rule_id and c.name = $1",
    )
    .bind(rule)
    .fetch_all(&mut conn)
    .await
    .unwrap()
}

/// Three tickets: one is taken after 20 minutes, one after 50, one never. It is Friday noon then.
async fn week() -> (Scene, Vec<TicketId>) {
    let scene = Scene::new().await;
    let mut tickets = Vec::new();
    for _ in 0..3 {
        let id = scene.file().await;
        scene.release(id).await;
        tickets.push(id);
    }
    let caller = scene.caller().await;
    for (i, wait) in [20, 30].into_iter().enumerate() {
        scene.pass(TimeDelta::minutes(wait));
        let me = Some(scene.engineer.id);
        let desk = &scene.desk.desk;
        desk.assign(&caller, tickets[i], me, None, scene.desk.now())
            .await
            .unwrap();
    }
    scene.at("2026-06-05T12:00:00Z");
    (scene, tickets)
}

/// Everything that a dry run could have written.
async fn written(scene: &Scene) -> (i64, i64, i64, i64, i64) {
    let mut conn = support::database::connect(&scene.desk.database).await;
    sqlx::query_as(
        "select (select count(*) from event), (select count(*) from rule_firing), (select count(*) from configuration),
                (select count(*) from outbox), (select count(*) from timer)",
    )
    .fetch_one(&mut conn)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rule_is_tried_beside_the_one_in_force_and_nothing_is_written() {
    let (scene, tickets) = week().await;
    let boss = scene.desk.administrator("Adam Boss").await;
    let caller = scene.desk.caller(&boss).await;
    let (desk, now) = (&scene.desk.desk, scene.desk.now());
    let id = desk
        .save_rule(&caller, None, "Slow", true, unassigned(60), now)
        .await
        .unwrap();
    let before = written(&scene).await;
    let trial = whole(
        desk.replay_rule(&caller, Some(id), unassigned(40), 30, now)
            .await
            .unwrap(),
    )
    .await;
    assert_eq!((trial.days, trial.looked), (30, 3));
    let done = |n| Done {
        fired: n,
        moved: n,
        asked: 0,
        raised: n,
    };
    assert_eq!(trial.outcome.before, Some(done(1)));
    assert_eq!(trial.outcome.after, done(2));
    let numbers: Vec<_> = trial.lines.iter().map(|line| line.number).collect();
    let number = |i: usize| scene.ticket(tickets[i]);
    assert_eq!(
        numbers,
        [number(2).await.number, number(1).await.number],
        "the newest first"
    );
    let minutes = |line: usize| {
        let at = trial.lines[line].after.unwrap();
        (at - "2026-06-01T09:00:00Z"
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap())
        .num_minutes()
    };
    assert_eq!((minutes(0), minutes(1)), (40, 40));
    assert!(
        trial.lines.iter().all(|line| line.title.is_none()),
        "administrators learn numbers, not content"
    );
    assert_eq!(written(&scene).await, before);

    let nobody = scene.caller().await;
    let denied = desk
        .replay_rule(&nobody, None, unassigned(40), 30, now)
        .await;
    assert!(matches!(denied, Err(DeskError::Denied)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_the_rule_then_really_does() {
    let (scene, tickets) = week().await;
    let boss = scene.desk.administrator("Adam Boss").await;
    let caller = scene.desk.caller(&boss).await;
    let desk = &scene.desk.desk;
    scene.at("2026-06-01T09:00:00Z");
    desk.save_rule(
        &caller,
        None,
        "Quick",
        true,
        unassigned(240),
        scene.desk.now(),
    )
    .await
    .unwrap();
    scene.at("2026-06-05T12:00:00Z");
    scene.sweep().await;
    let trial = whole(
        desk.replay_rule(&caller, None, unassigned(240), 30, scene.desk.now())
            .await
            .unwrap(),
    )
    .await;
    let (tried, really) = (times(&trial), really(&scene, "Quick").await);
    assert_eq!(tried, really);
    assert_eq!(tried[0].0, scene.ticket(tickets[2]).await.number.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_no_move_to_where_nobody_works_and_none_beyond_what_rules_may() {
    let (scene, _) = week().await;
    let boss = scene.desk.administrator("Adam Boss").await;
    let caller = scene.desk.caller(&boss).await;
    let desk = &scene.desk.desk;
    let network = scene.desk.team("Network").await;
    let now = scene.desk.now();
    let vpn = desk
        .add_skill(&caller, "VPN", "", false, now)
        .await
        .unwrap();
    let asking = |team, tier, skill| Rule {
        effects: vec![Effect::Move {
            team: Some(team),
            tier: Some(tier),
            skill,
        }],
        ..unassigned(40)
    };
    let to = |team, tier| asking(team, tier, None);
    let tried = async |rule| {
        let now = scene.desk.now();
        let run = desk.replay_rule(&caller, None, rule, 30, now).await;
        let done = whole(run.unwrap()).await.outcome.after;
        (done.fired, done.moved, done.asked)
    };
    let skilled = || asking(network, Tier::L2, Some(vpn));
    assert_eq!(tried(skilled()).await, (2, 0, 0));
    scene.desk.engineer("Ana Reis", "Network", Tier::L2).await;
    assert_eq!(tried(skilled()).await, (2, 2, 2));

    // All three are sent to and fro, as often as rules may.
    let team = scene.desk.team("Service Desk").await;
    for turn in 1..=MAX_MOVES {
        let wait = Condition::TimeInTier {
            minutes: turn.into(),
        };
        let rule = Rule {
            conditions: vec![wait],
            ..to(team, if turn % 2 == 0 { Tier::L1 } else { Tier::L3 })
        };
        let (name, now) = (format!("Turn {turn}"), scene.desk.now());
        desk.save_rule(&caller, None, &name, true, rule, now)
            .await
            .unwrap();
        scene.pass(TimeDelta::minutes(turn.into()));
        scene.sweep().await;
    }
    let later = Rule {
        conditions: vec![meant("tier:L3"), Condition::TimeInTier { minutes: 30 }],
        ..skilled()
    };
    scene.pass(TimeDelta::minutes(60));
    assert_eq!(tried(later).await, (3, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_from_when_the_bot_found_nothing_to_do() {
    let scene = Scene::new().await;
    let boss = scene.desk.administrator("Adam Boss").await;
    let caller = scene.desk.caller(&boss).await;
    let desk = &scene.desk.desk;
    let rule = || unassigned(60);
    desk.save_rule(&caller, None, "Quick", true, rule(), scene.desk.now())
        .await
        .unwrap();
    let requester = scene.desk.caller(&scene.requester).await;
    let ticket = desk
        .file_ticket(
            &requester,
            about("Second screen stays black"),
            scene.desk.now(),
        )
        .await
        .unwrap();
    while desk
        .act_on_next_bot_deadline(scene.desk.now())
        .await
        .unwrap()
    {}
    assert!(!scene.ticket(ticket.id).await.bot_holds);
    scene.pass(TimeDelta::minutes(61));
    scene.sweep().await;
    // Only now a human does anything.
    scene.pass(TimeDelta::minutes(30));
    let me = Some(scene.engineer.id);
    let engineer = scene.caller().await;
    desk.assign(&engineer, ticket.id, me, None, scene.desk.now())
        .await
        .unwrap();
    let trial = desk
        .replay_rule(&caller, None, rule(), 30, scene.desk.now())
        .await
        .unwrap();
    let really = really(&scene, "Quick").await;
    assert_eq!(really.len(), 1);
    assert_eq!(times(&whole(trial).await), really);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_from_when_the_bot_handed_it_over() {
    let scene = Scene::new().await;
    let requester = crate::bot::settled(&scene.desk).await;
    let sid = scene
        .desk
        .engineer("Sid Servers", "Servers", Tier::L2)
        .await;
    let boss = scene.desk.administrator("Adam Boss").await;
    let boss = scene.desk.caller(&boss).await;
    let desk = &scene.desk.desk;
    desk.save_rule(&boss, None, "Quick", true, unassigned(30), scene.desk.now())
        .await
        .unwrap();
    let labels = &["vantage=server"];
    let server = scene.desk.stand_in_host("vantage", None, labels).await;
    let text = "I cannot reach https://portal.example.org";
    let ticket = scene.desk.file(&requester, "Portal", text).await;
    scene.desk.run_bot().await;
    let refused = |entry: &str| match entry {
        "net.tcp" => json!({"resolves": true, "attempts": [{"outcome": "refused"}]}),
        other => crate::bot::healthy(other),
    };
    crate::bot::answer(&scene.desk, &ticket, server, refused).await;
    scene.pass(TimeDelta::minutes(31));
    scene.sweep().await;
    // Only now a human does anything.
    scene.pass(TimeDelta::minutes(60));
    let sid = scene.desk.caller(&sid).await;
    let has_it = sid.person_id();
    desk.assign(&sid, ticket.id, has_it, None, scene.desk.now())
        .await
        .unwrap();
    let trial = desk
        .replay_rule(&boss, None, unassigned(30), 30, scene.desk.now())
        .await
        .unwrap();
    let really = really(&scene, "Quick").await;
    assert_eq!(really.len(), 1);
    assert_eq!(times(&whole(trial).await), really);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_policy_or_calendar_says_which_promises_it_would_have_broken() {
    let (scene, _) = week().await;
    let boss = scene.desk.administrator("Adam Boss").await;
    let caller = scene.desk.caller(&boss).await;
    let (desk, now) = (&scene.desk.desk, scene.desk.now());
    let mut conn = desk.acquire().await.unwrap();
    let policy = tierdesk_store::configuration::current::<Policy>(&mut conn, "sla_policy")
        .await
        .unwrap()
        .remove(0);
    let calendar =
        tierdesk_store::configuration::current::<CalendarDocument>(&mut conn, "calendar")
            .await
            .unwrap()
            .remove(0);
    drop(conn);
    desk.save_rule(&caller, None, "Slow", true, unassigned(40), now)
        .await
        .unwrap();
    let before = written(&scene).await;

    // Nobody answered: all three first responses were broken, 24 working hours for the resolution are over since Thursday.
    let same = whole(
        desk.replay_policy(&caller, policy.body.clone(), 30, now)
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(same.outcome.broken[&Metric::FirstResponse], (3, 3));
    assert_eq!(same.outcome.broken[&Metric::Resolution], (3, 3));
    assert!(same.lines.is_empty(), "nothing differs");
    // The rules of a new desk fire too; the one that moves tickets finds two that nobody took in time.
    let (rules, with_change) = same.outcome.rules;
    assert_eq!(rules, with_change);
    assert!(rules.fired > rules.moved);
    assert_eq!(rules.moved, 2);

    let mut kinder = policy.body;
    for targets in kinder
        .rules
        .iter_mut()
        .flat_map(|rule| rule.targets.values_mut())
    {
        targets.insert(Metric::Resolution, 60 * 3600);
    }
    let trial = whole(desk.replay_policy(&caller, kinder, 30, now).await.unwrap()).await;
    assert_eq!(trial.outcome.broken[&Metric::Resolution], (3, 0));
    let broken = |line: &&Line| line.about == Some(About::Promise(Metric::Resolution));
    assert_eq!(trial.lines.iter().filter(broken).count(), 3);
    let was = |line: &Line| line.before.is_some() && line.after.is_none();
    assert!(trial.lines.iter().filter(broken).all(was));

    let mut closed = calendar.body;
    for day in 1..=5 {
        let date = format!("2026-06-0{day}").parse().unwrap();
        closed.holidays.insert(date);
    }
    let trial = whole(
        desk.replay_calendar(&caller, calendar.id, closed, 30, now)
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(trial.outcome.broken[&Metric::FirstResponse], (3, 0));
    // In hours that never come no rule has to wait for anything.
    assert_eq!(trial.outcome.rules, (rules, Done::default()));
    let slow = Some(About::Rule("Slow".to_owned()));
    let moved = trial.lines.iter().filter(|line| line.about == slow);
    let moved: Vec<_> = moved.collect();
    assert_eq!(moved.len(), 2);
    assert!(moved.into_iter().all(was));
    assert_eq!(written(&scene).await, before);
    let unknown = DocumentId(uuid::Uuid::nil());
    let tried = desk
        .replay_rule(&caller, Some(unknown), unassigned(5), 30, now)
        .await;
    assert!(matches!(tried, Err(DeskError::NotFound)));
}

/// The form of a rule that holds after 40 minutes without anybody, and is to be tried.
const FORM: [(&str, &str); 12] = [
    ("name", "Not saved"),
    ("if_kind", "unassigned"),
    ("if_number", "40"),
    ("if_choice", ""),
    ("if_text", ""),
    ("then_kind", "queue"),
    ("then_team", ""),
    ("then_tier", ""),
    ("then_choice", ""),
    ("then_text", ""),
    ("days", "30"),
    ("do", "try"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_form_tries_a_rule_before_it_is_saved() {
    let (scene, tickets) = week().await;
    let boss = scene.desk.administrator("Adam Boss").await;
    let team = scene.desk.team("Service Desk").await;
    let client = scene.desk.sign_in(&boss).await;
    let page = client.post("/admin/rules", &FORM).await.page();
    let number = format!("#{}", scene.ticket(tickets[1]).await.number.0);
    let listed = page.texts("#trial table.cards th[scope=row]");
    assert!(listed.contains(&number), "{listed:?}");
    assert!(!page.has("#trial a"), "no link without the right to read");
    assert_eq!(page.attribute("#name", "value"), "Not saved");
    assert_eq!(page.attribute("#unassigned_minutes", "value"), "40");
    let saved = client.get("/admin/rules").await.page();
    assert!(!saved.all_text().contains("Not saved"));

    // Whoever is in a team besides reads its tickets.
    scene.desk.join(&boss, team, Tier::L1).await;
    let insider = scene.desk.sign_in(&boss).await;
    let page = insider.post("/admin/rules", &FORM).await.page();
    assert!(page.has("#trial a[href^=\"/tickets/\"]"));
}

/// Makes copies of a ticket with its story. They come first in a dry run, or last.
async fn copy(scene: &Scene, ticket: TicketId, copies: i32, last: bool) {
    let mut conn = support::database::connect(&scene.desk.database).await;
    for copy in [
        "insert into ticket select (jsonb_populate_record(t, jsonb_build_object('number', nextval('ticket_number'), 'id',
             case when $3 then '00000000' else 'ffffffff' end || substr(gen_random_uuid()::text, 9)))).*
         from ticket t, generate_series(1, $2) where t.id = $1",
        "insert into event select (jsonb_populate_record(e, jsonb_build_object('ticket_id', t.id, 'id', left(e.id::text, 28) || lpad(to_hex(t.number), 8, '0')))).*
         from event e, ticket t where e.ticket_id = $1 and t.id <> $1 and t.title = 'VPN is slow' and $2 > 0 and $3 is not null
         and not exists (select from event own where own.ticket_id = t.id)",
    ] {
        sqlx::query(copy)
            .bind(ticket.0)
            .bind(copies)
            .bind(last)
            .execute(&mut conn)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_looks_at_every_ticket_and_lists_the_first_fifty() {
    let (scene, tickets) = week().await;
    copy(&scene, tickets[1], 1_200, false).await;
    let boss = scene.desk.administrator("Adam Boss").await;
    let caller = scene.desk.caller(&boss).await;
    let (desk, now) = (&scene.desk.desk, scene.desk.now());
    let run = desk.replay_rule(&caller, None, unassigned(40), 30, now);
    let trial = whole(run.await.unwrap()).await;
    assert_eq!(trial.looked, 1_203);
    assert_eq!(trial.lines.len(), MAX_LINES);
    assert_eq!(trial.outcome.after.fired, 1_202, "one was taken in time");
    assert_eq!(trial.outcome.after.fired, trial.lines.len() + trial.more);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_says_how_far_its_dry_run_is_and_only_goes_on_while_somebody_reads_it() {
    let (scene, tickets) = week().await;
    copy(&scene, tickets[1], 1_200, false).await;
    let boss = scene.desk.administrator("Adam Boss").await;
    let client = scene.desk.sign_in(&boss).await;
    let mut page = client.post_live("/admin/rules", &FORM).await;
    let head = page.next().await;
    assert!(head.contains("</h1>") && !head.contains("</html>"));
    let progress = |looked: i32, of: i32| format!(r#"<progress value="{looked}" max="{of}""#);
    assert!(head.contains(&progress(0, 1_203)), "{head}");
    let step = page.next().await;
    assert!(step.contains(&progress(500, 1_203)), "{step}");

    // Nobody asked for more yet, so the next tickets were not read: whoever leaves takes the work along.
    copy(&scene, tickets[1], 600, true).await;
    for (looked, of) in [(1_000, 1_203), (1_500, 1_500)] {
        let step = page.next().await;
        assert!(step.contains(&progress(looked, of)), "{step}");
    }
    let end = page.next().await;
    assert!(end.contains("Tried on 1\u{202f}803 tickets") && end.contains("</html>"));
}
