//! Accounts: sessions, guessing, links from mail, and who may make whom what (AT-SESS, AT-RESET, AT-ENUM, AT-RATE, AT-PRIV).

use axum::http::StatusCode;
use chrono::TimeDelta;
use support::client::{Client, Reply};
use support::database;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::{DeskError, Origin};
use tierdesk_domain::tier::Tier;

pub(crate) const GOOD: &str = "seven quiet herons by the weir";
pub(crate) const BETTER: &str = "nine loud magpies on the roof";

pub(crate) async fn sign_in(client: &Client, email: &str, password: &str) -> Reply {
    client
        .post(
            "/sign-in",
            &[
                ("mail", email),
                ("password", password),
                ("next", "/profile"),
            ],
        )
        .await
}

pub(crate) async fn signed_in(tierdesk: &Tierdesk, someone: &Someone, password: &str) -> Client {
    let mut client = tierdesk.visitor();
    let reply = sign_in(&client, &someone.email, password).await;
    assert_eq!(reply.location(), "/profile");
    client.keep_cookie(&reply);
    client
}

pub(crate) async fn is_in(client: &Client) -> bool {
    client.get("/profile").await.status == StatusCode::OK
}

/// Runs everything that waits, mail into the developer mailbox, and gives the path of the newest link for `marker`.
pub(crate) async fn newest_link(tierdesk: &Tierdesk, marker: &str) -> String {
    let worker = crate::leak::worker(tierdesk);
    worker.drain(tierdesk.now()).await.unwrap();
    let mut conn = tierdesk.desk.acquire().await.unwrap();
    let kept = tierdesk_store::mailbox::kept(&mut conn, None, None, 50)
        .await
        .unwrap();
    drop(conn);
    for mail in kept {
        let (_, content) = tierdesk.desk.kept_mail(mail.id).await.unwrap();
        if let Some(link) = content
            .text
            .split_whitespace()
            .find(|word| word.contains(marker))
        {
            return link.trim_start_matches(&tierdesk.base_url).to_owned();
        }
    }
    panic!("no mail with {marker}");
}

pub(crate) async fn scene() -> (Tierdesk, Someone) {
    let tierdesk = Tierdesk::start().await;
    let priya = tierdesk.requester("Priya Nair").await;
    tierdesk.set_password(&priya, GOOD).await;
    // The bot leaves addresses alone that changed within a week.
    tierdesk.clock.advance(TimeDelta::days(10));
    (tierdesk, priya)
}

/// A reset link, asked for on the sign-in page.
pub(crate) async fn reset_link(tierdesk: &Tierdesk, someone: &Someone) -> String {
    let reply = tierdesk
        .visitor()
        .post("/sign-in/help", &[("mail", &someone.email)])
        .await;
    assert_eq!(reply.status, StatusCode::OK);
    newest_link(tierdesk, "/password/reset/").await
}

#[tokio::test]
async fn a_session_begins_with_a_new_id_and_its_id_is_kept_nowhere() {
    let (tierdesk, priya) = scene().await;
    let mut client = tierdesk.visitor();
    let reply = sign_in(&client, &priya.email, GOOD).await;
    let cookie = reply.header("set-cookie").unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    client.keep_cookie(&reply);
    let first = client.cookie().unwrap().to_owned();
    assert!(first.len() >= 43, "256 bits");
    assert!(is_in(&client).await);

    let again = sign_in(&client, &priya.email, GOOD).await;
    let mut other = tierdesk.visitor();
    other.keep_cookie(&again);
    assert_ne!(other.cookie(), Some(first.as_str()));

    let mut owner = database::connect(&tierdesk.database).await;
    let kept: i64 = sqlx::query_scalar(
        "select count(*) from session where session::text like '%' || $1 || '%'",
    )
    .bind(&first)
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn an_id_that_somebody_chose_is_never_a_session_and_a_new_password_ends_all_others() {
    let (tierdesk, priya) = scene().await;
    let chosen = "zqchosenzqchosenzqchosenzqchosenzqchosenzqch";
    let with_cookie = async |method: &str, path: &str, cookie: &str, body: &str| {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("origin", &tierdesk.base_url)
            .header("cookie", format!("session={cookie}"))
            .body(axum::body::Body::from(body.to_owned()))
            .unwrap();
        tierdesk.visitor().send(request).await
    };
    let form = format!("mail={}&password={}", priya.email, GOOD.replace(' ', "+"));
    let reply = with_cookie("POST", "/sign-in", chosen, &form).await;
    let mut client = tierdesk.visitor();
    client.keep_cookie(&reply);
    assert_ne!(client.cookie(), Some(chosen));
    assert!(is_in(&client).await);
    let profile = with_cookie("GET", "/profile", chosen, "").await;
    assert_ne!(profile.status, StatusCode::OK);
    // Nor does an address carry one.
    let session = client.cookie().unwrap().to_owned();
    let reply = tierdesk
        .visitor()
        .get(&format!("/profile?session={session}"))
        .await;
    assert_ne!(reply.status, StatusCode::OK);

    let other = signed_in(&tierdesk, &priya, GOOD).await;
    let fields = [("current", GOOD), ("password", BETTER), ("again", BETTER)];
    let changed = client.post("/profile/password", &fields).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER);
    assert!(!is_in(&other).await);
    let mut owner = database::connect(&tierdesk.database).await;
    let told: i64 =
        sqlx::query_scalar("select count(*) from outbox where kind = 'password_changed'")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    assert_eq!(told, 1, "the person is told by mail");
}

#[tokio::test]
async fn a_session_ends_by_sign_out_by_rest_and_by_age() {
    let (tierdesk, priya) = scene().await;
    let client = signed_in(&tierdesk, &priya, GOOD).await;
    client.post("/sign-out", &[]).await;
    assert!(!is_in(&client).await, "signed out");

    let client = signed_in(&tierdesk, &priya, GOOD).await;
    tierdesk.clock.advance(TimeDelta::minutes(59));
    assert!(is_in(&client).await);
    tierdesk.clock.advance(TimeDelta::minutes(61));
    assert!(!is_in(&client).await, "idle for an hour");

    let client = signed_in(&tierdesk, &priya, GOOD).await;
    for _ in 0..30 {
        tierdesk.clock.advance(TimeDelta::minutes(50));
        is_in(&client).await;
    }
    assert!(!is_in(&client).await, "older than a day");
}

#[tokio::test]
async fn what_a_page_fetches_by_itself_keeps_no_session_alive_and_its_stream_ends_with_it() {
    let (tierdesk, priya) = scene().await;
    let filed = tierdesk.file(&priya, "My chair squeaks", "It does").await;
    let number = filed.number.0;
    let samir = tierdesk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    tierdesk.set_password(&samir, GOOD).await;
    for (someone, page, minutes) in [
        (&priya, format!("/my/{number}"), 20),
        (&samir, format!("/tickets/{number}"), 10),
    ] {
        let client = signed_in(&tierdesk, someone, GOOD).await;
        let live = format!("{page}/live");
        let mut open = client.stream(&live).await;
        for _ in 0..3 {
            assert_eq!(client.get_by_itself(&page).await.status, StatusCode::OK);
            // A stream that was lost is opened again by the browser.
            drop(client.stream(&live).await);
            tierdesk.clock.advance(TimeDelta::minutes(minutes));
        }
        assert_eq!(client.get_by_itself(&page).await.status, StatusCode::OK);
        tierdesk.clock.advance(TimeDelta::seconds(1));
        let late = client.get_by_itself(&page).await;
        assert_ne!(late.status, StatusCode::OK, "{page}");
        assert!(open.ends().await, "{page}");
        assert!(!is_in(&client).await, "{page}");

        // What a person does keeps it alive: typing, too.
        let client = signed_in(&tierdesk, someone, GOOD).await;
        let mut open = client.stream(&live).await;
        for _ in 0..4 {
            tierdesk.clock.advance(TimeDelta::minutes(minutes));
            let draft = format!("{page}/draft");
            let kept = client.post(&draft, &[("body", "It is")]).await;
            assert_eq!(kept.status, StatusCode::NO_CONTENT, "{draft}");
        }
        assert!(is_in(&client).await, "{page}");
        assert!(!open.ends().await, "{page}");
    }
}

#[tokio::test]
async fn a_deactivated_person_is_out_with_the_next_request() {
    let (tierdesk, priya) = scene().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let client = signed_in(&tierdesk, &priya, GOOD).await;
    let caller = tierdesk.caller(&ines).await;
    tierdesk
        .desk
        .deactivate(&caller, priya.id, None, tierdesk.now())
        .await
        .unwrap();
    assert!(!is_in(&client).await);
    let reply = sign_in(&tierdesk.visitor(), &priya.email, GOOD).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn open_tickets_of_who_leaves_go_to_the_one_named_where_that_one_may_act_and_else_to_their_queue()
 {
    let desk = Tierdesk::start().await;
    let boss = desk.administrator("Ines Roth").await;
    let leaving = desk.engineer("Leo Gone", "Service Desk", Tier::L1).await;
    let network = desk.team("Network").await;
    desk.join(&leaving, network, Tier::L2).await;
    let mia = desk.engineer("Mia Stays", "Service Desk", Tier::L1).await;
    let ana = desk.requester("Ana Lind").await;
    let mut tickets = Vec::new();
    for title in ["Of the first team", "Of the second team"] {
        let ticket = desk.file(&ana, title, "It prints blank pages").await;
        desk.run_bot().await;
        tickets.push(ticket);
    }
    let mut conn = database::connect(&desk.database).await;
    sqlx::query("update ticket set assignee_id = $1")
        .bind(leaving.id.0)
        .execute(&mut conn)
        .await
        .unwrap();
    sqlx::query("update ticket set team_id = $1, tier = 2 where id = $2")
        .bind(network.0)
        .bind(tickets[1].id.0)
        .execute(&mut conn)
        .await
        .unwrap();

    let client = desk.sign_in(&boss).await;
    let page = format!("/admin/people/{}", leaving.id);
    let shown = client.get(&page).await.body;
    assert!(shown.contains("They have 2 open tickets"), "{shown}");
    assert!(shown.contains(&format!("<option value=\"{}\">Mia Stays", mia.id)));
    let reply = client
        .post(
            &format!("{page}/deactivate"),
            &[("successor", &mia.id.to_string())],
        )
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);

    let has: Vec<(uuid::Uuid, Option<uuid::Uuid>)> =
        sqlx::query_as("select id, assignee_id from ticket order by number")
            .fetch_all(&mut conn)
            .await
            .unwrap();
    assert_eq!(
        has,
        [(tickets[0].id.0, Some(mia.id.0)), (tickets[1].id.0, None)]
    );
    let assigned = desk.newest(tickets[0].id, "assigned").await.unwrap();
    assert_eq!(assigned.data["name"], "Mia Stays");
    // Nobody has a new ticket; whoever has one works on it.
    assert_eq!(desk.stands(tickets[0].id).await.status, "open");
    let logged: i64 =
        sqlx::query_scalar("select count(*) from audit where action = 'ticket.assigned'")
            .fetch_one(&mut conn)
            .await
            .unwrap();
    assert_eq!(logged, 2);
    let told = desk.sign_in(&mia).await.get("/notifications").await.body;
    assert!(
        told.contains("Of the first team") && !told.contains("Of the second team"),
        "{told}"
    );
    let left = client.get(&page).await.body;
    assert!(left.contains("/reactivate") && !left.contains("/deactivate"));
}

#[tokio::test]
async fn nobody_learns_which_addresses_have_an_account() {
    let (tierdesk, priya) = scene().await;
    let words = |reply: &Reply| reply.page().all_text();
    let visitor = tierdesk.visitor();
    let known = sign_in(&visitor, &priya.email, "wrong wrong wrong wrong").await;
    let unknown = sign_in(&visitor, "nobody@example.org", "wrong wrong wrong wrong").await;
    assert_eq!(known.status, unknown.status);
    assert_eq!(words(&known), words(&unknown));

    let known = visitor
        .post("/sign-in/help", &[("mail", &priya.email)])
        .await;
    let unknown = visitor
        .post("/sign-in/help", &[("mail", "nobody@example.org")])
        .await;
    assert_eq!(known.status, unknown.status);
    assert_eq!(words(&known), words(&unknown));
    assert_eq!(known.bytes.len(), unknown.bytes.len());
}

#[tokio::test]
async fn guessing_is_slowed_down_wherever_it_comes_from_and_the_person_still_gets_in() {
    let (tierdesk, priya) = scene().await;
    let home = tierdesk.visitor().from_address("192.0.2.10");
    assert_eq!(
        sign_in(&home, &priya.email, GOOD).await.location(),
        "/profile"
    );

    let mut checked = 0;
    for guess in 0..60_u32 {
        let client = tierdesk
            .visitor()
            .from_address(&format!("198.51.100.{}", guess % 250 + 1));
        let reply = sign_in(&client, &priya.email, "guess guess guess guess").await;
        match reply.status {
            StatusCode::UNPROCESSABLE_ENTITY => checked += 1,
            StatusCode::TOO_MANY_REQUESTS => assert!(reply.header("retry-after").is_some()),
            other => panic!("{other}"),
        }
        tierdesk.clock.advance(TimeDelta::minutes(1));
    }
    assert!(
        (5..=20).contains(&checked),
        "{checked} passwords were checked in an hour"
    );
    assert_eq!(
        sign_in(&home, &priya.email, GOOD).await.location(),
        "/profile"
    );
}

#[tokio::test]
async fn ten_thousand_guesses_from_a_thousand_addresses_check_twenty_passwords_an_hour() {
    let (mut tierdesk, priya) = scene().await;
    let origin = |ip: String| Origin {
        ip,
        request_id: String::new(),
    };
    let home = origin("192.0.2.10".to_owned());
    let now = tierdesk.now();
    tierdesk
        .desk
        .sign_in(&priya.email, GOOD, "test", &home, now)
        .await
        .unwrap();
    let mut checked = 0;
    for guess in 0..10_000_i32 {
        let now = now + TimeDelta::milliseconds(360) * guess;
        let from = origin(format!("198.51.{}.{}", guess % 1000 / 250, guess % 250 + 1));
        let guessed = tierdesk
            .desk
            .sign_in(&priya.email, "guess", "test", &from, now)
            .await;
        match guessed {
            Err(DeskError::RateLimited { retry_after }) => assert!(retry_after <= 900),
            Err(DeskError::Denied) => checked += 1,
            other => panic!("{:?}", other.err()),
        }
        // Neither a restart nor a second node forgets.
        if guess % 2500 == 0 {
            tierdesk.restart().await;
        }
    }
    assert!((5..=20).contains(&checked), "{checked}");
    // The person still gets in from where they were before.
    let now = now + TimeDelta::hours(1);
    tierdesk
        .desk
        .sign_in(&priya.email, GOOD, "test", &home, now)
        .await
        .unwrap();
}

#[tokio::test]
async fn guesses_at_the_same_moment_take_from_the_same_bucket() {
    let (tierdesk, _) = scene().await;
    let now = tierdesk.now();
    let mut passed = Vec::new();
    for _ in 0..3 {
        let takes = (0..20).map(async |_| {
            let mut conn = tierdesk.desk.acquire().await.unwrap();
            tierdesk_store::rate_limit::take(&mut conn, "test", "x", 5.0, 240.0, now)
                .await
                .unwrap()
                .is_none()
        });
        let taken = futures_util::future::join_all(takes).await;
        passed.push(taken.into_iter().filter(|it| *it).count());
    }
    assert_eq!(passed, [5, 0, 0], "a refusal gives nothing back");
}

#[tokio::test]
async fn sessions_are_forgotten_a_month_after_their_end() {
    let (tierdesk, priya) = scene().await;
    let client = signed_in(&tierdesk, &priya, GOOD).await;
    let mut conn = database::connect(&tierdesk.database).await;
    let end: chrono::DateTime<chrono::Utc> = sqlx::query_scalar("select expires_at from session")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    let house = tierdesk_worker::housekeeping::Housekeeping::new(tierdesk.desk.clone());
    house.run_once(tierdesk.now()).await;
    assert!(is_in(&client).await);
    for (days, left) in [(29, 1), (31, 0)] {
        house.run_once(end + TimeDelta::days(days)).await;
        let found: i64 = sqlx::query_scalar("select count(*) from session")
            .fetch_one(&mut conn)
            .await
            .unwrap();
        assert_eq!(found, left, "{days} days later");
    }
}

#[tokio::test]
async fn limits_that_nobody_came_near_for_a_day_are_forgotten_though_the_files_cannot_be_read() {
    let tierdesk = Tierdesk::start().await;
    let files = tierdesk.desk.settings.attachment_dir.clone();
    let _ = std::fs::remove_dir_all(&files);
    std::fs::write(&files, "in the way").unwrap();
    assert!(tierdesk.desk.sweep_files(tierdesk.now()).await.is_err());
    let mut conn = database::connect(&tierdesk.database).await;
    let house = tierdesk_worker::housekeeping::Housekeeping::new(tierdesk.desk.clone());
    sqlx::query("delete from rate_limit")
        .execute(&mut conn)
        .await
        .unwrap();
    sign_in(&tierdesk.visitor(), "nobody@example.org", "a guess").await;
    tierdesk.clock.advance(TimeDelta::hours(23));
    sign_in(&tierdesk.visitor(), "somebody@example.org", "a guess").await;
    let kept = "select key from rate_limit where bucket = 'sign_in.account' order by key";
    for (hours, keys) in [
        (0, vec!["nobody@example.org", "somebody@example.org"]),
        (2, vec!["somebody@example.org"]),
    ] {
        tierdesk.clock.advance(TimeDelta::hours(hours));
        house.run_once(tierdesk.now()).await;
        let found: Vec<String> = sqlx::query_scalar(kept).fetch_all(&mut conn).await.unwrap();
        assert_eq!(found, keys);
    }
}

#[tokio::test]
async fn a_flood_against_everybody_does_not_keep_people_out_who_were_here_before() {
    let (tierdesk, priya) = scene().await;
    let home = tierdesk.visitor().from_address("192.0.2.10");
    sign_in(&home, &priya.email, GOOD).await.location();
    let mut owner = database::connect(&tierdesk.database).await;
    sqlx::query("update rate_limit set tokens = 0, refilled_at = $1 where bucket = 'sign_in.all'")
        .bind(tierdesk.now())
        .execute(&mut owner)
        .await
        .unwrap();
    let stranger = tierdesk.visitor().from_address("198.51.100.7");
    let reply = sign_in(&stranger, &priya.email, GOOD).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        sign_in(&home, &priya.email, GOOD).await.location(),
        "/profile"
    );
}

#[tokio::test]
async fn headers_that_name_another_client_change_no_limit() {
    let (tierdesk, _) = scene().await;
    let mut refused = 0;
    for guess in 0..40_u32 {
        let request = axum::http::Request::post("/sign-in")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("origin", tierdesk.base_url.as_str())
            .header("x-forwarded-for", format!("203.0.113.{guess}"))
            .header("forwarded", format!("for=203.0.113.{guess}"))
            .header("x-real-ip", format!("203.0.113.{guess}"))
            .body(axum::body::Body::from(format!(
                "mail=u{guess}%40example.org&password=x"
            )))
            .unwrap();
        let reply = tierdesk.visitor().send(request).await;
        refused += u32::from(reply.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(refused, 10, "30 a minute for one address");
}

#[tokio::test]
async fn a_reset_link_works_once_ends_all_sessions_and_signs_nobody_in() {
    let (tierdesk, priya) = scene().await;
    let session = signed_in(&tierdesk, &priya, GOOD).await;
    let link = reset_link(&tierdesk, &priya).await;
    let visitor = tierdesk.visitor();

    for _ in 0..2 {
        let page = visitor.get(&link).await;
        assert_eq!(page.status, StatusCode::OK, "looking uses nothing up");
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
    }
    let weak = visitor
        .post(
            &link,
            &[
                ("password", "priya.nair-2026"),
                ("again", "priya.nair-2026"),
            ],
        )
        .await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);

    let fields = [("password", BETTER), ("again", BETTER)];
    let done = visitor.post(&link, &fields).await;
    assert!(done.location().starts_with("/sign-in"));
    assert!(done.header("set-cookie").is_none(), "signs nobody in");
    assert!(!is_in(&session).await);
    assert_eq!(visitor.post(&link, &fields).await.status, StatusCode::GONE);
    assert_eq!(
        sign_in(&visitor, &priya.email, GOOD).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    signed_in(&tierdesk, &priya, BETTER).await;

    let secret = link.rsplit('/').next().unwrap();
    let mut owner = database::connect(&tierdesk.database).await;
    for table in [
        "select count(*) from outbox t where t::text like '%' || $1 || '%'",
        "select count(*) from dev_mail t where t::text like '%' || $1 || '%'",
        "select count(*) from event t where t::text like '%' || $1 || '%'",
        "select count(*) from content t where t::text like '%' || $1 || '%'",
        "select count(*) from audit t where t::text like '%' || $1 || '%'",
        "select count(*) from person_token t where t::text like '%' || $1 || '%'",
    ] {
        let found: i64 = sqlx::query_scalar(table)
            .bind(secret)
            .fetch_one(&mut owner)
            .await
            .unwrap();
        assert_eq!(found, 0, "{table}");
    }
}

#[tokio::test]
async fn a_reset_link_ends_after_a_quarter_of_an_hour_and_its_page_offers_a_fresh_one() {
    let (tierdesk, priya) = scene().await;
    let link = reset_link(&tierdesk, &priya).await;
    tierdesk.clock.advance(TimeDelta::minutes(15));
    let visitor = tierdesk.visitor();
    let fields = [("password", BETTER), ("again", BETTER)];
    assert_eq!(visitor.get(&link).await.status, StatusCode::GONE);
    assert_eq!(visitor.post(&link, &fields).await.status, StatusCode::GONE);
    assert!(
        visitor
            .post(&format!("{link}/fresh"), &[])
            .await
            .location()
            .starts_with("/sign-in")
    );
    let fresh = newest_link(&tierdesk, "/password/reset/").await;
    assert_ne!(fresh, link);
    assert!(
        visitor
            .post(&fresh, &fields)
            .await
            .location()
            .starts_with("/sign-in")
    );
    assert_eq!(
        visitor.get("/password/reset/never-was-one").await.status,
        StatusCode::GONE
    );
}

#[tokio::test]
async fn an_invitation_is_bound_to_its_address_and_its_time() {
    let (tierdesk, _) = scene().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let administrator = tierdesk.sign_in(&ines).await;
    let invited = administrator
        .post(
            "/admin/people/new",
            &[("name", "Lea Brandt"), ("email", "lea@example.org")],
        )
        .await;
    assert_eq!(
        invited.status,
        StatusCode::SEE_OTHER,
        "{}",
        invited.page().all_text()
    );
    let link = newest_link(&tierdesk, "/invitation/").await;
    let visitor = tierdesk.visitor();
    let fields = [("password", GOOD), ("again", GOOD)];
    assert!(
        visitor
            .post(&link, &fields)
            .await
            .location()
            .starts_with("/sign-in")
    );
    assert_eq!(visitor.post(&link, &fields).await.status, StatusCode::GONE);
    assert_eq!(
        sign_in(&visitor, "lea@example.org", GOOD).await.location(),
        "/profile"
    );

    administrator
        .post(
            "/admin/people/new",
            &[("name", "Tom Late"), ("email", "tom@example.org")],
        )
        .await;
    let link = newest_link(&tierdesk, "/invitation/").await;
    tierdesk.clock.advance(TimeDelta::hours(72));
    assert_eq!(visitor.post(&link, &fields).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn of_two_who_set_up_at_once_one_becomes_administrator() {
    let tierdesk = Tierdesk::start().await;
    let first = tierdesk
        .desk
        .setup_link(tierdesk.now())
        .await
        .unwrap()
        .unwrap();
    let link = tierdesk
        .desk
        .setup_link(tierdesk.now())
        .await
        .unwrap()
        .unwrap();
    let path = |link: &str| link.trim_start_matches(&tierdesk.base_url).to_owned();
    assert_eq!(
        tierdesk.visitor().get(&path(&first)).await.status,
        StatusCode::GONE,
        "a newer one replaced it"
    );
    let link = path(&link);
    let (a, b) = (tierdesk.visitor(), tierdesk.visitor());
    let one = [
        ("name", "Ada"),
        ("mail", "ada@example.org"),
        ("password", GOOD),
        ("again", GOOD),
    ];
    let two = [
        ("name", "Bea"),
        ("mail", "bea@example.org"),
        ("password", GOOD),
        ("again", GOOD),
    ];
    let (one, two) = tokio::join!(a.post(&link, &one), b.post(&link, &two));
    let mut statuses = [one.status, two.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::GONE]);
    assert_eq!(
        tierdesk.desk.setup_link(tierdesk.now()).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn the_set_up_link_works_until_an_administrator_has_joined_not_until_one_was_invited() {
    let tierdesk = Tierdesk::start().await;
    let invite = tierdesk_desk::invitation::Invite {
        name: "Lost Mail".to_owned(),
        email: "lost@example.org".to_owned(),
        administrator: true,
        ..Default::default()
    };
    let console = tierdesk_desk::Caller::machine(tierdesk_domain::actor::Actor::system());
    tierdesk
        .desk
        .invite(&console, invite, tierdesk.now())
        .await
        .unwrap();
    let link = tierdesk.desk.setup_link(tierdesk.now()).await.unwrap();
    let link = link.expect("nobody has joined: there must be a way in");
    let link = link.trim_start_matches(&tierdesk.base_url);
    let fields = [
        ("name", "Ada"),
        ("mail", "ada@example.org"),
        ("password", GOOD),
        ("again", GOOD),
    ];
    let visitor = tierdesk.visitor();
    assert_eq!(
        visitor.post(link, &fields).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        sign_in(&visitor, "ada@example.org", GOOD).await.location(),
        "/profile"
    );
    assert_eq!(
        tierdesk.desk.setup_link(tierdesk.now()).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn whoever_was_only_invited_does_not_let_the_last_administrator_leave() {
    let (tierdesk, _) = scene().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    tierdesk.set_password(&ines, BETTER).await;
    let invited = tierdesk.administrator("Lost Mail").await;
    let machine = tierdesk_desk::Caller::machine(tierdesk_domain::actor::Actor::system());
    let leaves = |who: tierdesk_domain::id::PersonId| {
        tierdesk
            .desk
            .deactivate(&machine, who, None, tierdesk.now())
    };
    assert!(matches!(
        leaves(ines.id).await,
        Err(DeskError::State("people.last_administrator"))
    ));
    leaves(invited.id).await.unwrap();
}

#[tokio::test]
async fn an_administrator_proves_again_who_they_are_after_ten_minutes() {
    let (tierdesk, _) = scene().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    tierdesk.set_password(&ines, BETTER).await;
    let mut client = signed_in(&tierdesk, &ines, BETTER).await;
    assert_eq!(client.get("/admin/people").await.status, StatusCode::OK);
    tierdesk.clock.advance(TimeDelta::minutes(11));
    assert!(
        client
            .get("/admin/people")
            .await
            .location()
            .starts_with("/confirm")
    );
    let old = client.cookie().unwrap().to_owned();
    let reply = client
        .post(
            "/confirm",
            &[("password", BETTER), ("next", "/admin/people")],
        )
        .await;
    assert_eq!(reply.location(), "/admin/people");
    let before = client.clone();
    client.keep_cookie(&reply);
    assert_ne!(
        client.cookie(),
        Some(old.as_str()),
        "the id changes with the strength"
    );
    assert_eq!(client.get("/admin/people").await.status, StatusCode::OK);
    for page in ["/profile", "/admin/people"] {
        let location = before.get(page).await.location();
        assert!(
            location.starts_with("/sign-in"),
            "{location}: the old id is over"
        );
    }
}

#[tokio::test]
async fn a_change_of_rights_ends_the_sessions_of_the_person() {
    let (tierdesk, priya) = scene().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let session = signed_in(&tierdesk, &priya, GOOD).await;
    let team = tierdesk.team("Service Desk").await;
    let edit = tierdesk_desk::people::PersonEdit {
        name: priya.name.clone(),
        time_zone: "UTC".to_owned(),
        organisation: None,
        vip: false,
        administrator: false,
        manages: None,
        queues: [(team, Tier::L1)].into(),
    };
    let own = tierdesk.caller(&priya).await;
    let refused = tierdesk
        .desk
        .edit_person(&own, priya.id, 1, edit.clone(), tierdesk.now())
        .await;
    assert!(refused.is_err(), "nobody gives rights to themselves");
    let caller = tierdesk.caller(&ines).await;
    tierdesk
        .desk
        .edit_person(&caller, priya.id, 1, edit, tierdesk.now())
        .await
        .unwrap();
    assert!(!is_in(&session).await);
}
