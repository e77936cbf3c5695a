//! The whole journey with the real programs: one installation, people in a browser, a host agent, a mail server.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use support::browser::Browser;
use support::installed::{Installed, Process, run};
use support::mime::Message;
use support::smtp::SmtpSink;
use support::{Someone, Tierdesk, database, skip};
use tierdesk_domain::tier::Tier;

use crate::bot_agent::own_address;

const PASSWORD: &str = "seven quiet otters in the hall";
const ADMINISTRATOR: (&str, &str) = ("Ines Roth", "ines.roth@example.org");
const REQUESTER: (&str, &str) = ("Priya Nair", "priya.nair@example.org");
const FIRST_LINE: (&str, &str) = ("Samir Haddad", "samir.haddad@example.org");
const SECOND_LINE: (&str, &str) = ("Ana Ferreira", "ana.ferreira@example.org");
const MANAGER: (&str, &str) = ("Mara Lind", "mara.lind@example.org");

/// An installation, the administrator's browser, and one that everybody else sits down at in turn.
struct Journey {
    desk: Installed,
    mail: SmtpSink,
    office: Browser,
    browser: Browser,
}

impl Journey {
    async fn begin() -> Option<Self> {
        let office = Browser::open().await?;
        let browser = Browser::open().await?;
        browser.resize(1440, 1000).await;
        let mail = SmtpSink::start().await;
        Some(Self {
            desk: Installed::start(&mail).await,
            mail,
            office,
            browser,
        })
    }

    /// The administrator goes to a page.
    async fn administer(&self, path: &str) -> &Browser {
        self.office
            .goto(&format!("{}{path}", self.desk.base_url))
            .await;
        &self.office
    }

    async fn goto(&self, path: &str) {
        self.browser
            .goto(&format!("{}{path}", self.desk.base_url))
            .await;
    }

    /// Lets somebody sit down at the browser, and sign in.
    async fn seat(&self, who: (&str, &str)) {
        self.browser
            .sign_in(&self.desk.base_url, who.1, PASSWORD)
            .await;
    }

    /// The mail to somebody that says this, as soon as it is there.
    async fn mail_to(&self, address: &str, words: &str) -> Message {
        loop {
            let count = self.mail.delivered().len();
            let found = self.mail.delivered_to(address).into_iter().rev();
            let mut messages = found.map(|it| it.message());
            if let Some(message) = messages.find(|it| it.text().contains(words)) {
                return message;
            }
            self.mail.wait_for(count + 1).await;
        }
    }

    /// The console's link makes the first administrator.
    async fn set_up(&self) {
        self.office.goto(&self.desk.set_up_link).await;
        self.office.fill("#name", ADMINISTRATOR.0).await;
        self.office.fill("#mail", ADMINISTRATOR.1).await;
        choose_password(&self.office, PASSWORD).await;
        self.office
            .wait_for_text("You are the administrator. Sign in.")
            .await;
        self.office
            .sign_in(&self.desk.base_url, ADMINISTRATOR.1, PASSWORD)
            .await;
        let office = self.administer("/admin/teams").await;
        office.fill("#name", "Network").await;
        office.fill("#description", "Ways between machines").await;
        office.click_word("main .btn.primary", "Add a team").await;
        office.wait_for_text("Ways between machines").await;
    }

    /// The administrator invites somebody, who follows the link in the mail.
    async fn invite(&self, who: (&str, &str), may: &[&str]) {
        let office = self.administer("/admin/people/new").await;
        office.fill("#name", who.0).await;
        office.fill("#email", who.1).await;
        for word in may {
            office.click_word("label.check", word).await;
        }
        office.click("main .btn.primary").await;
        office.wait_for_text("The invitation is on its way").await;
        let mail = self.mail_to(who.1, "/invitation/").await;
        self.browser.goto(&mail.link("/invitation/")).await;
        choose_password(&self.browser, PASSWORD).await;
        self.browser.wait_for_text("Your account is ready").await;
    }

    /// This machine joins as the server's vantage: token, one-liner, four words, approval.
    async fn enrol_this_machine(&self) -> Process {
        let office = self.administer("/admin/enrolment").await;
        office.fill("#labels", "vantage=server").await;
        office
            .click_word("main .btn.primary", "Make the token")
            .await;
        let token = office.says("#token").await;
        let command = office.says("#join").await;
        let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
        assert_eq!(arguments, ["enroll", &self.desk.base_url]);
        let mut enroll = self.desk.agent(&arguments);
        let said = tokio::task::spawn_blocking(move || {
            run(enroll.env("TIERDESK_ENROLL_TOKEN", token.trim()))
        });
        let said = said.await.unwrap();
        let agent = Process::start(self.desk.agent(&["daemon"]).stderr(Stdio::null()));

        self.administer("/hosts").await;
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        office.click_word("main table a", hostname.trim()).await;
        let words = office.says("main .banner code").await;
        assert!(said.contains(&words), "`{words}` stands not in:\n{said}");
        office.click_word("main .btn.primary", "Approve").await;
        office.wait_for_text("The host may work now").await;
        // Its first report tells what it can run.
        let host = office.page.current_url().await.unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        while !office.text().await.contains(env!("CARGO_PKG_VERSION")) {
            assert!(Instant::now() < until, "the host has not reported");
            tokio::time::sleep(Duration::from_millis(200)).await;
            office.goto(host.as_str()).await;
        }
        agent
    }

    /// A requester files, and the bot looks. Returns the number.
    async fn file(&self, title: &str, text: &str) -> String {
        self.seat(REQUESTER).await;
        self.goto("/tickets/new").await;
        self.browser.click_word(".choice", "Network").await;
        self.browser.fill("#title", title).await;
        self.browser.fill("#description", text).await;
        self.browser
            .click_word("label.check", "My team or room")
            .await;
        self.browser
            .click_word("label.check", "No, work has stopped")
            .await;
        self.browser
            .click_word("main .btn.primary", "Send ticket")
            .await;
        self.browser.wait_for_text("We have your ticket").await;
        let url = self.browser.page.current_url().await.unwrap();
        url.path().rsplit('/').next().unwrap().to_owned()
    }

    /// An engineer opens the ticket from their queue, and takes it.
    async fn take(&self, who: (&str, &str), queue: &str, title: &str) {
        self.seat(who).await;
        self.goto(queue).await;
        self.browser.click_word("table.q a.t", title).await;
        self.browser
            .click(".t-actions form[action$='/assign'] button")
            .await;
        self.browser.wait_for_text("You have it now").await;
    }
}

async fn choose_password(browser: &Browser, password: &str) {
    browser.fill("#password", password).await;
    browser.fill("#again", password).await;
    browser.click("main form .btn.primary").await;
}

/// A portal of this machine that answers 200. Probes reach it, so that the bot finds nothing wrong.
fn portal(address: IpAddr) -> u16 {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            if stream.read(&mut [0; 1024]).is_ok_and(|n| n > 0) {
                let _ = stream.write_all(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
                );
            }
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_goes_from_its_requester_through_bot_and_tiers_to_the_managers_figures() {
    let Some(address) = own_address() else {
        skip("this machine has no address of its own");
        return;
    };
    let Some(journey) = Journey::begin().await else {
        return;
    };
    journey.set_up().await;
    journey.invite(REQUESTER, &[]).await;
    journey.invite(FIRST_LINE, &["L1 Service Desk"]).await;
    journey.invite(SECOND_LINE, &["L2 Network"]).await;
    journey.invite(MANAGER, &["Watch promises"]).await;
    let _agent = journey.enrol_this_machine().await;
    let browser = &journey.browser;

    // The requester files; the bot probes from this machine, finds the portal well, and asks.
    let title = "Customs portal does not open in Hall 3";
    let text = format!(
        "From Hall 3 we cannot reach http://{address}:{}/ since eight. The page stays white.",
        portal(address)
    );
    let number = journey.file(title, &text).await;
    browser.wait_for_text("Does it work for you?").await;
    journey.mail_to(REQUESTER.1, "Does it work for you?").await;
    browser.click("button[name=works][value=no]").await;
    browser.wait_for_text("A colleague will look at this").await;

    // The first line takes it, answers, and diagnoses; the output streams into the open page.
    journey
        .take(FIRST_LINE, "/queue/L1/Service%20Desk", title)
        .await;
    browser.wait_for_text("Something cannot be reached.").await;
    browser
        .fill(
            "#body",
            "I see that it answers from here. I am testing the way.",
        )
        .await;
    browser.click(".composer .btn.primary.if-reply").await;
    browser.wait_for_text("Sent.").await;
    browser.click("[data-key=d]").await;
    browser.click("label[for='c-net.ping']").await;
    browser.fill("[name='p.host']", &address.to_string()).await;
    browser.fill("[name='p.count']", "8").await;
    browser.click(".drawer footer .btn.primary").await;
    browser.click(".crumbs a").await;
    browser
        .wait_for_text(&format!("$ ping -n -q -c 8 -i 0.5 -W 2 -w 15 -- {address}"))
        .await;
    assert!(browser.has("[data-job-output]").await, "it runs still");
    browser
        .wait_for_text(&format!("{address} answers in"))
        .await;

    // It goes up with a hand-over.
    browser.click("[data-key=e]").await;
    browser.click_word("#escalate .choice", "Network").await;
    for (field, words) in [
        (
            "known",
            "Hall 3 sees a white page, the portal answers from the server.",
        ),
        ("tried", "Probes from the server, ping without loss."),
        ("evidence", "The ping above."),
        ("ask", "Look at the way from Hall 3 to the portal."),
    ] {
        browser
            .fill(&format!("#escalate [name={field}]"), words)
            .await;
    }
    browser.click("#escalate footer .btn.primary").await;
    browser.wait_for_text("Escalated.").await;

    // The second line resolves.
    journey.take(SECOND_LINE, "/queue/L2/Network", title).await;
    browser
        .wait_for_text("Look at the way from Hall 3 to the portal.")
        .await;
    if let Some(folder) = std::env::var_os("TIERDESK_PICTURES") {
        browser.resize(1440, 1400).await;
        journey.goto(&format!("/tickets/{number}")).await;
        browser.find(".evidence").await;
        let file = std::path::Path::new(&folder).join("ticket.png");
        browser.picture(&file).await;
    }
    browser.click(".t-actions a[href='#resolve']").await;
    browser.choose("#code", "fixed").await;
    let answer = "The switch of Hall 3 kept an old address of the portal. It has the new one.";
    browser.fill("#answer", answer).await;
    browser.click("#resolve footer .btn.primary").await;
    browser.wait_for_text("The requester has been told.").await;

    // The mail is there, on the same thread as the first one; the requester sees it and says that it works.
    let told = journey.mail_to(REQUESTER.1, answer).await;
    assert!(
        told.subject().contains(&format!("TD-{number}")),
        "{}",
        told.subject()
    );
    assert!(told.header("References").is_some_and(|it| it.contains('@')));
    assert_eq!(journey.mail.violations(), Vec::<String>::new());
    journey.seat(REQUESTER).await;
    journey.goto(&format!("/my/{number}")).await;
    browser.wait_for_text(answer).await;
    let page = browser.text().await;
    for internal in ["L2", "ping", "Look at the way", "escalat"] {
        assert!(
            !page.contains(internal),
            "a requester reads `{internal}`:\n{page}"
        );
    }
    browser.click_word("main .btn.primary", "It works").await;
    browser.wait_for_text("Good. The ticket is closed.").await;

    // The manager's figure counts it and opens the list with it.
    journey.seat(MANAGER).await;
    journey.goto("/dashboard?days=1").await;
    let figure = browser.find(".kpi .n").await;
    assert!(figure.text().await.unwrap().starts_with("100"));
    figure.click().await.unwrap();
    browser.wait_for_text(title).await;

    a_forgotten_password_is_set_anew(&journey).await;
    journey.browser.close().await;
    journey.office.close().await;
}

/// The requester cannot sign in, and helps themselves by the link in the mail.
async fn a_forgotten_password_is_set_anew(journey: &Journey) {
    // Their address has been on file for a while: to a new one the bot sends no link.
    let mut owner = database::connect(&journey.desk.database).await;
    sqlx::query("update address set changed_at = changed_at - interval '30 days' where email = $1")
        .bind(REQUESTER.1)
        .execute(&mut owner)
        .await
        .unwrap();
    let browser = &journey.browser;
    browser.page.delete_all_cookies().await.unwrap();
    journey.goto("/sign-in").await;
    browser.click_word("a", "Forgotten").await;
    browser.fill("#mail", REQUESTER.1).await;
    browser.click("form .btn.primary").await;
    browser.wait_for_text("Look into your mail").await;
    let link = journey
        .mail_to(REQUESTER.1, "/password/reset/")
        .await
        .link("/password/reset/");
    browser.goto(&link).await;
    let fresh = "eleven loud geese on the roof";
    choose_password(browser, fresh).await;
    browser.wait_for_text("Your new password is set").await;
    journey
        .browser
        .sign_in(&journey.desk.base_url, REQUESTER.1, fresh)
        .await;
    journey
        .mail_to(REQUESTER.1, "You have set a new password")
        .await;
    journey.goto("/my").await;
    journey
        .browser
        .click_word("main a", "I cannot sign in")
        .await;
    journey
        .browser
        .wait_for_text("You have set a new password, so you can sign in again.")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_a_ticket_is_filed_answered_escalated_and_resolved() {
    let Some(browser) = Browser::without_scripts().await else {
        return;
    };
    let desk = Tierdesk::start().await;
    let priya = desk.requester(REQUESTER.0).await;
    let samir = desk.engineer(FIRST_LINE.0, "Service Desk", Tier::L1).await;
    let ana = desk.engineer(SECOND_LINE.0, "Network", Tier::L2).await;
    let base = desk.serve().await;
    for someone in [&priya, &samir, &ana] {
        desk.set_password(someone, PASSWORD).await;
    }
    let seat = async |someone: &Someone| browser.sign_in(&base, &someone.email, PASSWORD).await;

    seat(&priya).await;
    browser.goto(&format!("{base}/tickets/new")).await;
    browser.click_word(".choice", "Computer or phone").await;
    browser.fill("#title", "Scanner shows a blue light").await;
    browser
        .fill("#description", "It beeps twice and stops.")
        .await;
    browser.click_word("label.check", "Only me").await;
    browser.click_word("label.check", "Yes, it can wait").await;
    browser.click_word("main .btn.primary", "Send ticket").await;
    browser.wait_for_text("We have your ticket").await;
    let url = browser.page.current_url().await.unwrap();
    let number = url.path().rsplit('/').next().unwrap().to_owned();
    desk.run_bot().await;

    seat(&samir).await;
    browser
        .goto(&format!("{base}/queue/L1/Service%20Desk"))
        .await;
    browser.click_word("table.q a.t", "Scanner").await;
    browser
        .click(".t-actions form[action$='/assign'] button")
        .await;
    browser
        .fill("#body", "Which colour has the light in the middle?")
        .await;
    browser.click(".composer .btn.primary.if-reply").await;
    browser.wait_for_text("Which colour has the light").await;

    seat(&priya).await;
    browser.goto(&format!("{base}/my/{number}")).await;
    browser.fill("#body", "Blue as well.").await;
    browser.click("#answer .btn.primary").await;
    browser.wait_for_text("Blue as well.").await;

    seat(&samir).await;
    browser.goto(&format!("{base}/tickets/{number}")).await;
    browser.click("a[href='#escalate']").await;
    browser.click_word("#escalate .choice", "Network").await;
    for field in ["known", "tried", "evidence", "ask"] {
        browser
            .fill(&format!("#escalate [name={field}]"), "Two blue lights.")
            .await;
    }
    browser.click("#escalate footer .btn.primary").await;
    browser.wait_for_text("Escalated.").await;

    seat(&ana).await;
    browser.goto(&format!("{base}/queue/L2/Network")).await;
    browser.click_word("table.q a.t", "Scanner").await;
    browser
        .click(".t-actions form[action$='/assign'] button")
        .await;
    browser.click(".t-actions a[href='#resolve']").await;
    browser
        .fill("#answer", "It had lost its station and found it again.")
        .await;
    browser.click("#resolve footer .btn.primary").await;
    browser.wait_for_text("The requester has been told.").await;

    seat(&priya).await;
    browser.goto(&format!("{base}/my/{number}")).await;
    browser.wait_for_text("It had lost its station").await;
    browser.close().await;
}
