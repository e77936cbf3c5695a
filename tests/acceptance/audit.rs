//! The audit log: added to by the product, rewritten by nobody, and whoever rewrites it behind its back is found (AT-AUD-1).

use std::collections::BTreeSet;

use chrono::TimeDelta;
use sqlx::{AssertSqlSafe, Executor as _};
use support::database;
use support::html::Page;
use support::product::Tierdesk;
use support::world::World;
use tierdesk_desk::conversation::Afterwards;
use tierdesk_web::Audience;
use tierdesk_worker::sealer::Sealer;

use crate::clock::Scene;
use crate::matrix;

async fn sealed() -> Tierdesk {
    let tierdesk = Tierdesk::start().await;
    let priya = tierdesk.requester("Priya Nair").await;
    for number in 0..6 {
        tierdesk
            .file(&priya, &format!("Ticket {number}"), "It does not work")
            .await;
    }
    Sealer::new(tierdesk.desk.clone())
        .run_once(tierdesk.now())
        .await
        .unwrap();
    tierdesk
}

#[tokio::test]
async fn the_product_itself_cannot_rewrite_its_log() {
    let tierdesk = sealed().await;
    for statement in [
        "update audit set action = 'x'",
        "delete from audit",
        "truncate audit",
        "update audit_seal set hash = '\\x00'",
        "delete from audit_seal",
        "truncate audit_seal cascade",
        "delete from event",
    ] {
        let mut owner = database::connect(&tierdesk.database).await;
        owner.execute("set role tierdesk_app").await.unwrap();
        let refused = owner.execute(statement).await.unwrap_err();
        let code = refused
            .as_database_error()
            .and_then(|it| it.code().map(|it| it.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn whoever_edits_takes_out_or_moves_a_row_is_found() {
    let tierdesk = sealed().await;
    let fine = tierdesk.desk.verify_audit(tierdesk.now()).await.unwrap();
    assert!(fine.is_ok_and(|rows| rows >= 6));
    for breaking in [
        "update audit set detail = '{\"x\": 1}' where seq = (select min(seq) + 3 from audit)",
        "update audit set actor_kind = 'rule' where seq = (select max(seq) from audit)",
        "alter table audit_seal drop constraint audit_seal_seq_fkey; delete from audit where seq = (select min(seq) + 2 from audit)",
        "delete from audit_seal where position = (select min(position) + 1 from audit_seal)",
    ] {
        let tierdesk = sealed().await;
        let mut owner = database::connect(&tierdesk.database).await;
        owner.execute(breaking).await.unwrap();
        let verdict = tierdesk.desk.verify_audit(tierdesk.now()).await.unwrap();
        assert!(verdict.is_err(), "{breaking}");
    }
}

#[tokio::test]
async fn rows_that_no_worker_sealed_are_reported() {
    let tierdesk = sealed().await;
    let tom = tierdesk.requester("Tom Okafor").await;
    tierdesk.file(&tom, "One more", "It does not work").await;
    tierdesk.clock.advance(TimeDelta::minutes(2));
    assert!(
        tierdesk
            .desk
            .verify_audit(tierdesk.now())
            .await
            .unwrap()
            .is_err()
    );
    Sealer::new(tierdesk.desk.clone())
        .run_once(tierdesk.now())
        .await
        .unwrap();
    assert!(
        tierdesk
            .desk
            .verify_audit(tierdesk.now())
            .await
            .unwrap()
            .is_ok()
    );
}

#[tokio::test]
async fn a_row_that_is_committed_after_later_ones_were_sealed_is_sealed_too() {
    let tierdesk = sealed().await;
    let sealer = Sealer::new(tierdesk.desk.clone());
    // What was sealed this long ago is settled.
    tierdesk.clock.advance(TimeDelta::minutes(5));
    let mut slow = database::connect(&tierdesk.database).await;
    let slowly = "begin; insert into audit (at, actor_kind, action, object_kind, object_id, detail, ip, request_id)
                  values (now(), 'system', 'slow', 'test', '1', '{}', '', '')";
    slow.execute(slowly).await.unwrap();
    let tom = tierdesk.requester("Tom Okafor").await;
    tierdesk.file(&tom, "One more", "It does not work").await;
    sealer.run_once(tierdesk.now()).await.unwrap();
    // Also where the machine was halted meanwhile, so that its clock leaps.
    tierdesk.clock.advance(TimeDelta::hours(1));
    slow.execute("commit").await.unwrap();
    sealer.run_once(tierdesk.now()).await.unwrap();
    let left = "select count(*) from audit where seq not in (select seq from audit_seal)";
    let left = sqlx::query_scalar::<_, i64>(left).fetch_one(&mut slow);
    assert_eq!(left.await.unwrap(), 0);
    let verdict = tierdesk.desk.verify_audit(tierdesk.now()).await.unwrap();
    assert!(verdict.is_ok(), "{verdict:?}");
}

/// Tables that hold no more than what somebody looked at or has not sent, and the log itself.
const NO_STATE: [&str; 6] = [
    "audit",
    "draft",
    "presence",
    "rate_limit",
    "read_mark",
    "session",
];
/// Forms that change nothing but what their sender's own pages look like or show as read.
const ONES_OWN: [&str; 4] = [
    "/my/{number}/seen",
    "/notifications/read",
    "/profile/theme",
    "/tickets/{number}/seen",
];
/// Forms that must have changed something, or the walk says nothing.
const SURELY: [&str; 17] = [
    "/admin/categories/new",
    "/admin/categories/{id}",
    "/admin/categories/{id}/move",
    "/admin/categories/{id}/retire",
    "/admin/categories/{id}/return",
    "/admin/priorities",
    "/admin/teams/{id}",
    "/my/{number}/answer",
    "/my/{number}/close",
    "/tickets/{number}/assign",
    "/tickets/{number}/diagnose",
    "/tickets/{number}/escalate",
    "/tickets/{number}/message",
    "/tickets/{number}/priority",
    "/tickets/{number}/resolve",
    "/tickets/{number}/status",
    "/tickets/{number}/subject",
];

/// How many rows each table with state has, and the newest transaction that wrote one; and how many rows the log has.
async fn state(owner: &mut sqlx::PgConnection, query: &str) -> (Vec<(String, i64, i64)>, i64) {
    let rows = sqlx::query_as(AssertSqlSafe(query.to_owned()))
        .fetch_all(&mut *owner)
        .await
        .unwrap();
    let log = sqlx::query_scalar("select count(*) from audit").fetch_one(owner);
    (rows, log.await.unwrap())
}

#[tokio::test]
async fn whatever_a_form_changes_is_in_the_log() {
    let world = World::build().await;
    let mut owner = database::connect(&world.tierdesk.database).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
         and not relname = any($1) order by 1",
    )
    .bind(NO_STATE.map(str::to_owned).to_vec())
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let query = tables
        .iter()
        .map(|table| {
            format!("select '{table}', count(*), coalesce(max(xmin::text::bigint), 0) from {table}")
        })
        .collect::<Vec<_>>()
        .join(" union all ");
    let mut forms = tierdesk_web::table();
    forms.retain(|route| {
        route.method == "POST"
            && route.audience != Audience::HostAgent
            && !ONES_OWN.contains(&route.path)
    });
    // Hosts last: one that was revoked runs no diagnostic any more.
    forms.sort_by_key(|route| route.path.starts_with("/hosts/"));
    let mut changed = BTreeSet::new();
    for route in forms {
        // Requester, engineer, manager, administrator.
        for column in [1, 3, 5, 7] {
            let client = world.client(column).await;
            let fresh = world.another().await.number.0.to_string();
            let mut path = world.path(route.path);
            // A job stands on its ticket; everything else is done to a fresh one.
            if route.path.contains("{number}") && !route.path.contains("/jobs/") {
                path = path.replace(&world.ticket.number.0.to_string(), &fresh);
            }
            let before = state(&mut owner, &query).await;
            let reply = matrix::send(&client, &route, &path, &world.form(route.path)).await;
            let after = state(&mut owner, &query).await;
            if before.0 != after.0 {
                let differ = after.0.iter().filter(|it| !before.0.contains(it));
                let differ: Vec<_> = differ.map(|it| it.0.as_str()).collect();
                assert!(
                    after.1 > before.1,
                    "{} ({}) changed {differ:?} and wrote no row",
                    route.path,
                    reply.status
                );
                changed.insert(route.path);
            }
        }
    }
    let still: Vec<_> = SURELY.iter().filter(|it| !changed.contains(*it)).collect();
    assert!(still.is_empty(), "these changed nothing: {still:?}");
}

#[tokio::test]
async fn what_is_said_on_a_ticket_is_logged_without_the_words() {
    let scene = Scene::new().await;
    let id = scene.file().await;
    let desk = &scene.desk.desk;
    let requester = scene.desk.caller(&scene.requester).await;
    let engineer = scene.caller().await;
    let next = || {
        scene.pass(TimeDelta::seconds(1));
        scene.desk.now()
    };
    let words = "The secret of the tunnel";
    desk.reply(&engineer, id, words, Afterwards::Pending, next())
        .await
        .unwrap();
    desk.answer(&requester, id, words, next()).await.unwrap();
    desk.note(&engineer, id, words, next()).await.unwrap();
    let mut owner = database::connect(&scene.desk.database).await;
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "select action, object_id, detail::text from audit where object_kind = 'ticket' and action <> 'ticket.filed' order by seq",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let actions: Vec<_> = rows.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(
        actions,
        [
            "ticket.replied",
            "ticket.status",
            "ticket.answered",
            "ticket.status",
            "ticket.noted"
        ]
    );
    let number = scene.ticket(id).await.number.0.to_string();
    for (action, object, detail) in rows {
        assert_eq!(object, number, "{action}");
        assert!(!detail.contains("secret"), "{action}: {detail}");
    }
}

/// The rows of a page, by number.
fn rows(page: &Page) -> Vec<String> {
    page.texts("tbody tr summary")
}

#[tokio::test]
async fn the_log_is_paged_and_filtered_by_action_object_and_person() {
    let tierdesk = Tierdesk::start().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let priya = tierdesk.requester("Priya Nair").await;
    let client = tierdesk.sign_in(&ines).await;
    let mut owner = database::connect(&tierdesk.database).await;
    let many = "insert into audit (at, actor_kind, actor_id, action, object_kind, object_id, detail, ip, request_id)
                select now(), 'human', $1, case when n % 2 = 0 then 'walk_a.even' else 'walkxa.odd' end, 'ticket', (n % 3)::text,
                       '{}', '', '' from generate_series(1, 460) as n";
    sqlx::query(many)
        .bind(priya.id.0)
        .execute(&mut owner)
        .await
        .unwrap();

    // An underscore is an underscore: only the even ones, a hundred on a page, each once, the newest first.
    let mut address = "/admin/audit?action=walk_a".to_owned();
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = client.get(&address).await.page();
        assert_eq!(page.attribute("#action", "value"), "walk_a");
        let actions = page.texts("tbody td[data-l=Action]");
        assert!(actions.iter().all(|it| it == "walk_a.even"), "{actions:?}");
        seen.extend(rows(&page));
        pages += 1;
        match page.attributes(".pager a", "href").pop() {
            Some(older) => address = older,
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (230, 3));
    let number = |row: &String| {
        row.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<i64>()
            .unwrap()
    };
    assert!(seen.iter().map(number).is_sorted_by(|a, b| a > b));

    // By object, also as people write it, together with an action; and by who did it.
    let count = async |asked: &str| {
        let page = client.get(&format!("/admin/audit?{asked}")).await.page();
        (rows(&page).len(), page.has(".pager a"))
    };
    assert_eq!(count("action=walkxa&object=%231").await, (77, false));
    assert_eq!(count(&format!("actor={}", priya.id)).await, (100, true));
    assert_eq!(
        count(&format!("actor={}&action=audit.read", ines.id)).await,
        (6, false)
    );
    assert_eq!(count("action=nothing").await, (0, false));
}
