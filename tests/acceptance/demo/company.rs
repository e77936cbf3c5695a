//! What the demo company is: people, teams, hosts and a month of tickets, and what its people were told.

use sqlx::PgConnection;

use super::{Demo, number, until};

/// The printed sign-ins that have a bell.
const AT_THE_DESK: [&str; 5] = [
    "L1, Service Desk",
    "L2, Network",
    "L3, Network",
    "manager",
    "administrator",
];

async fn count(conn: &mut PgConnection, what: &str) -> i64 {
    let query = format!("select count(*) from {what}");
    let count = sqlx::query_scalar(sqlx::AssertSqlSafe(query));
    count.fetch_one(conn).await.unwrap()
}

/// The company as its database has it; `filed` are tickets that came after its month.
pub(super) async fn is_whole(conn: &mut PgConnection, filed: i64) {
    let people = count(conn, "person where deactivated_at is null").await;
    assert!((35..=45).contains(&people), "{people} people");
    assert_eq!(count(conn, "team").await, 6);
    assert_eq!(count(conn, "host where state = 'active'").await, 12);
    let recorded = "host where 'demo-recorded' = any (labels)";
    assert_eq!(count(conn, recorded).await, 11);
    // Those have no invented results.
    let jobs = "job j join host h on h.id = j.host_id where 'demo-recorded' = any (h.labels)";
    assert_eq!(count(conn, jobs).await, 0);

    assert_eq!(count(conn, "ticket").await, 120 + filed);
    let of_the_month = "ticket where created_at between now() - interval '31 days' and now()";
    assert_eq!(count(conn, of_the_month).await, 120 + filed);
    let days = "(select distinct created_at::date from ticket) days";
    let days = count(conn, days).await;
    assert!(days >= 15, "filed on {days} days");
    let lately = count(conn, "ticket where created_at > now() - interval '7 days'").await;
    assert!((30..=90).contains(&lately), "{lately} in the last week");
    // Work of all kinds: by tiers, by the bot, done and in hand.
    for (what, least) in [
        ("ticket where status = 'closed'", 20),
        (
            "ticket where status in ('new', 'open', 'pending', 'on_hold')",
            10,
        ),
        ("ticket where tier > 1", 10),
        ("event where kind = 'escalated'", 20),
        ("event where kind = 'resolved' and actor_kind = 'bot'", 5),
        ("event where kind = 'acknowledged'", 1),
        ("event where kind = 'reopened'", 1),
    ] {
        let found = count(conn, what).await;
        assert!(found >= least, "{found} of {what}");
    }
    // Nobody lets a path ask for long: people acknowledge.
    let ignored = "in_charge where state = 'running' and started_at < now() - interval '4 days'";
    assert_eq!(count(conn, ignored).await, 0);
}

/// Eleven hosts were recorded and are away; one is this very machine, with its agent at work.
pub(super) fn hosts_are_shown(demo: &Demo) {
    let engineer = demo.sign_in("L3, Network");
    until("the agent never came", || {
        let hosts = engineer.page("/hosts");
        let lines = hosts.texts("main tbody tr");
        assert_eq!(lines.len(), 12);
        let recorded = lines.iter().filter(|it| it.contains("demo-recorded"));
        for line in recorded.clone() {
            assert!(line.contains("Offline"), "{line}");
        }
        assert_eq!(recorded.count(), 11);
        let here = lines.iter().find(|it| !it.contains("demo-recorded"));
        here.unwrap().contains("Online")
    });
}

/// Whoever signs in was told something that they have not seen, and no more than one reads with a coffee.
pub(super) fn bells_are_believable(demo: &Demo) {
    for part in AT_THE_DESK {
        let page = demo.sign_in(part).page("/notifications");
        let unread = match page.has("nav [data-unread][hidden]") {
            true => 0,
            false => number(&page.text("nav [data-unread-count]")),
        };
        assert!((1..=15).contains(&unread), "{part}: {unread}");
    }
}
