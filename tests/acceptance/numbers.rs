//! What a scraper reads: who may, what is counted, and that nothing in it is anybody's.

use sqlx::Executor;
use support::database;
use support::product::Tierdesk;
use support::served::Served;

const TOKEN: &str = "zqscraperzqscraperzqscraperzqscraper";
const SECRET: &str = "zqtokenzqtokenzqtokenzqtokenzqtokenzqtoken0";

/// The value of one line.
fn value(numbers: &str, name: &str) -> Option<f64> {
    let line = numbers
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map(|it| it.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_for_this_machine_and_for_who_holds_the_token() {
    let tierdesk = Tierdesk::start().await;
    let priya = tierdesk.requester("Priya Nair").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, TOKEN).unwrap();
    let file = file.display().to_string();
    let served = Served::start(&tierdesk, &[("TIERDESK_METRICS_TOKEN_FILE", &file)]).await;
    // A secret in a path, and whose it is, are nowhere in what is counted.
    served.ask(&format!("GET /password/reset/{SECRET}"), &[], "");
    served.ask(
        "POST /sign-in",
        &[],
        &format!("mail={}&password=x", priya.email),
    );
    served.ask(&format!("ZQ-{SECRET} /"), &[], "");

    let ask = |headers: &[&str]| {
        let headers: Vec<&[u8]> = headers.iter().map(|it| it.as_bytes()).collect();
        served.ask("GET /metrics", &headers, "")
    };
    let (right, wrong) = (
        format!("Authorization: Bearer {TOKEN}"),
        format!("Authorization: Bearer {TOKEN}x"),
    );
    let (right, wrong) = (right.as_str(), wrong.as_str());
    for headers in [
        &[][..],
        &[right],
        &[right, "X-Forwarded-For: 198.51.100.7"],
        &[right, "Forwarded: for=198.51.100.7"],
    ] {
        let answer = ask(headers);
        assert!(answer.starts_with("HTTP/1.1 200"), "{headers:?}: {answer}");
        for name in [
            "route=\"/password/reset/{secret}\"",
            "method=\"other\"",
            "tierdesk_http_request_seconds_bucket{route=\"/sign-in\",le=\"0.1\"}",
            "tierdesk_mails_waiting 0",
            "tierdesk_mails_last_hour{outcome=\"sent\"} 0",
            "tierdesk_deadlines_overdue{kind=\"clock\"} 0",
            "tierdesk_jobs_waiting 0",
        ] {
            assert!(answer.contains(name), "{name} is missing in:\n{answer}");
        }
        for secret in [SECRET, TOKEN, &priya.email, "Priya", "127.0.0.1"] {
            assert!(!answer.contains(secret), "{secret}:\n{answer}");
        }
    }
    for headers in [
        &["X-Forwarded-For: 127.0.0.1"][..],
        &["Forwarded: for=127.0.0.1"],
        &[wrong, "X-Forwarded-For: 127.0.0.1"],
        &["Authorization: Bearer ", "X-Forwarded-For: 127.0.0.1"],
    ] {
        let answer = ask(headers);
        assert!(answer.starts_with("HTTP/1.1 404"), "{headers:?}: {answer}");
        assert!(!answer.contains("tierdesk_"), "{headers:?}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_whoever_works_on_it() {
    let tierdesk = Tierdesk::start().await;
    let priya = tierdesk.requester("Priya Nair").await;
    let ticket = tierdesk
        .file(&priya, "Portal does not open", "Since this morning")
        .await;
    let host = tierdesk.stand_in_host("web01", None, &[]).await;
    let mut owner = database::connect(&tierdesk.database).await;
    owner
        .execute("delete from outbox; delete from timer")
        .await
        .unwrap();
    for (id, state, finished) in [
        (1, "pending", None),
        (2, "sending", None),
        (3, "failed", Some(10)),
        (4, "sent", Some(10)),
        (5, "sent", Some(90)),
    ] {
        sqlx::query(
            "insert into outbox (id, mail_id, kind, address, message_id, state, created_at, send_after, finished_at)
             values (gen_random_uuid(), gen_random_uuid(), 'ticket_filed', $1, $1, $2, now() - interval '2 hours', now(), now() - make_interval(mins => $3))",
        )
        .bind(format!("{id}@example.org"))
        .bind(state)
        .bind(finished)
        .execute(&mut owner)
        .await
        .unwrap();
    }
    sqlx::query(
        "insert into timer (kind, object_id, fires_at) values ('clock', $1, now() - interval '90 seconds'), ('auto_close', $1, now() + interval '1 day')",
    )
    .bind(ticket.id.0)
    .execute(&mut owner)
    .await
    .unwrap();
    sqlx::query(
        "insert into job (id, host_id, entry, entry_hash, params, class, state, actor_kind, created_at, expires_at)
         values (gen_random_uuid(), $1, 'net.tcp', '', '{}', 'R0', 'queued', 'system', now() - interval '30 seconds', now() + interval '1 hour')",
    )
    .bind(host)
    .execute(&mut owner)
    .await
    .unwrap();

    let mut served = Served::start(&tierdesk, &[]).await;
    let scrape = |served: &Served| served.ask("GET /metrics", &[], "");
    let numbers = scrape(&served);
    for (name, from, to) in [
        ("tierdesk_mails_waiting", 2.0, 2.0),
        ("tierdesk_mails_waiting_seconds", 7200.0, 7300.0),
        ("tierdesk_mails_last_hour{outcome=\"failed\"}", 1.0, 1.0),
        ("tierdesk_mails_last_hour{outcome=\"sent\"}", 1.0, 1.0),
        ("tierdesk_mails_last_hour{outcome=\"unknown\"}", 0.0, 0.0),
        ("tierdesk_deadlines_overdue{kind=\"clock\"}", 1.0, 1.0),
        (
            "tierdesk_deadlines_overdue_seconds{kind=\"clock\"}",
            90.0,
            190.0,
        ),
        ("tierdesk_deadlines_overdue{kind=\"auto_close\"}", 0.0, 0.0),
        ("tierdesk_jobs_waiting", 1.0, 1.0),
        ("tierdesk_jobs_waiting_seconds", 30.0, 130.0),
    ] {
        let told = value(&numbers, name);
        assert!(
            told.is_some_and(|it| from <= it && it <= to),
            "{name}: {told:?}\n{numbers}"
        );
    }
    // A worker in a process of its own acts, and the pages' process tells.
    served.run("worker", &[]);
    for _ in 0..600 {
        if value(
            &scrape(&served),
            "tierdesk_deadlines_overdue{kind=\"clock\"}",
        ) == Some(0.0)
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("nobody acts: {}", served.log("worker"));
}
