//! Hosts: they join with a token, wait for approval, prove themselves with each request (AT-ENR).

use serde_json::{Value, json};
use sqlx::Row;
use support::agent::{PlayedHost, joining, post_json, report};
use support::{Tierdesk, database};
use tierdesk_catalogue::Policy;
use tierdesk_protocol::message::{CLAIM, ENROL, REPORT};
use tierdesk_protocol::{SecretKey, VERSION, enrolment_code};
use tierdesk_worker::signer::Signer;

fn claim() -> Value {
    json!({ "version": VERSION, "wait_seconds": 0 })
}

async fn prepared() -> Tierdesk {
    let tierdesk = Tierdesk::start().await;
    let signer = Signer::new(tierdesk.desk.clone());
    signer.prepare(tierdesk.now()).await.unwrap();
    tierdesk
}

fn key() -> SecretKey {
    SecretKey::generate().unwrap().0
}

#[tokio::test]
async fn a_token_is_shown_once_and_kept_only_as_a_hash() {
    let tierdesk = prepared().await;
    let ines = tierdesk
        .sign_in(&tierdesk.administrator("Ines Roth").await)
        .await;
    let fields = [
        ("minutes", "30"),
        ("uses", "1"),
        ("expected_name", ""),
        ("labels", "hall3"),
    ];
    let shown = ines.post("/admin/enrolment", &fields).await;
    assert_eq!(shown.status, 200);
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let token = shown.page().text("#token");
    assert!(token.starts_with("tde_") && token.len() == 56);
    assert!(
        !shown.page().text("#join").contains(&token),
        "never on a command line"
    );

    let again = ines.get("/admin/enrolment").await;
    assert!(!again.body.contains(&token));
    let mut conn = database::connect(&tierdesk.database).await;
    for table in ["enrolment_token", "audit", "outbox"] {
        let sql = sqlx::AssertSqlSafe(format!(
            "select count(*) from {table} t where t::text like '%' || $1 || '%'"
        ));
        let found: i64 = sqlx::query_scalar(sql)
            .bind(&token[4..])
            .fetch_one(&mut conn)
            .await
            .unwrap();
        assert_eq!(found, 0, "{table}");
    }
}

#[tokio::test]
async fn wrong_fields_of_a_token_come_back_with_their_reasons_and_what_was_typed() {
    let tierdesk = prepared().await;
    let ines = tierdesk
        .sign_in(&tierdesk.administrator("Ines Roth").await)
        .await;
    let fields = [
        ("minutes", "61"),
        ("uses", "0"),
        ("expected_name", "web01"),
        ("labels", "<b>"),
    ];
    let reply = ines.post("/admin/enrolment", &fields).await;
    assert_eq!(reply.status, 422);
    for id in ["minutes", "uses", "labels"] {
        assert!(reply.page().has(&format!("#{id}-e")), "{id}");
    }
    assert_eq!(reply.page().attribute("#expected_name", "value"), "web01");
    assert_eq!(reply.page().attribute("#labels", "value"), "<b>");
}

#[tokio::test]
async fn a_host_waits_with_its_four_words_and_works_after_approval() {
    let tierdesk = prepared().await;
    let token = tierdesk.enrolment_token("", "hall3").await;
    let key = key();
    let reply = post_json(&tierdesk.visitor(), ENROL, &joining(&token, "web01", &key)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let answer: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(answer["state"], "pending");
    let host = answer["host"].as_str().unwrap().to_owned();

    // The host makes the words from what it got, the page shows the server's: the same, if nobody stands between.
    let signer = answer["signer_keys"][0].as_str().unwrap().parse().unwrap();
    let words = enrolment_code(&key.public(), &signer);
    let ines = tierdesk
        .sign_in(&tierdesk.administrator("Ines Roth").await)
        .await;
    assert!(ines.get("/hosts").await.page().all_text().contains(&words));
    let page = ines.get(&format!("/hosts/{host}")).await.page();
    assert!(page.all_text().contains(&words));

    let reply = ines.post(&format!("/hosts/{host}/approve"), &[]).await;
    assert_eq!(
        reply.location(),
        format!("/hosts/{host}?said=host_approved")
    );
    assert!(
        ines.get(&format!("/hosts/{host}"))
            .await
            .page()
            .all_text()
            .contains("hall3")
    );
    assert_eq!(
        ines.post(&format!("/hosts/{host}/approve"), &[])
            .await
            .status,
        409,
        "approved once"
    );
}

#[tokio::test]
async fn a_single_use_token_for_exactly_this_name_needs_no_approval_and_no_other_name_can_use_it() {
    let tierdesk = prepared().await;
    let token = tierdesk.enrolment_token("web01", "").await;
    let visitor = tierdesk.visitor();
    let reply = post_json(&visitor, ENROL, &joining(&token, "web02", &key())).await;
    assert_eq!(reply.status, 403);
    let reply = post_json(&visitor, ENROL, &joining(&token, "web01", &key())).await;
    let answer: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(answer["state"], "active");
}

#[tokio::test]
async fn of_hosts_that_race_for_a_token_exactly_one_joins_and_the_others_are_audited() {
    let tierdesk = prepared().await;
    let token = tierdesk.enrolment_token("", "").await;
    let race = (0..5).map(|n| {
        let (visitor, token) = (tierdesk.visitor(), token.clone());
        async move {
            post_json(
                &visitor,
                ENROL,
                &joining(&token, &format!("web0{n}"), &key()),
            )
            .await
            .status
        }
    });
    let mut joined = 0;
    let racing: Vec<_> = race.map(tokio::spawn).collect();
    for result in racing {
        match result.await.unwrap().as_u16() {
            200 => joined += 1,
            status => assert_eq!(status, 403),
        }
    }
    assert_eq!(joined, 1);
    let mut conn = database::connect(&tierdesk.database).await;
    let refused: i64 =
        sqlx::query_scalar("select count(*) from audit where action = 'enrolment.refused'")
            .fetch_one(&mut conn)
            .await
            .unwrap();
    assert_eq!(refused, 4);
}

#[tokio::test]
async fn a_token_that_is_over_or_taken_back_is_refused() {
    let tierdesk = prepared().await;
    let over = tierdesk.enrolment_token("", "").await;
    let ines = tierdesk.administrator("Ines Roth").await;
    tierdesk.clock.advance(chrono::TimeDelta::minutes(61));
    let visitor = tierdesk.visitor();
    assert_eq!(
        post_json(&visitor, ENROL, &joining(&over, "web01", &key()))
            .await
            .status,
        403
    );

    let back = tierdesk.enrolment_token("", "").await;
    let mut conn = database::connect(&tierdesk.database).await;
    let id: uuid::Uuid =
        sqlx::query("select id from enrolment_token order by created_at desc, id desc limit 1")
            .fetch_one(&mut conn)
            .await
            .unwrap()
            .get(0);
    let client = tierdesk.sign_in(&ines).await;
    client
        .post(&format!("/admin/enrolment/{id}/revoke"), &[])
        .await;
    assert_eq!(
        post_json(&visitor, ENROL, &joining(&back, "web01", &key()))
            .await
            .status,
        403
    );
    assert_eq!(
        post_json(&visitor, ENROL, &joining("tde_nonsense", "web01", &key()))
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn a_known_name_never_takes_over_the_old_host() {
    let tierdesk = prepared().await;
    let old = PlayedHost::join(&tierdesk, "web01", "").await;
    let new = PlayedHost::join(&tierdesk, "web01", "").await;
    assert_ne!(old.host, new.host);
    // Both go on as themselves; neither key works for the other.
    assert_eq!(old.claim(tierdesk.now()).await["state"], "active");
    let body = serde_json::to_vec(&claim()).unwrap();
    let mut head = new.sign(tierdesk.now(), CLAIM, &body);
    head.host = old.host;
    assert_eq!(old.send(CLAIM, &head, body).await.status, 401);
}

#[tokio::test]
async fn a_host_cannot_join_with_a_key_it_does_not_have() {
    let tierdesk = prepared().await;
    let token = tierdesk.enrolment_token("", "").await;
    let mut request = joining(&token, "web01", &key());
    request.public_key = key().public();
    assert_eq!(
        post_json(&tierdesk.visitor(), ENROL, &request).await.status,
        400
    );
}

#[tokio::test]
async fn a_request_is_believed_only_as_it_was_signed_and_only_once() {
    let tierdesk = prepared().await;
    let host = PlayedHost::join(&tierdesk, "web01", "").await;
    let now = tierdesk.now();
    let body = serde_json::to_vec(&claim()).unwrap();
    let head = host.sign(now, CLAIM, &body);
    assert_eq!(host.send(CLAIM, &head, body.clone()).await.status, 200);
    assert_eq!(
        host.send(CLAIM, &head, body.clone()).await.status,
        409,
        "replayed"
    );

    let mut changed = body.clone();
    changed.push(b' ');
    let head = host.sign(now, CLAIM, &body);
    assert_eq!(
        host.send(CLAIM, &head, changed).await.status,
        401,
        "another body"
    );
    let head = host.sign(now, REPORT, &body);
    assert_eq!(
        host.send(CLAIM, &head, body.clone()).await.status,
        401,
        "for another address"
    );
    let head = host.sign(now - chrono::TimeDelta::minutes(3), CLAIM, &body);
    assert_eq!(
        host.send(CLAIM, &head, body.clone()).await.status,
        409,
        "a clock far off"
    );
    assert_eq!(
        post_json(&tierdesk.visitor(), CLAIM, &claim()).await.status,
        401,
        "unsigned"
    );
    let mut head = host.sign(now, CLAIM, &body);
    head.host = uuid::Uuid::nil();
    assert_eq!(
        host.send(CLAIM, &head, body).await.status,
        401,
        "a host that does not exist"
    );
}

#[tokio::test]
async fn a_browser_cannot_speak_for_a_host() {
    let tierdesk = prepared().await;
    let host = PlayedHost::join(&tierdesk, "web01", "").await;
    let body = serde_json::to_vec(&claim()).unwrap();
    let head = host.sign(tierdesk.now(), CLAIM, &body);
    let mut request = axum::http::Request::post(CLAIM).header("origin", &tierdesk.base_url);
    for (name, value) in head.headers() {
        request = request.header(name, value);
    }
    let reply = tierdesk
        .visitor()
        .send(request.body(body.into()).unwrap())
        .await;
    assert_eq!(reply.status, 403);
}

#[tokio::test]
async fn a_host_that_was_sent_away_is_refused_with_its_next_request() {
    let tierdesk = prepared().await;
    let host = PlayedHost::join(&tierdesk, "web01", "").await;
    assert_eq!(host.claim(tierdesk.now()).await["state"], "active");
    let ines = tierdesk
        .sign_in(&tierdesk.administrator("Ines Roth").await)
        .await;
    let reply = ines
        .post(&format!("/hosts/{}/revoke", host.host), &[])
        .await;
    assert_eq!(reply.status, 303);
    assert_eq!(host.post(tierdesk.now(), CLAIM, &claim()).await.status, 403);
    assert_eq!(
        host.post(tierdesk.now(), REPORT, &report("web01", &Policy::default()))
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn what_a_host_says_about_itself_is_shown_as_text_and_bounded() {
    let tierdesk = prepared().await;
    let host = PlayedHost::join(&tierdesk, "web01", "").await;
    let mut message = report("web01", &Policy::default());
    message["facts"]["os"] = json!("<script>alert(1)</script>");
    message["facts"]["kernel"] = json!("6.1\u{1b}[31m");
    assert_eq!(
        host.post(tierdesk.now(), REPORT, &message).await.status,
        200
    );
    let ines = tierdesk
        .sign_in(&tierdesk.administrator("Ines Roth").await)
        .await;
    let page = ines.get(&format!("/hosts/{}", host.host)).await;
    assert!(!page.body.contains("<script>alert(1)"));
    assert!(!page.body.contains('\u{1b}'));
    assert!(page.page().all_text().contains("<script>alert(1)</script>"));

    message["surprise"] = json!(1);
    assert_eq!(
        host.post(tierdesk.now(), REPORT, &message).await.status,
        400,
        "an unknown field"
    );
    let huge = json!({ "version": 1, "x": "y".repeat(2_000_000) });
    assert_eq!(host.post(tierdesk.now(), REPORT, &huge).await.status, 413);
}

#[tokio::test]
async fn labels_and_owner_are_set_by_administrators_and_checked() {
    let tierdesk = prepared().await;
    let host = PlayedHost::join(&tierdesk, "web01", "").await;
    let priya = tierdesk.requester("Priya Nair").await;
    let ines = tierdesk
        .sign_in(&tierdesk.administrator("Ines Roth").await)
        .await;
    let address = format!("/hosts/{}/describe", host.host);
    let wrong = ines
        .post(
            &address,
            &[("labels", "Ö!"), ("owner", "nobody@example.org")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.page().has("#labels-e") && wrong.page().has("#owner-e"));
    assert_eq!(
        wrong.page().attribute("#owner", "value"),
        "nobody@example.org"
    );
    let right = ines
        .post(
            &address,
            &[("labels", "prod, Hall3"), ("owner", &priya.email)],
        )
        .await;
    assert_eq!(right.status, 303);
    let page = ines
        .get(&format!("/hosts/{}", host.host))
        .await
        .page()
        .all_text();
    assert!(
        page.contains("Priya Nair") && page.contains("hall3"),
        "{page}"
    );
}
