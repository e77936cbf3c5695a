//! Mail out: what is written in an action arrives, once, with nothing in it that its reader must not see; a mail server that
//! is away delays it and loses nothing (R7, AT-RESET-3, AT-LEAK-1).

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use sqlx::Row as _;
use support::database;
use support::product::{Someone, Tierdesk};
use support::served::Served;
use support::smtp::{At, Do, SmtpSink};
use tierdesk_desk::Caller;
use tierdesk_desk::conversation::Afterwards;
use tierdesk_desk::ticket::Filed;
use tierdesk_desk::work::Mail;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::handover::Handover;
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::secret::Secret;
use tierdesk_domain::tier::Tier;
use tierdesk_mail::settings::Timeouts;
use tierdesk_mail::{Mailbox, Security, SmtpSettings, SmtpTransport, Transport};
use tierdesk_worker::{Post, outbox::Outbox};

/// A desk with a requester, an engineer and a mail server.
struct Scene {
    tierdesk: Tierdesk,
    sink: SmtpSink,
    outbox: Outbox,
    priya: Someone,
    ana: Someone,
}

fn outbox(tierdesk: &Tierdesk, sink: &SmtpSink) -> Outbox {
    let patience = Duration::from_secs(5);
    let settings = SmtpSettings {
        port: sink.address().port(),
        timeouts: Timeouts {
            connect: patience,
            command: patience,
            accept: patience,
        },
        ..SmtpSettings::new("localhost", Security::PlainLoopback)
    };
    let post = Post {
        transport: Transport::Smtp(Arc::new(SmtpTransport::new(settings).unwrap())),
        from: Mailbox::new("Service desk", "desk@desk.example".parse().unwrap()),
        prefix: "TD".to_owned(),
    };
    Outbox::new(tierdesk.desk.clone(), post)
}

/// How a desk mails whose mail server is not set yet.
fn nowhere() -> Post {
    Post {
        transport: Transport::Nowhere,
        from: Mailbox::new("Service desk", "desk@desk.example".parse().unwrap()),
        prefix: "TD".to_owned(),
    }
}

impl Scene {
    async fn new() -> Self {
        let tierdesk = Tierdesk::start().await;
        let priya = tierdesk.requester("Priya Nair").await;
        let ana = tierdesk
            .engineer("Ana Ferreira", "Service Desk", Tier::L1)
            .await;
        let sink = SmtpSink::start().await;
        let outbox = outbox(&tierdesk, &sink);
        Self {
            tierdesk,
            sink,
            outbox,
            priya,
            ana,
        }
    }

    async fn send(&self) {
        self.outbox.drain(self.tierdesk.now()).await.unwrap();
    }

    async fn file(&self) -> Filed {
        self.tierdesk
            .file(&self.priya, "Printer jams", "Since Monday, on floor 3")
            .await
    }

    async fn reply(&self, ticket: Filed, words: &str) {
        let caller = self.tierdesk.caller(&self.ana).await;
        self.tierdesk
            .desk
            .reply(
                &caller,
                ticket.id,
                words,
                Afterwards::Open,
                self.tierdesk.now(),
            )
            .await
            .unwrap();
    }

    /// A mail with a link in it, as the reset of a password sends one.
    async fn send_link(&self, token: &str) {
        let machine = Caller::machine(Actor::system());
        let now = self.tierdesk.now();
        let mut work = self.tierdesk.desk.begin(&machine, now).await.unwrap();
        work.mail(Mail {
            kind: MailKind::PasswordReset,
            to: self.priya.id,
            ticket: None,
            event: None,
            data: json!({"expires_at": now + TimeDelta::minutes(15), "reminder": false}),
            secret: Some(&Secret::new(token.to_owned())),
        })
        .await
        .unwrap();
        work.commit().await.unwrap();
    }

    /// State and last word of every mail, in the order they were written.
    async fn states(&self) -> Vec<(String, String)> {
        let mut owner = database::connect(&self.tierdesk.database).await;
        let rows =
            sqlx::query("select state, coalesce(last_error, '') as said from outbox order by id")
                .fetch_all(&mut owner)
                .await
                .unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    async fn as_owner(&self, statement: &'static str) {
        let mut owner = database::connect(&self.tierdesk.database).await;
        sqlx::query(statement).execute(&mut owner).await.unwrap();
    }
}

#[tokio::test]
async fn receipt_and_reply_arrive_as_one_conversation() {
    let scene = Scene::new().await;
    let ticket = scene.file().await;
    scene.send().await;
    scene
        .reply(
            ticket,
            "Please try again.\n\nI cleaned the <rollers> & fuser.",
        )
        .await;
    scene.send().await;

    let [receipt, reply] = scene
        .sink
        .delivered_to(&scene.priya.email)
        .try_into()
        .unwrap();
    let (receipt, reply) = (receipt.message(), reply.message());
    let number = format!("TD-{}", ticket.number.0);
    assert_eq!(receipt.subject(), format!("[{number}] Printer jams"));
    assert_eq!(reply.subject(), receipt.subject());
    assert_eq!(receipt.header("Auto-Submitted"), Some("auto-replied"));
    assert_eq!(reply.header("Auto-Submitted"), Some("no"));
    assert_eq!(reply.header("In-Reply-To"), receipt.header("Message-ID"));
    assert!(
        reply
            .header("References")
            .unwrap()
            .starts_with(&format!("<{}@desk.example>", ticket.id))
    );
    assert!(
        reply
            .header("From")
            .unwrap()
            .contains("\"Ana Ferreira (Tierdesk)\" <desk@desk.example>")
    );
    let link = format!("{}/tickets/{}", scene.tierdesk.base_url, ticket.number.0);
    assert!(receipt.text().contains(&link));
    assert!(reply.text().contains("I cleaned the <rollers> & fuser."));
    assert!(reply.html().contains("I cleaned the &#60;rollers&#62;"));
    assert_eq!(scene.sink.violations(), Vec::<String>::new());

    let sent = scene.tierdesk.timeline(ticket.id).await;
    let sent: Vec<_> = sent.iter().filter(|it| it.kind == "mail_sent").collect();
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|it| it.visibility == "internal"));
}

#[tokio::test]
async fn a_dead_mail_server_delays_and_loses_nothing() {
    let mut scene = Scene::new().await;
    scene.sink.shut().await;
    for _ in 0..12 {
        scene.file().await;
    }
    for _ in 0..20 {
        scene.send().await;
        scene.tierdesk.clock.advance(TimeDelta::minutes(24));
    }
    assert!(
        scene
            .states()
            .await
            .iter()
            .all(|(state, _)| state == "pending")
    );

    scene.sink.open().await;
    scene.send().await;
    assert!(
        scene
            .states()
            .await
            .iter()
            .all(|(state, _)| state == "sent")
    );
    let ids: std::collections::BTreeSet<_> = scene
        .sink
        .delivered()
        .iter()
        .map(|it| it.message().header("Message-ID").unwrap().to_owned())
        .collect();
    assert_eq!((ids.len(), scene.sink.delivered().len()), (12, 12));
    assert!(scene.sink.most_open() <= 10);
}

#[tokio::test]
async fn after_five_days_without_a_mail_server_the_ticket_says_that_nothing_went_out() {
    let mut scene = Scene::new().await;
    scene.sink.shut().await;
    let ticket = scene.file().await;
    scene.send().await;
    scene.tierdesk.clock.advance(TimeDelta::days(5));
    scene.send().await;
    assert_eq!(scene.states().await[0].0, "failed");
    let failed = scene
        .tierdesk
        .newest(ticket.id, "mail_failed")
        .await
        .unwrap();
    assert_eq!(failed.visibility, "internal");
}

#[tokio::test]
async fn the_days_before_there_was_a_mail_server_do_not_count_against_a_mail() {
    let mut scene = Scene::new().await;
    scene.file().await;
    let waiting = Outbox::new(scene.tierdesk.desk.clone(), nowhere());
    assert_eq!(waiting.drain(scene.tierdesk.now()).await.unwrap(), 0);
    scene.tierdesk.clock.advance(TimeDelta::days(30));
    assert_eq!(waiting.drain(scene.tierdesk.now()).await.unwrap(), 0);
    let states = scene.states().await;
    assert!(!states.is_empty());
    for (state, said) in &states {
        assert_eq!((state.as_str(), said.as_str()), ("pending", ""));
    }
    // The first server that is set cannot be used; the next one can.
    scene.sink.shut().await;
    scene.send().await;
    assert_eq!(scene.states().await[0].0, "pending");
    scene.tierdesk.clock.advance(TimeDelta::days(4));
    scene.sink.open().await;
    scene.send().await;
    for (state, said) in scene.states().await {
        assert_eq!(state, "sent", "{said}");
    }
    assert_eq!(scene.sink.delivered().len(), states.len());
}

/// Looks again and again until it is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..300 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn a_worker_without_a_mail_server_says_that_nothing_was_sent_and_with_one_it_is() {
    let scene = Scene::new().await;
    // The programs take the real time.
    scene.tierdesk.clock.follow();
    let ticket = scene.file().await;
    let mut served = Served::start(&scene.tierdesk, &[]).await;
    served.run("worker", &[]);
    until("the worker works", async || {
        let triaged = scene.tierdesk.newest(ticket.id, "triage").await.is_some();
        triaged && served.log("worker").contains("no mail server is set")
    })
    .await;
    let waiting = scene.states().await;
    assert!(!waiting.is_empty());
    for (state, said) in &waiting {
        assert_eq!((state.as_str(), said.as_str()), ("pending", ""));
    }
    assert!(
        scene
            .tierdesk
            .newest(ticket.id, "mail_sent")
            .await
            .is_none()
    );
    let numbers = served.ask("GET /metrics", &[], "");
    assert!(
        numbers
            .lines()
            .any(|line| line.starts_with("tierdesk_mails_waiting ") && !line.ends_with(" 0")),
        "{numbers}"
    );

    served.end();
    let port = scene.sink.address().port().to_string();
    served.run(
        "worker",
        &[
            ("TIERDESK_SMTP_HOST", "localhost"),
            ("TIERDESK_SMTP_PORT", &port),
            ("TIERDESK_SMTP_SECURITY", "plain"),
            ("TIERDESK_MAIL_FROM", "desk@desk.example"),
        ],
    );
    scene.sink.wait_for(waiting.len()).await;
    assert_eq!(scene.sink.delivered_to(&scene.priya.email).len(), 1);
    until("the ticket says so", async || {
        scene
            .tierdesk
            .newest(ticket.id, "mail_sent")
            .await
            .is_some()
    })
    .await;
    assert_eq!(scene.states().await[0].0, "sent");
}

#[tokio::test]
async fn a_greylisted_mail_is_tried_again_under_the_same_name() {
    let scene = Scene::new().await;
    scene
        .sink
        .say_times(At::Recipient, Do::Answer(451, "4.7.1 come back later"), 2);
    scene.file().await;
    scene.send().await;
    assert_eq!(scene.states().await[0].0, "pending");
    for _ in 0..2 {
        scene.tierdesk.clock.advance(TimeDelta::minutes(2));
        scene.send().await;
    }
    assert_eq!(scene.states().await[0].0, "sent");
    assert_eq!(
        (scene.sink.attempts(), scene.sink.delivered().len()),
        (3, 1)
    );
}

#[tokio::test]
async fn an_address_that_does_not_exist_shows_on_the_ticket_and_holds_up_nobody() {
    let scene = Scene::new().await;
    let tom = scene.tierdesk.requester("Tom Okafor").await;
    scene.sink.say_for(
        At::Recipient,
        &scene.priya.email,
        Do::Answer(550, "5.1.1 no such user"),
    );
    let bad = scene.file().await;
    scene.tierdesk.file(&tom, "VPN", "It is slow").await;
    scene.send().await;

    assert_eq!(scene.sink.delivered_to(&tom.email).len(), 1);
    let failed = scene.tierdesk.newest(bad.id, "mail_failed").await.unwrap();
    assert_eq!(failed.visibility, "internal");
    assert!(
        failed.data["said"]
            .as_str()
            .unwrap()
            .contains("no such user")
    );
    let (_, said) = &scene.states().await[0];
    assert!(said.contains("no such user"));
}

#[tokio::test]
async fn mails_of_one_ticket_keep_their_order_even_when_the_first_has_to_wait() {
    let scene = Scene::new().await;
    scene
        .sink
        .say_times(At::Recipient, Do::Answer(451, "4.7.1 come back later"), 1);
    let ticket = scene.file().await;
    scene.send().await;
    scene.reply(ticket, "First answer").await;
    scene.send().await;
    assert_eq!(
        scene.sink.delivered().len(),
        0,
        "the reply waits for the receipt"
    );

    scene.tierdesk.clock.advance(TimeDelta::minutes(2));
    scene.send().await;
    let kinds: Vec<_> = scene
        .sink
        .delivered()
        .iter()
        .map(|it| it.message().header("X-Tierdesk-Mail").unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["received", "reply"]);
}

#[tokio::test]
async fn who_may_not_read_the_ticket_any_more_gets_no_mail_about_it() {
    let scene = Scene::new().await;
    let ticket = scene.file().await;
    let caller = scene.tierdesk.caller(&scene.ana).await;
    let now = scene.tierdesk.now();
    let lea = scene
        .tierdesk
        .engineer("Lea Brandt", "Service Desk", Tier::L1)
        .await;
    scene
        .tierdesk
        .desk
        .assign(&caller, ticket.id, Some(lea.id), None, now)
        .await
        .unwrap();
    // Between the action and the sending: the team becomes closed and the engineer leaves it; the requester leaves the company.
    scene.as_owner("update team set restricted = true").await;
    scene
        .as_owner("delete from membership where person_id = (select id from person where name = 'Lea Brandt')")
        .await;
    scene
        .as_owner("update person set deactivated_at = now() where name = 'Priya Nair'")
        .await;
    scene.send().await;

    assert_eq!(scene.sink.attempts(), 0);
    let states = scene.states().await;
    assert!(
        states.iter().all(|(state, _)| state == "dropped"),
        "{states:?}"
    );
    assert_eq!(states[0].1, "event.mail_why_deactivated");
    assert_eq!(states[1].1, "event.mail_why_ticket");
}

#[tokio::test]
async fn a_secret_is_sealed_while_it_waits_and_gone_once_it_was_sent() {
    let scene = Scene::new().await;
    let token = "canary-token-0123456789";
    scene.send_link(token).await;
    let dump = "select count(*) from outbox where outbox::text like '%canary%' or position('canary'::bytea in sealed) > 0";
    let mut owner = database::connect(&scene.tierdesk.database).await;
    let readable: i64 = sqlx::query_scalar(dump)
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(readable, 0);

    scene.send().await;
    let [mail] = scene.sink.delivered().try_into().unwrap();
    let link = mail.message().link("/password/reset/");
    assert_eq!(
        link,
        format!("{}/password/reset/{token}", scene.tierdesk.base_url)
    );
    let left: i64 = sqlx::query_scalar("select count(*) from outbox where sealed is not null")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_secret_that_may_have_arrived_is_never_sent_twice_and_any_other_mail_is_under_the_same_name()
 {
    let scene = Scene::new().await;
    scene.sink.say_times(At::Message, Do::KeepAndCut, 2);
    scene.send_link("token-token-token").await;
    scene.send().await;
    scene.file().await;
    scene.send().await;
    for _ in 0..5 {
        scene.tierdesk.clock.advance(TimeDelta::minutes(2));
        scene.send().await;
    }
    let states = scene.states().await;
    assert_eq!(
        (states[0].0.as_str(), states[1].0.as_str()),
        ("unknown", "sent")
    );
    let ids: Vec<_> = scene
        .sink
        .delivered()
        .iter()
        .map(|it| it.message().header("Message-ID").unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 3);
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[1], ids[2]);
}

#[tokio::test]
async fn an_error_before_the_mail_server_is_asked_anything_only_delays_a_secret() {
    let scene = Scene::new().await;
    let database = &scene.tierdesk.database;
    database::refuse(database, "outbox", "new.began_at is not null").await;
    scene.send_link("token-token-token").await;
    scene.send().await;
    let states = scene.states().await;
    assert_eq!(states[0].0, "pending");
    assert_eq!(states[0].1, "event.mail_why_error");
    assert_eq!(scene.sink.attempts(), 0);

    database::allow(database, "outbox").await;
    scene.tierdesk.clock.advance(TimeDelta::minutes(1));
    scene.send().await;
    assert_eq!(scene.states().await[0].0, "sent");
    assert_eq!(scene.sink.delivered().len(), 1);
}

#[tokio::test]
async fn a_worker_that_died_before_it_asked_the_mail_server_anything_leaves_a_secret_to_the_next() {
    let scene = Scene::new().await;
    scene.send_link("token-token-token").await;
    let now = scene.tierdesk.now();
    let desk = &scene.tierdesk.desk;
    let [first] = desk.claim_mail(10, now).await.unwrap().try_into().unwrap();
    scene
        .as_owner("update outbox set lease_until = now() - interval '1 second'")
        .await;
    scene.send().await;
    assert_eq!(scene.states().await[0].0, "sent");
    assert_eq!(scene.sink.delivered().len(), 1);
    // It wakes up after all, and is told before it says anything to the mail server.
    assert!(!desk.begin_mail(&first, now).await.unwrap());
}

#[tokio::test]
async fn a_secret_whose_sending_began_and_never_ended_is_not_sent_again_whatever_else_goes_wrong() {
    let scene = Scene::new().await;
    let database = &scene.tierdesk.database;
    let ended = "new.state in ('sent', 'pending', 'unknown')";
    scene.send_link("token-token-token").await;
    database::refuse(database, "outbox", ended).await;
    for _ in 0..2 {
        scene.send().await;
        assert_eq!(scene.states().await[0].0, "sending");
        assert_eq!(scene.sink.delivered().len(), 1);
        scene
            .as_owner("update outbox set lease_until = now() - interval '1 second'")
            .await;
    }
    database::allow(database, "outbox").await;
    scene.send().await;
    assert_eq!(scene.states().await[0].0, "unknown");
    assert_eq!(scene.sink.delivered().len(), 1);
}

#[tokio::test]
async fn a_link_that_is_over_its_time_is_not_sent_any_more() {
    let mut scene = Scene::new().await;
    scene.sink.shut().await;
    scene.send_link("token-token-token").await;
    scene.send().await;
    scene.sink.open().await;
    scene.tierdesk.clock.advance(TimeDelta::minutes(15));
    scene.send().await;
    assert_eq!(scene.states().await[0].0, "dropped");
    assert_eq!(scene.sink.attempts(), 0);
}

#[tokio::test]
async fn a_worker_that_was_killed_or_slept_cannot_undo_what_another_did() {
    let scene = Scene::new().await;
    scene.file().await;
    let now = scene.tierdesk.now();
    let desk = &scene.tierdesk.desk;
    let [first] = desk.claim_mail(10, now).await.unwrap().try_into().unwrap();
    assert!(
        desk.claim_mail(10, now).await.unwrap().is_empty(),
        "claimed"
    );

    // The first worker says nothing any more, and its lease runs out.
    scene
        .as_owner("update outbox set lease_until = now() - interval '1 second'")
        .await;
    scene.send().await;
    assert_eq!(scene.sink.delivered().len(), 1);
    assert!(!desk.hold_mail(&first).await.unwrap());
    assert!(!desk.mail_refused(&first, "late", now).await.unwrap());
    assert_eq!(scene.states().await[0].0, "sent");
}

#[tokio::test]
async fn nothing_internal_ever_leaves_for_the_requester() {
    let scene = Scene::new().await;
    let canary = "Canary-4711";
    scene.tierdesk.team(&format!("Network {canary}")).await;
    let network = scene.tierdesk.team(&format!("Network {canary}")).await;
    let nina = scene
        .tierdesk
        .engineer("Nina Vogt", &format!("Network {canary}"), Tier::L2)
        .await;
    let ticket = scene.file().await;
    let now = scene.tierdesk.now();
    let desk = &scene.tierdesk.desk;
    let ana = scene.tierdesk.caller(&scene.ana).await;
    desk.note(&ana, ticket.id, &format!("note {canary}"), now)
        .await
        .unwrap();
    scene.reply(ticket, "We look into it").await;
    let version = {
        let mut owner = database::connect(&scene.tierdesk.database).await;
        sqlx::query_scalar("select version from ticket")
            .fetch_one(&mut owner)
            .await
            .unwrap()
    };
    let note = Handover {
        known: format!("known {canary}"),
        tried: format!("tried {canary}"),
        evidence: canary.to_owned(),
        ask: format!("ask {canary}"),
    };
    desk.escalate(&ana, ticket.id, version, (network, Tier::L2), note, now)
        .await
        .unwrap();
    let lead = scene.tierdesk.caller(&nina).await;
    desk.reply(&lead, ticket.id, "Solved soon", Afterwards::Pending, now)
        .await
        .unwrap();
    scene.send().await;

    let to_nina = scene.sink.delivered_to(&nina.email);
    assert!(
        to_nina
            .iter()
            .any(|it| it.message().text().contains(&format!("> ask {canary}"))),
        "the engineer reads the hand-over"
    );
    let to_priya = scene.sink.delivered_to(&scene.priya.email);
    assert_eq!(to_priya.len(), 3);
    for mail in to_priya {
        let message = mail.message();
        assert!(!String::from_utf8_lossy(&mail.bytes).contains(canary));
        assert!(!message.text().contains(canary) && !message.html().contains(canary));
    }
}

#[tokio::test]
async fn nobody_is_mailed_about_what_they_did_themselves() {
    let scene = Scene::new().await;
    let ticket = scene.file().await;
    let ana = scene.tierdesk.caller(&scene.ana).await;
    let now = scene.tierdesk.now();
    scene
        .tierdesk
        .desk
        .assign(&ana, ticket.id, Some(scene.ana.id), None, now)
        .await
        .unwrap();
    scene.send().await;
    assert!(scene.sink.delivered_to(&scene.ana.email).is_empty());
    let priya = scene.tierdesk.caller(&scene.priya).await;
    scene
        .tierdesk
        .desk
        .answer(&priya, ticket.id, "It still jams", now)
        .await
        .unwrap();
    scene.send().await;
    let [mail] = scene
        .sink
        .delivered_to(&scene.ana.email)
        .try_into()
        .unwrap();
    assert!(mail.message().text().contains("> It still jams"));
    assert_eq!(scene.sink.delivered_to(&scene.priya.email).len(), 1);
}
