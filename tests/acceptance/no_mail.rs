//! A desk whose mail server is not set yet: it promises no mail, and says so where it otherwise would.

use chrono::TimeDelta;
use support::database;
use support::product::Tierdesk;
use tierdesk_domain::outbox::Way;
use tierdesk_domain::text;

use crate::account::GOOD;

#[tokio::test]
async fn a_page_that_promises_mail_says_when_no_mail_server_is_set() {
    let mut tierdesk = Tierdesk::start().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let priya = tierdesk.requester("Priya Nair").await;
    for someone in [&ines, &priya] {
        tierdesk.set_password(someone, GOOD).await;
    }
    let new = [("name", "Tom Weber"), ("email", "tom@example.org")];
    let notice = text::t("ui.no_mail");
    for (way, waits) in [(Way::Mailbox, false), (Way::Nowhere, true)] {
        tierdesk.restart_with(way).await;
        let administrator = tierdesk.sign_in(&ines).await;
        let requester = tierdesk.sign_in(&priya).await;
        for (client, path) in [
            (&administrator, "/admin/people/new".to_owned()),
            (&administrator, format!("/admin/people/{}", priya.id)),
            (&requester, "/tickets/new".to_owned()),
        ] {
            let body = client.get(&path).await.body;
            assert_eq!(body.contains(notice), waits, "{path}");
        }
        let asked = [("mail", priya.email.as_str())];
        let help = tierdesk.visitor().post("/sign-in/help", &asked).await;
        assert_eq!(
            help.body.contains(text::t("sign_in.help_asked_line")),
            !waits
        );
        assert_eq!(
            help.body.contains(text::t("sign_in.help_no_mail_line")),
            waits
        );
        assert_eq!(
            tierdesk.visitor().get("/mailbox").await.status.as_u16(),
            if waits { 404 } else { 200 }
        );
    }
    // Now nothing leaves.
    let administrator = tierdesk.sign_in(&ines).await;
    let invited = administrator.post("/admin/people/new", &new).await;
    let page = administrator.get(&invited.location()).await;
    assert!(page.body.contains(text::t("said.invited_waits")));
    assert!(!page.body.contains(text::t("said.invited")));
    let path = format!("/admin/people/{}/send-reset", priya.id);
    let refused = administrator.post(&path, &[]).await;
    assert!(refused.body.contains(text::t("state.no_mail_server")));
    let mut owner = database::connect(&tierdesk.database).await;
    let links: i64 =
        sqlx::query_scalar("select count(*) from outbox where kind = 'password_reset'")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    assert_eq!(links, 0);
}

#[tokio::test]
async fn without_a_mail_server_the_bot_leaves_a_forgotten_password_to_people() {
    let mut tierdesk = Tierdesk::start().await;
    let priya = tierdesk.requester("Priya Nair").await;
    tierdesk.set_password(&priya, GOOD).await;
    tierdesk.restart_with(Way::Nowhere).await;
    // The account and its address are on file for long enough.
    tierdesk.clock.advance(TimeDelta::days(30));
    let filed = tierdesk
        .file(&priya, "I forgot my password", "Please reset my password")
        .await;
    crate::leak::worker(&tierdesk)
        .drain(tierdesk.now())
        .await
        .unwrap();
    let gave_up = tierdesk.newest(filed.id, "bot_gave_up").await.unwrap();
    assert_eq!(gave_up.data["why"], text::t("bot.refuses_no_mail"));
    assert!(tierdesk.newest(filed.id, "password_reset").await.is_none());
}
