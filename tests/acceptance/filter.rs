//! The one filter language at work: lists say what the language means, reach no further than their reader, and survive
//! whatever is typed.

use chrono::TimeDelta;
use sqlx::Row;
use support::database;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::filter::read;
use tierdesk_domain::dashboard::View;
use tierdesk_domain::field::one_line;
use tierdesk_domain::filter::Facts;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::ticket::Impact;
use tierdesk_domain::tier::Tier;
use tierdesk_store::ticket::lock;

use crate::clock::{Scene, about};

/// Forty tickets of all kinds, and an engineer who may read them.
async fn mixed() -> (Tierdesk, Someone, Vec<TicketId>) {
    let desk = Tierdesk::start().await;
    let priya = desk.requester("Priya Nair").await;
    let boss = desk.requester("Olga Boss").await;
    let samir = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let network = desk.team("Network").await;
    let mut conn = database::connect(&desk.database).await;
    sqlx::query("update person set vip = true where id = $1")
        .bind(boss.id.0)
        .execute(&mut conn)
        .await
        .unwrap();
    let mut ids = Vec::new();
    for i in 0..40_i32 {
        let who = if i % 5 == 0 { &boss } else { &priya };
        let caller = desk.caller(who).await;
        let title = ["VPN drops", "Printer 50% slow", "Ärger mit a_b"][i as usize % 3];
        let filed = desk
            .desk
            .file_ticket(&caller, about(title), desk.now())
            .await
            .unwrap();
        let statuses = ["new", "open", "pending", "on_hold", "resolved", "closed"];
        sqlx::query(
            "update ticket set bot_holds = false, tier = $2, priority = $3, status = $4, created_at = $5, cycle = $6,
                 team_id = case when $7 then $8 else team_id end, assignee_id = case when $9 then $10::uuid end,
                 next_clock_at = coalesce($11, 'infinity'), next_risk_at = coalesce($11 - interval '1 hour', 'infinity'),
                 category_id = case when $12 then (select id from category where name = 'Network or connection') end,
                 kind = case when $12 then 'request' else 'incident' end
             where id = $1",
        )
        .bind(filed.id.0)
        .bind((i % 3 + 1) as i16)
        .bind((i % 4 + 1) as i16)
        .bind(statuses[i as usize % 6])
        .bind(desk.now() - TimeDelta::hours(i64::from(i) * 5))
        .bind(i % 3 + 1)
        .bind(i % 2 == 0)
        .bind(network.0)
        .bind(i % 4 == 1)
        .bind(samir.id.0)
        .bind((i % 3 != 0).then(|| desk.now() + TimeDelta::minutes(i64::from(i % 7 - 2) * 40)))
        .bind(i % 8 == 3)
        .execute(&mut conn)
        .await
        .unwrap();
        ids.push(filed.id);
    }
    (desk, samir, ids)
}

async fn found(desk: &Tierdesk, who: &Someone, text: &str) -> Vec<i64> {
    let caller = desk.caller(who).await;
    let found = desk
        .desk
        .filtered(&caller, text, None, (None, 1000), desk.now())
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    assert!(!found.gave_up);
    let mut numbers: Vec<_> = found.lines.iter().map(|line| line.number.0).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn a_list_shows_what_the_language_means() {
    let (desk, samir, ids) = mixed().await;
    let mut conn = database::connect(&desk.database).await;
    let mut held = desk.desk.acquire().await.unwrap();
    let now = desk.now();
    let mut some = 0;
    for text in [
        "",
        "team:network",
        "-team:network tier:L1,L2",
        "team:Network,\"service desk\" priority:P1",
        "priority:P1,P2 -priority:P2",
        "status:resolved,closed,open",
        "-status:pending",
        "category:\"network or connection\"",
        "-category:\"network or connection\" kind:incident",
        "kind:request channel:web",
        "vip:yes",
        "-vip:yes assigned:nobody",
        "assigned:me",
        "assigned:\"samir haddad\",nobody tier:L2",
        "-assigned:me",
        "-assigned:nobody",
        "requester:\"Olga Boss\" -tier:L3",
        "age>2d age<1w",
        "-age>2d",
        "reopened>=1",
        "-reopened>1",
        "risk:yes",
        "risk:no",
        "breached:yes",
        "-breached:yes -risk:yes",
        "risk:yes risk:no",
        "vpn",
        "-vpn title~printer",
        "title~50%",
        "title~a_b",
        "title~ärger",
        "tier:L1 tier:L2",
    ] {
        let selection = read(&mut held, text, Some(samir.id)).await.unwrap();
        let mut expected = Vec::new();
        for id in &ids {
            let ticket = lock(&mut held, *id).await.unwrap().unwrap();
            let vip: bool = sqlx::query("select vip from person where id = $1")
                .bind(ticket.requester.0)
                .fetch_one(&mut conn)
                .await
                .unwrap()
                .get(0);
            let facts = Facts {
                team: ticket.team,
                tier: ticket.tier,
                priority: ticket.priority,
                status: ticket.status,
                kind: ticket.kind,
                channel: ticket.channel,
                category: ticket.category,
                organisation: ticket.organisation,
                requester: ticket.requester,
                assignee: ticket.assignee,
                host: ticket.host,
                vip,
                opened_at: ticket.created_at,
                reopened: ticket.cycle.unsigned_abs() - 1,
                risk_at: ticket.next_risk_at,
                due_at: ticket.next_clock_at,
                title: &ticket.title,
            };
            let shown = ticket.status.is_open() || selection.statuses.any.is_some();
            if shown && selection.matches(&facts, now) {
                expected.push(ticket.number.0);
            }
        }
        expected.sort_unstable();
        some += usize::from(!expected.is_empty());
        assert_eq!(found(&desk, &samir, text).await, expected, "{text}");
    }
    assert!(some > 25, "most of these find something");
}

#[tokio::test]
async fn a_filter_reaches_no_further_than_its_reader() {
    let (desk, samir, _) = mixed().await;
    let mut conn = database::connect(&desk.database).await;
    let all = found(&desk, &samir, "").await;
    sqlx::query("update team set restricted = true where name = 'Network'")
        .execute(&mut conn)
        .await
        .unwrap();
    let network: Vec<i64> = sqlx::query_scalar(
        "select number from ticket t join team on team.id = t.team_id where team.name = 'Network'",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let left = found(&desk, &samir, "").await;
    assert!(left.len() < all.len());
    assert!(network.iter().all(|number| !left.contains(number)));
    assert_eq!(
        found(&desk, &samir, "team:network").await,
        Vec::<i64>::new()
    );

    let manager = desk.manager("Mia Manager").await;
    assert_eq!(
        found(&desk, &manager, "").await,
        all,
        "who answers for all teams"
    );
    let (priya, admin) = (
        desk.requester("Pia Other").await,
        desk.administrator("Adam").await,
    );
    for (who, status) in [(&priya, 403), (&admin, 403), (&manager, 200), (&samir, 200)] {
        let client = desk.sign_in(who).await;
        assert_eq!(
            client.get("/tickets?q=vpn").await.status,
            status,
            "{}",
            who.name
        );
    }
}

#[tokio::test]
async fn whatever_is_typed_is_a_list_or_a_sentence_and_never_more() {
    let (desk, samir, _) = mixed().await;
    let client = desk.sign_in(&samir).await;
    for typed in [
        "\"'; drop table ticket; --\"",
        "title~') or 1=1 --",
        "team:Network' or '1'='1",
        "title~%",
        "title~_",
        "title~\\",
        "age>99999999999999d",
        "age<0s",
        "reopened>=-1",
        "\0",
        "\u{202e}title~x",
        "<script>alert(1)</script>",
        "tier:L1,L1,L1,,",
        "-",
        "--",
        ":",
        ",",
        "\"",
    ] {
        let encoded: String = url(typed);
        for address in ["/tickets", "/queue", "/queue/L1/Service%20Desk"] {
            let reply = client.get(&format!("{address}?q={encoded}")).await;
            assert!(
                [200, 422].contains(&reply.status.as_u16()),
                "{typed}: {}",
                reply.status
            );
            let page = reply.page();
            assert_eq!(page.attribute("#q", "value"), one_line(typed), "it is kept");
            assert_eq!(reply.status == 422, page.has("#q-e"), "{typed}");
            assert!(!page.has("main script"));
        }
    }
    assert!(
        !found(&desk, &samir, "").await.is_empty(),
        "the tickets are still there"
    );
    let percent = found(&desk, &samir, "title~%").await;
    let all = found(&desk, &samir, "").await;
    assert!(percent.len() < all.len(), "a sign is a sign and no pattern");
}

fn url(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn a_queue_is_filtered_in_its_address_and_still_paged_by_key() {
    let desk = Tierdesk::start().await;
    let priya = desk.requester("Priya Nair").await;
    let samir = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let caller = desk.caller(&priya).await;
    for i in 0..130 {
        let title = if i % 2 == 0 {
            "VPN drops"
        } else {
            "Printer jams"
        };
        desk.desk
            .file_ticket(&caller, about(title), desk.now())
            .await
            .unwrap();
    }
    let mut conn = database::connect(&desk.database).await;
    sqlx::query("update ticket set bot_holds = false")
        .execute(&mut conn)
        .await
        .unwrap();
    let client = desk.sign_in(&samir).await;
    let mut address = "/queue/L1/Service%20Desk?view=free&q=vpn+tier%3AL1".to_owned();
    let mut seen = Vec::new();
    for expected in [50, 15] {
        let page = client.get(&address).await.page();
        assert_eq!(page.attribute("#q", "value"), "vpn tier:L1");
        let titles = page.texts(".c-subj .t");
        assert_eq!(titles.len(), expected);
        assert!(titles.iter().all(|title| title == "VPN drops"));
        seen.extend(page.texts(".c-num"));
        let tabs = page.attributes(".tabs a", "href");
        assert!(tabs.iter().all(|href| href.contains("&q=vpn")), "{tabs:?}");
        if expected == 50 {
            address = page.attribute(".pager a[rel=next]", "href");
        } else {
            assert!(!page.has(".pager a[rel=next]"));
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 65, "each once");

    let wrong = client
        .get("/queue/L1/Service%20Desk?q=tier%3AL1+team%3ANetwrok")
        .await;
    assert_eq!(wrong.status, 422);
    let page = wrong.page();
    assert_eq!(page.text("mark"), "Netwrok");
    assert!(
        page.text("#q-e").contains("Service Desk"),
        "{}",
        page.text("#q-e")
    );
    let none = client.get("/tickets?q=title~nothing").await.page();
    assert_eq!(none.text(".empty b"), "No ticket matches");
}

#[tokio::test]
async fn engineers_find_what_is_at_risk_in_all_queues_the_next_due_first() {
    let (desk, samir, _) = mixed().await;
    let client = desk.sign_in(&samir).await;
    let page = client.get("/tickets").await.page();
    let risk = page
        .attributes(".tabs a", "href")
        .into_iter()
        .find(|href| href.contains("risk"))
        .unwrap();
    let listed = client.get(&risk).await.page();
    let mut conn = database::connect(&desk.database).await;
    let expected: Vec<i64> = sqlx::query_scalar(
        "select number from ticket where status in ('new', 'open', 'pending', 'on_hold') and next_risk_at <= $1
         order by next_clock_at, id",
    )
    .bind(desk.now())
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let shown: Vec<_> = expected.iter().map(|number| format!("#{number}")).collect();
    assert!(!shown.is_empty());
    assert_eq!(listed.texts(".c-num"), shown);
    assert_eq!(listed.attribute(".tabs a[aria-current=page]", "href"), risk);
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_find_what_is_at_risk_the_next_due_first_with_its_promise() {
    let scene = Scene::new().await;
    // A P3 that is at risk since 12:00 and due at 13:00, and one that is at risk since a moment and due in three minutes.
    scene.file().await;
    scene.at("2026-06-01T12:10:00Z");
    let requester = scene.desk.caller(&scene.requester).await;
    let mut pressing = about("Nobody can sign in");
    pressing.impact = Impact::Site;
    let now = scene.desk.now();
    let filed = scene.desk.desk.file_ticket(&requester, pressing, now);
    filed.await.unwrap();
    scene.at("2026-06-01T12:22:00Z");
    scene.sweep().await;
    let head = scene.desk.manager("Mara Holt").await;
    let client = scene.desk.sign_in(&head).await;
    let page = client.get("/dashboard/tickets?measure=at_risk").await;
    let page = page.page();
    let rows = page.texts("tbody tr");
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows[0].contains("Nobody can sign in"), "{rows:?}");
    assert!(rows[0].contains("First response"), "{rows:?}");
    let due = page.attributes("tbody time", "datetime");
    assert_eq!(due, ["2026-06-01T12:25:00Z", "2026-06-01T13:00:00Z"]);
    let table = client.get("/dashboard/tickets.csv?measure=at_risk").await;
    let lines: Vec<_> = table.body.lines().collect();
    assert!(lines[0].ends_with(",promise at risk"), "{lines:?}");
    assert!(lines[1].ends_with(",first_response"), "{lines:?}");
    assert!(lines[1].starts_with("2026-06-01T12:25:00"), "{lines:?}");

    // What else a ticket has broken brings it no further up: the P3, whose solution is due at 17:00, stands behind another P1.
    scene.at("2026-06-03T12:00:00Z");
    let mut pressing = about("Nobody can print");
    pressing.impact = Impact::Site;
    let now = scene.desk.now();
    let filed = scene.desk.desk.file_ticket(&requester, pressing, now);
    filed.await.unwrap();
    scene.at("2026-06-03T12:12:00Z");
    scene.sweep().await;
    let client = scene.desk.sign_in(&head).await;
    let page = client.get("/dashboard/tickets?measure=at_risk").await;
    let due = page.page().attributes("tbody time", "datetime");
    assert_eq!(due, ["2026-06-03T12:15:00Z", "2026-06-03T17:00:00Z"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_in_one_promise_and_at_risk_in_another_is_in_every_list_and_number_of_both()
{
    let scene = Scene::new().await;
    let id = scene.file().await;
    let (engineer, now) = (scene.caller().await, scene.desk.now());
    let me = Some(scene.engineer.id);
    let desk = &scene.desk.desk;
    desk.assign(&engineer, id, me, None, now).await.unwrap();
    let number = scene.ticket(id).await.number.0;
    let head = scene.desk.manager("Mara Holt").await;
    let head = scene.desk.caller(&head).await;
    // The first response was due on Monday at 13:00; of 24 hours for the resolution 18 are used on Wednesday at 11:00.
    for (time, at_risk, broken) in [
        ("2026-06-01T11:59:59Z", 0, 0),
        ("2026-06-01T12:00:00Z", 1, 0),
        ("2026-06-02T12:00:00Z", 0, 1),
        ("2026-06-03T12:00:00Z", 1, 1),
        ("2026-06-04T12:00:00Z", 0, 1),
    ] {
        scene.at(time);
        scene.sweep().await;
        let listed = |n: usize| vec![number; n];
        let found = async |text| found(&scene.desk, &scene.engineer, text).await;
        assert_eq!(found("risk:yes").await, listed(at_risk), "{time}");
        assert_eq!(found("risk:no").await, listed(1 - at_risk), "{time}");
        assert_eq!(found("breached:yes").await, listed(broken), "{time}");
        let dashboard = desk.dashboard(&head, View::default(), scene.desk.now());
        let counted = dashboard.await.unwrap().at_risk;
        let counted: u64 = counted.iter().map(|it| it.tickets).sum();
        assert_eq!(counted, at_risk as u64, "{time}");
        let client = scene.desk.sign_in(&scene.engineer).await;
        let page = client.get("/queue/L1/Service%20Desk").await.page();
        assert_eq!(page.has(".lede .c-warning"), at_risk > 0, "{time}");
        assert_eq!(page.has(".lede .c-danger"), broken > 0, "{time}");
        let late = page.texts(".tabs a").concat();
        let once = format!("At risk or breached {}", at_risk.max(broken));
        assert!(late.contains(&once), "{time}: {late}");
    }
}
