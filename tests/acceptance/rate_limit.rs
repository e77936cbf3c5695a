//! What may be tried how often: per account, per network and altogether (AT-RATE-1). An IPv6 customer is one network.

use axum::http::StatusCode;
use chrono::TimeDelta;
use support::client::{Client, Reply};
use support::database;
use support::product::Tierdesk;
use tierdesk_desk::enrolment::Joining;
use tierdesk_desk::{DeskError, Origin};
use tierdesk_domain::secret::Secret;

use crate::account::{newest_link, reset_link, scene, sign_in};

/// Two addresses of one /64, and one of the next.
const SAME: [&str; 2] = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"];
const NEXT: &str = "2001:db8:1:3::1";

async fn ask(client: &Client, email: &str) -> StatusCode {
    client
        .post("/sign-in/help", &[("mail", email)])
        .await
        .status
}

/// How many of `tries` from both addresses of one network are not refused for coming too often.
async fn let_through(
    tierdesk: &Tierdesk,
    tries: u32,
    knock: impl AsyncFn(&Client, u32) -> StatusCode,
) -> u32 {
    let mut through = 0;
    for turn in 0..tries {
        let client = tierdesk.visitor().from_address(SAME[turn as usize % 2]);
        let status = knock(&client, turn).await;
        through += u32::from(status != StatusCode::TOO_MANY_REQUESTS);
    }
    through
}

#[tokio::test]
async fn a_network_asks_ten_times_for_help_or_a_fresh_link() {
    let tierdesk = Tierdesk::start().await;
    let knock = async |client: &Client, turn: u32| match turn % 3 {
        0 => ask(client, &format!("nobody{turn}@example.org")).await,
        1 => {
            let reply = client.post("/password/reset/never-was-one/fresh", &[]);
            reply.await.status
        }
        _ => ask(client, &format!("somebody{turn}@example.org")).await,
    };
    assert_eq!(let_through(&tierdesk, 10, &knock).await, 10);
    assert_eq!(
        let_through(&tierdesk, 3, &knock).await,
        0,
        "neither of both"
    );
    let other = tierdesk.visitor().from_address(NEXT);
    assert_eq!(ask(&other, "nobody@example.org").await, StatusCode::OK);
    tierdesk.clock.advance(TimeDelta::minutes(6));
    assert_eq!(
        let_through(&tierdesk, 2, &knock).await,
        1,
        "one every six minutes"
    );
}

#[tokio::test]
async fn a_network_tries_thirty_passwords_at_once() {
    let tierdesk = Tierdesk::start().await;
    let knock = async |client: &Client, turn: u32| {
        let reply: Reply = sign_in(client, &format!("nobody{turn}@example.org"), "x").await;
        reply.status
    };
    assert_eq!(let_through(&tierdesk, 31, &knock).await, 30);
    let other = tierdesk.visitor().from_address(NEXT);
    let reply = sign_in(&other, "nobody@example.org", "x").await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn everybody_together_asks_three_hundred_times() {
    let tierdesk = Tierdesk::start().await;
    let first = tierdesk.visitor().from_address("192.0.2.1");
    assert_eq!(ask(&first, "nobody@example.org").await, StatusCode::OK);
    let mut owner = database::connect(&tierdesk.database).await;
    let left: f64 = sqlx::query_scalar("select tokens from rate_limit where bucket = 'help.all'")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert!((left - 299.0).abs() < 0.001, "{left}");
    sqlx::query("update rate_limit set tokens = 1 where bucket = 'help.all'")
        .execute(&mut owner)
        .await
        .unwrap();
    for (address, status) in [
        ("192.0.2.2", StatusCode::OK),
        ("192.0.2.3", StatusCode::TOO_MANY_REQUESTS),
    ] {
        let client = tierdesk.visitor().from_address(address);
        assert_eq!(ask(&client, "somebody@example.org").await, status);
    }
    let client = tierdesk.visitor().from_address("192.0.2.4");
    let fresh = client
        .post("/password/reset/never-was-one/fresh", &[])
        .await;
    assert_eq!(fresh.status, StatusCode::TOO_MANY_REQUESTS);
    tierdesk.clock.advance(TimeDelta::seconds(4));
    let client = tierdesk.visitor().from_address("192.0.2.5");
    assert_eq!(ask(&client, "somebody@example.org").await, StatusCode::OK);
}

#[tokio::test]
async fn help_and_fresh_links_of_one_account_are_three_an_hour_together() {
    let (tierdesk, priya) = scene().await;
    let link = reset_link(&tierdesk, &priya).await;
    let other = tierdesk.visitor().from_address(NEXT);
    assert_eq!(ask(&other, &priya.email).await, StatusCode::OK);
    assert_eq!(newest_link(&tierdesk, "/password/reset/").await, link);
    tierdesk.clock.advance(TimeDelta::minutes(15));
    // Three, less two, and three quarters of one that came back.
    let visitor = tierdesk.visitor();
    let fresh = async || visitor.post(&format!("{link}/fresh"), &[]).await;
    assert!(fresh().await.location().starts_with("/sign-in"));
    let refused = fresh().await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.header("retry-after"), Some("300"));
    // What is asked for an account beyond that looks the same, and does nothing.
    let before = newest_link(&tierdesk, "/password/reset/").await;
    assert_eq!(ask(&other, &priya.email).await, StatusCode::OK);
    assert_eq!(newest_link(&tierdesk, "/password/reset/").await, before);
    tierdesk.clock.advance(TimeDelta::minutes(5));
    assert!(fresh().await.location().starts_with("/sign-in"));
}

#[tokio::test]
async fn a_network_tries_twenty_enrolment_tokens() {
    let tierdesk = Tierdesk::start().await;
    let joining = Joining {
        token: Secret::new("tde_never_was_one".to_owned()),
        hostname: "web01".to_owned(),
        machine: None,
        public_key: vec![7; 32],
        agent_version: "1".to_owned(),
        code: "a b c d".to_owned(),
    };
    let now = tierdesk.now();
    let join = async |ip: &str| {
        let origin = Origin {
            ip: ip.to_owned(),
            ..Origin::default()
        };
        let joined = tierdesk.desk.join_host(&origin, &joining, now).await;
        matches!(joined, Err(DeskError::RateLimited { retry_after: 30 }))
    };
    for turn in 0..20 {
        assert!(!join(SAME[turn % 2]).await, "{turn}");
    }
    assert!(join(SAME[0]).await && join(SAME[1]).await);
    assert!(!join(NEXT).await);
}
