//! How pages look in a real browser: nothing scrolls sideways, nothing is out of reach, no rule of accessibility is broken.

use support::axe;
use support::browser::Browser;
use support::database;
use support::product::Tierdesk;
use tierdesk_desk::conversation::Afterwards;
use tierdesk_desk::ticket::NewTicket;
use tierdesk_domain::handover::Handover;
use tierdesk_domain::ticket::{Channel, Impact, Urgency};
use tierdesk_domain::tier::Tier;

/// A desk where something has happened. Returns the number of the ticket with the longest story.
async fn lively() -> (Tierdesk, support::client::Client, i64) {
    let desk = Tierdesk::start().await;
    let priya = desk.requester("Priya Nair").await;
    let samir = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let ana = desk.engineer("Ana Ferreira", "Network", Tier::L2).await;
    let network = desk.team("Network").await;
    desk.join(&ana, network, Tier::L3).await;
    let now = desk.now();
    let requester = desk.caller(&priya).await;
    let mut filed = Vec::new();
    for (title, impact, urgency) in [
        (
            "Customs portal will not open on Hall 3 scanners",
            Impact::Group,
            Urgency::High,
        ),
        (
            "Rotterdam site link down, 41 people offline",
            Impact::Site,
            Urgency::High,
        ),
        (
            "Guest Wi-Fi page shows a certificate warning that nobody understands and that is far too long for one line of any list",
            Impact::Group,
            Urgency::Low,
        ),
        (
            "Calls from meeting room Oslo break up",
            Impact::Person,
            Urgency::Low,
        ),
    ] {
        let new = NewTicket {
            category: None,
            title: title.to_owned(),
            description: "The screen says *server not found*.\n\n1. one\n2. two\n\n> quoted\n\n`code` and https://example.com/a/very/long/address/that/must/break/somewhere/because/it/is/so/long".to_owned(),
            impact,
            urgency,
            host: None,
            channel: Channel::Web,
        };
        filed.push(desk.desk.file_ticket(&requester, new, now).await.unwrap());
    }
    let mut conn = database::connect(&desk.database).await;
    sqlx::query("update ticket set bot_holds = false")
        .execute(&mut conn)
        .await
        .unwrap();
    let (l1, l2) = (desk.caller(&samir).await, desk.caller(&ana).await);
    let id = filed[0].id;
    desk.desk
        .assign(&l1, id, Some(samir.id), None, now)
        .await
        .unwrap();
    desk.desk
        .reply(
            &l1,
            id,
            "Could you try the office PC?",
            Afterwards::Pending,
            now,
        )
        .await
        .unwrap();
    desk.clock.advance(chrono::TimeDelta::minutes(14));
    let now = desk.now();
    desk.desk
        .answer(&requester, id, "The office PC works.", now)
        .await
        .unwrap();
    desk.desk
        .note(&l1, id, "Hall 2 is fine.", now)
        .await
        .unwrap();
    let mut conn = desk.desk.acquire().await.unwrap();
    let scope = desk.desk.scope(&l1).unwrap();
    let ticket = tierdesk_store::ticket::by_number(&mut conn, &scope, filed[0].number)
        .await
        .unwrap()
        .unwrap();
    let note = Handover {
        known: "hal3-gw-01 drops port 53.".to_owned(),
        tried: "Playbook twice, same result.".to_owned(),
        evidence: "08:24".to_owned(),
        ask: "Find the rule and who set it.".to_owned(),
    };
    for it in &filed[1..3] {
        let ticket = tierdesk_store::ticket::by_number(&mut conn, &scope, it.number)
            .await
            .unwrap()
            .unwrap();
        desk.desk
            .escalate(
                &l1,
                it.id,
                ticket.version,
                (network, Tier::L2),
                note.clone(),
                now,
            )
            .await
            .unwrap();
    }
    desk.desk
        .escalate(&l1, id, ticket.version, (network, Tier::L2), note, now)
        .await
        .unwrap();
    drop(conn);
    desk.desk
        .assign(&l2, id, Some(ana.id), None, now)
        .await
        .unwrap();
    let client = desk.sign_in(&ana).await;
    (desk, client, filed[0].number.0)
}

/// Width in CSS pixels, and the theme.
const LOOKS: [(u32, &str); 4] = [
    (1440, "light"),
    (1440, "dark"),
    (320, "light"),
    (320, "dark"),
];

/// Looks at pages at each width in light and dark: what is wider than the window, and what axe finds. Where
/// `TIERDESK_PICTURES` names a folder, it keeps a picture of each.
pub(crate) async fn look(
    browser: &Browser,
    script: &str,
    base: &str,
    client: &support::client::Client,
    pages: &[(&str, String)],
) -> Vec<String> {
    let pictures = std::env::var_os("TIERDESK_PICTURES").map(std::path::PathBuf::from);
    let mut wrong = Vec::new();
    for (name, path) in pages {
        for (width, theme) in LOOKS {
            client.post("/profile/theme", &[("theme", theme)]).await;
            browser.resize(width, 900).await;
            browser.goto("about:blank").await;
            browser.goto(&format!("{base}{path}")).await;
            let wider: i64 = browser
                .page
                .execute("return document.documentElement.scrollWidth - document.documentElement.clientWidth", Vec::new())
                .await
                .unwrap()
                .as_i64()
                .unwrap();
            if wider > 0 {
                wrong.push(format!("{name} at {width}: {wider} px too wide"));
            }
            if let Some(folder) = &pictures {
                browser
                    .picture(&folder.join(format!("{name}-{width}-{theme}.png")))
                    .await;
            }
            for violation in axe::violations(browser, script).await {
                wrong.push(format!("{name} at {width}, {theme}: {violation}"));
            }
        }
    }
    wrong
}

#[tokio::test]
async fn engineers_pages_fit_every_width_and_pass_axe_in_light_and_dark() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let Some(script) = axe::script() else { return };
    let (desk, client, number) = lively().await;
    let base = desk.serve().await;
    crate::web::sign_in(&browser, &base, &client).await;
    let pages = [
        ("queue", "/queue/L2/Network".to_owned()),
        ("mine", "/queue".to_owned()),
        ("empty", "/queue/L3/Network".to_owned()),
        ("ticket", format!("/tickets/{number}")),
        ("escalate", format!("/tickets/{number}#escalate")),
        ("clocks", format!("/tickets/{number}/clocks?if=pending")),
        ("own-clocks", format!("/my/{number}/clocks")),
        ("gallery", "/gallery".to_owned()),
        ("profile", "/profile".to_owned()),
        ("missing", "/no/such/page".to_owned()),
    ];
    let wrong = look(&browser, &script, &base, &client, &pages).await;
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
