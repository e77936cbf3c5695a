//! What is thrown away when nobody needs it any more, and what stays.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use support::{Tierdesk, database};
use tierdesk_domain::tier::Tier;
use tierdesk_mail::{Mailbox, Transport};
use tierdesk_worker::Post;
use tierdesk_worker::housekeeping::Housekeeping;
use tierdesk_worker::outbox::Outbox;

async fn count(conn: &mut PgConnection, what: &'static str) -> i64 {
    sqlx::query_scalar(what).fetch_one(conn).await.unwrap()
}

#[tokio::test]
async fn links_to_passwords_and_accounts_are_forgotten_a_month_after_they_ran_out() {
    let tierdesk = Tierdesk::start().await;
    let priya = tierdesk.requester("Priya Nair").await;
    let mut conn = database::connect(&tierdesk.database).await;
    let links = "select count(*) from person_token where purpose <> 'setup'";
    assert_eq!(count(&mut conn, links).await, 0);
    // Used and unused ones of both kinds, more than go at once.
    sqlx::query(
        "insert into person_token (id, purpose, person_id, token_hash, created_at, expires_at, used_at)
         select gen_random_uuid(), case when n % 2 = 0 then 'reset' else 'invitation' end, $1, decode(md5(n::text), 'hex'), $2, $3,
                case when n % 3 = 0 then $2 end
         from generate_series(1, 1100) n",
    )
    .bind(priya.id.0)
    .bind(tierdesk.now())
    .bind(tierdesk.now() + TimeDelta::hours(72))
    .execute(&mut conn)
    .await
    .unwrap();
    let end: DateTime<Utc> =
        sqlx::query_scalar("select max(expires_at) from person_token where purpose <> 'setup'")
            .fetch_one(&mut conn)
            .await
            .unwrap();
    let house = Housekeeping::new(tierdesk.desk.clone());
    for (days, left) in [(0, 1100), (29, 1100), (31, 0)] {
        house.run_once(end + TimeDelta::days(days)).await;
        assert_eq!(count(&mut conn, links).await, left, "{days} days later");
    }
}

#[tokio::test]
async fn mail_is_forgotten_three_months_after_it_went_and_the_ticket_still_says_so() {
    let tierdesk = Tierdesk::start().await;
    let priya = tierdesk.requester("Priya Nair").await;
    let ana = tierdesk
        .engineer("Ana Ferreira", "Service Desk", Tier::L1)
        .await;
    let ticket = tierdesk
        .file(&priya, "Printer jams", "Since Monday, on floor 3")
        .await;
    let post = Post {
        transport: Transport::Mailbox,
        from: Mailbox::new("Service desk", "desk@desk.example".parse().unwrap()),
        prefix: "TD".to_owned(),
    };
    let outbox = Outbox::new(tierdesk.desk.clone(), post);
    outbox.drain(tierdesk.now()).await.unwrap();
    let sent = tierdesk.now();
    let mut conn = database::connect(&tierdesk.database).await;
    let gone = "select count(*) from outbox where state = 'sent'";
    let kept = "select count(*) from dev_mail";
    let before = count(&mut conn, gone).await;
    assert!(before > 0);
    assert_eq!(count(&mut conn, kept).await, before);
    // A mail that still waits is never forgotten, however old it is.
    sqlx::query(
        "insert into outbox (id, mail_id, kind, person_id, address, message_id, created_at, send_after)
         values (gen_random_uuid(), gen_random_uuid(), 'set_up', $1, 'priya@example.org', 'x@example.org', $2, $2)",
    )
    .bind(priya.id.0)
    .bind(sent)
    .execute(&mut conn)
    .await
    .unwrap();

    let house = Housekeeping::new(tierdesk.desk.clone());
    house.run_once(sent + TimeDelta::days(90)).await;
    assert_eq!(count(&mut conn, gone).await, before);
    assert_eq!(count(&mut conn, kept).await, before);
    house.run_once(sent + TimeDelta::days(91)).await;
    assert_eq!(count(&mut conn, gone).await, 0);
    assert_eq!(count(&mut conn, kept).await, 0);
    assert_eq!(count(&mut conn, "select count(*) from outbox").await, 1);

    let page = tierdesk
        .sign_in(&ana)
        .await
        .get(&format!("/tickets/{}", ticket.number.0))
        .await
        .page();
    assert!(page.text(".timeline").contains("Mail to "));
}
