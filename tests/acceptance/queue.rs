//! Queues: the next clock first, paged by key, for those who work in them.

use support::database;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::ticket::NewTicket;
use tierdesk_domain::ticket::{Channel, Impact, Urgency};
use tierdesk_domain::tier::Tier;

/// Tickets that the bot has passed on: `engineer` took each and put it back, so that the counts hear of it too.
async fn file(
    desk: &Tierdesk,
    who: &Someone,
    engineer: &Someone,
    titles: impl IntoIterator<Item = String>,
) -> Vec<i64> {
    let caller = desk.caller(who).await;
    let hands = desk.caller(engineer).await;
    let mut numbers = Vec::new();
    for title in titles {
        let new = NewTicket {
            category: None,
            title,
            description: "Words.".to_owned(),
            impact: Impact::Person,
            urgency: Urgency::Medium,
            host: None,
            channel: Channel::Web,
        };
        let now = desk.now();
        let filed = desk.desk.file_ticket(&caller, new, now).await.unwrap();
        let own = Some(engineer.id);
        desk.desk
            .assign(&hands, filed.id, own, None, now)
            .await
            .unwrap();
        desk.desk
            .assign(&hands, filed.id, None, own, now)
            .await
            .unwrap();
        numbers.push(filed.number.0);
    }
    numbers
}

const QUEUE: &str = "/queue/L1/Service%20Desk";

#[tokio::test]
async fn a_queue_shows_the_next_clock_first_and_pages_by_key() {
    let desk = Tierdesk::start().await;
    let priya = desk.requester("Priya Nair").await;
    let samir = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let numbers = file(
        &desk,
        &priya,
        &samir,
        (0..60).map(|i| format!("Ticket {i}")),
    )
    .await;
    let mut conn = database::connect(&desk.database).await;
    // Every second ticket has a clock, the later the ticket the sooner it is due.
    for (i, number) in numbers.iter().enumerate() {
        let due = (i % 2 == 0).then(|| desk.now() + chrono::TimeDelta::minutes(600 - i as i64));
        sqlx::query("update ticket set next_clock_at = coalesce($2, 'infinity'), next_clock = case when $2 is null then null else 'resolution' end where number = $1")
            .bind(number)
            .bind(due)
            .execute(&mut conn)
            .await
            .unwrap();
    }
    let client = desk.sign_in(&samir).await;

    let first = client.get(QUEUE).await.page();
    let next = first.attribute(".pager a[rel=next]", "href");
    let second = client.get(&next).await.page();
    let shown: Vec<i64> = [first.texts(".c-num"), second.texts(".c-num")]
        .concat()
        .iter()
        .map(|n| n[1..].parse().unwrap())
        .collect();

    assert_eq!(first.texts(".c-num").len(), 50);
    let mut expected: Vec<i64> = numbers.iter().copied().step_by(2).collect();
    expected.reverse();
    assert_eq!(
        shown[..30],
        expected,
        "those with a clock first, the soonest on top"
    );
    let mut all = shown.clone();
    all.sort_unstable();
    assert_eq!(all, numbers, "each ticket once");
    assert!(!second.has(".pager a[rel=next]"));
}

#[tokio::test]
async fn the_views_show_what_they_count() {
    let desk = Tierdesk::start().await;
    let priya = desk.requester("Priya Nair").await;
    let samir = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let numbers = file(&desk, &priya, &samir, (0..4).map(|i| format!("Ticket {i}"))).await;
    let client = desk.sign_in(&samir).await;
    client
        .post(
            &format!("/tickets/{}/assign", numbers[0]),
            &[("assignee", "me")],
        )
        .await
        .location();
    client
        .upload(
            &format!("/tickets/{}/message", numbers[0]),
            &[("mode", "reply"), ("body", "Wait."), ("pending", "yes")],
            &[],
        )
        .await
        .location();
    desk.clock.advance(chrono::TimeDelta::days(30));

    let again = desk.sign_in(&samir).await;
    let page = again.get(QUEUE).await.page();
    for (tab, label) in page
        .attributes(".tabs a", "href")
        .iter()
        .zip(page.texts(".tabs a"))
    {
        let count: usize = label.rsplit(' ').next().unwrap().parse().unwrap();
        assert_eq!(
            again.get(tab).await.page().texts(".c-num").len(),
            count,
            "{label}"
        );
    }
    assert_eq!(
        again
            .get(&format!("{QUEUE}?view=mine"))
            .await
            .page()
            .texts(".c-num"),
        [format!("#{}", numbers[0])]
    );
    assert_eq!(
        again.get("/queue").await.page().texts(".c-num"),
        [format!("#{}", numbers[0])]
    );
}

#[tokio::test]
async fn several_tickets_are_taken_at_once_and_the_next_one_with_one_click() {
    let desk = Tierdesk::start().await;
    let priya = desk.requester("Priya Nair").await;
    let samir = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let lena = desk.engineer("Lena Brandt", "Service Desk", Tier::L1).await;
    let numbers = file(&desk, &priya, &samir, (0..3).map(|i| format!("Ticket {i}"))).await;
    let (samir, lena) = (desk.sign_in(&samir).await, desk.sign_in(&lena).await);
    lena.post(
        &format!("/tickets/{}/assign", numbers[0]),
        &[("assignee", "me")],
    )
    .await
    .location();

    let (first, second) = (numbers[0].to_string(), numbers[1].to_string());
    let some = samir
        .post(
            &format!("{QUEUE}/take"),
            &[("ticket", &first), ("ticket", &second)],
        )
        .await;
    assert_eq!(some.location(), format!("{QUEUE}?said=taken_some"));
    let next = samir.post(&format!("{QUEUE}/next"), &[]).await;
    assert_eq!(
        next.location(),
        format!("/tickets/{}?said=taken", numbers[2])
    );
    let none = samir.post(&format!("{QUEUE}/next"), &[]).await;
    assert_eq!(none.location(), format!("{QUEUE}?said=nothing_to_take"));
}

/// Until somebody waits for a lock that another transaction has.
async fn somebody_waits(desk: &Tierdesk) {
    let mut conn = database::connect(&desk.database).await;
    for _ in 0..20_000 {
        let waits: bool = sqlx::query_scalar(
            "select exists (select from pg_locks l join pg_stat_activity a using (pid) where a.datname = current_database() and not l.granted)",
        )
        .fetch_one(&mut conn)
        .await
        .unwrap();
        if waits {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("nobody waits for the ticket");
}

/// Where a ticket is, and who has it.
async fn stands(desk: &Tierdesk, number: i64) -> (i16, Option<uuid::Uuid>) {
    let mut conn = database::connect(&desk.database).await;
    sqlx::query_as("select tier, assignee_id from ticket where number = $1")
        .bind(number)
        .fetch_one(&mut conn)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_colleague_moves_on_while_i_take_it_is_missed_and_the_rest_is_mine() {
    let desk = Tierdesk::start().await;
    let priya = desk.requester("Priya Nair").await;
    let samir = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    desk.engineer("Ana Ferreira", "Network", Tier::L2).await;
    let network = desk.team("Network").await;
    let numbers = file(&desk, &priya, &samir, (0..5).map(|i| format!("Ticket {i}"))).await;
    let me = Some(samir.id.0);

    // The second was escalated since the page was loaded, to another tier, the third to another team.
    let mut colleague = database::connect(&desk.database).await;
    for (number, team) in [(numbers[1], None), (numbers[2], Some(network.0))] {
        sqlx::query(
            "update ticket set tier = 2, team_id = coalesce($2, team_id) where number = $1",
        )
        .bind(number)
        .bind(team)
        .execute(&mut colleague)
        .await
        .unwrap();
    }
    let client = desk.sign_in(&samir).await;
    let ticked: Vec<_> = numbers[..4].iter().map(i64::to_string).collect();
    let fields: Vec<_> = ticked.iter().map(|it| ("ticket", it.as_str())).collect();
    let some = client.post(&format!("{QUEUE}/take"), &fields).await;
    assert_eq!(some.location(), format!("{QUEUE}?said=taken_some"));
    for (number, expected) in numbers[..4]
        .iter()
        .zip([(1, me), (2, None), (2, None), (1, me)])
    {
        assert_eq!(stands(&desk, *number).await, expected, "{number}");
    }

    // The next one is being moved at this very moment, by somebody who is not done: then it is the one after it.
    let more = file(&desk, &priya, &samir, ["Ticket 5".to_owned()]).await;
    let mut conn = desk.desk.acquire().await.unwrap();
    let scope = desk.desk.scope(&desk.caller(&samir).await).unwrap();
    let queue = tierdesk_store::queue::find(&mut conn, &scope, "Service Desk", Tier::L1);
    let queue = queue.await.unwrap().unwrap();
    let free = tierdesk_store::queue::View::Free;
    let lines = tierdesk_store::queue::page(&mut conn, &queue, samir.id, free, None, 9, desk.now());
    let lines: Vec<i64> = lines.await.unwrap().iter().map(|it| it.number.0).collect();
    drop(conn);
    assert!(lines.len() == 2 && [numbers[4], more[0]].iter().all(|it| lines.contains(it)));
    sqlx::query("begin").execute(&mut colleague).await.unwrap();
    sqlx::query("update ticket set tier = 2, team_id = $2 where number = $1")
        .bind(lines[0])
        .bind(network.0)
        .execute(&mut colleague)
        .await
        .unwrap();
    let asked = tokio::spawn(async move { client.post(&format!("{QUEUE}/next"), &[]).await });
    somebody_waits(&desk).await;
    sqlx::query("commit").execute(&mut colleague).await.unwrap();
    let next = asked.await.unwrap();
    assert_eq!(next.location(), format!("/tickets/{}?said=taken", lines[1]));
    assert_eq!(stands(&desk, lines[0]).await, (2, None));
    assert_eq!(stands(&desk, lines[1]).await, (1, me));

    // Who may not act on the queue takes nothing there, whether or not there is anything.
    let nina = desk.engineer("Nina Vogt", "Network", Tier::L2).await;
    let nina = desk.sign_in(&nina).await;
    for form in ["next", "take"] {
        let refused = nina.post(&format!("{QUEUE}/{form}"), &[]).await;
        assert_eq!(refused.status, 403, "{form}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waited_for_somebody_who_moves_a_ticket_to_another_team_still_finds_it() {
    let desk = Tierdesk::start().await;
    let priya = desk.requester("Priya Nair").await;
    let samir = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let network = desk.team("Network").await;
    let number = file(&desk, &priya, &samir, ["Slow".to_owned()]).await[0];
    let mut colleague = database::connect(&desk.database).await;
    sqlx::query("begin").execute(&mut colleague).await.unwrap();
    sqlx::query("update ticket set team_id = $2 where number = $1")
        .bind(number)
        .bind(network.0)
        .execute(&mut colleague)
        .await
        .unwrap();
    let client = desk.sign_in(&samir).await;
    let note = [("mode", "note"), ("body", "I have seen this before.")];
    let path = format!("/tickets/{number}/message");
    let sent = tokio::spawn(async move { client.upload(&path, &note, &[]).await });
    somebody_waits(&desk).await;
    sqlx::query("commit").execute(&mut colleague).await.unwrap();
    let sent = sent.await.unwrap();
    assert_eq!(sent.location(), format!("/tickets/{number}?said=noted"));
}

#[tokio::test]
async fn a_queue_is_for_those_who_may_see_its_tickets() {
    let desk = Tierdesk::start().await;
    let ana = desk.engineer("Ana Ferreira", "Network", Tier::L2).await;
    let priya = desk.requester("Priya Nair").await;
    let team = desk.team("Security").await;
    let mut conn = database::connect(&desk.database).await;
    sqlx::query("update team set restricted = true where id = $1")
        .bind(team.0)
        .execute(&mut conn)
        .await
        .unwrap();

    let client = desk.sign_in(&ana).await;
    assert_eq!(
        client.get(QUEUE).await.status,
        200,
        "engineers read other queues"
    );
    assert!(
        !client
            .get(QUEUE)
            .await
            .page()
            .has("form[action$=\"/next\"]"),
        "and take nothing there"
    );
    for unknown in [
        "/queue/L2/Security",
        "/queue/L2/Nobody",
        "/queue/L9/Network",
        "/queue/x/y",
    ] {
        assert_eq!(client.get(unknown).await.status, 404, "{unknown}");
    }
    assert_eq!(desk.sign_in(&priya).await.get(QUEUE).await.status, 403);
}

#[tokio::test]
async fn an_empty_queue_says_so_and_a_place_that_cannot_be_read_is_its_beginning() {
    let desk = Tierdesk::start().await;
    let samir = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let client = desk.sign_in(&samir).await;
    let page = client
        .get(&format!("{QUEUE}?view=late&after=nonsense"))
        .await;
    assert_eq!(page.status, 200);
    assert!(page.page().text(".empty").contains("No ticket waits here"));
    assert_eq!(
        client.get("/").await.location(),
        QUEUE,
        "an engineer lands on the queue that is theirs"
    );
}
