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
pub(crate) const LOOKS: [(u32, &str); 5] = [
    (1440, "light"),
    (1440, "dark"),
    (768, "light"),
    (320, "light"),
    (320, "dark"),
];

/// Makes each word of our own a third longer, as another language would. What people wrote is in fields and in `code`.
const LONGER: &str = r"
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT,
        (node) => node.parentElement.closest('code, pre, svg, textarea, script, option') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
    while (walk.nextNode()) {
        walk.currentNode.data = walk.currentNode.data.replace(/\p{L}{3,}/gu, (word) => word + word.slice(0, Math.ceil(word.length / 3)));
    }";

/// Looks at pages at each width in light and dark: what is wider than the window, also with longer words, and what axe finds.
/// Where `TIERDESK_PICTURES` names a folder, it keeps a picture of each. `#press:try` after an address presses that button first.
pub(crate) async fn look(
    browser: &Browser,
    script: &str,
    base: &str,
    client: &support::client::Client,
    pages: &[(&str, String)],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, path) in pages {
        let (path, button) = path.split_once("#press:").unwrap_or((path, ""));
        for (width, theme) in LOOKS {
            client.post("/profile/theme", &[("theme", theme)]).await;
            browser.resize(width, 900).await;
            browser.goto("about:blank").await;
            browser.goto(&format!("{base}{path}")).await;
            if !button.is_empty() {
                let css = format!("form button[value=\"{button}\"]:not(.vh)");
                browser.click(&css).await;
                browser.find("[aria-labelledby=trial-h]").await;
            }
            wrong.extend(judge(browser, script, name, (width, theme)).await);
            if theme == "light" {
                browser.page.execute(LONGER, Vec::new()).await.unwrap();
                wrong.extend(wider(browser, &format!("{name} in longer words at {width}")).await);
            }
        }
    }
    wrong
}

/// What sticks out of the window, if something does.
async fn wider(browser: &Browser, what: &str) -> Option<String> {
    let wider =
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    let wider = browser.page.execute(wider, Vec::new()).await.unwrap();
    if wider.as_i64().unwrap() <= 0 {
        return None;
    }
    let out = "const edge = document.documentElement.clientWidth + 1;
         return [...document.querySelectorAll('body *')].filter((it) => it.getBoundingClientRect().right > edge)
             .slice(-3).map((it) => it.outerHTML.slice(0, 120))";
    let out = browser.page.execute(out, Vec::new()).await.unwrap();
    Some(format!("{what}: {wider} px too wide, as {out}"))
}

/// Judges the page that is open, in the window as wide as it is.
pub(crate) async fn judge(
    browser: &Browser,
    script: &str,
    name: &str,
    (width, theme): (u32, &str),
) -> Vec<String> {
    // Who has not signed in has no theme of their own.
    let dress = format!("document.documentElement.dataset.theme = '{theme}'");
    browser.page.execute(&dress, Vec::new()).await.unwrap();
    let mut wrong: Vec<String> = Vec::new();
    wrong.extend(wider(browser, &format!("{name} at {width}")).await);
    let pictures = std::env::var_os("TIERDESK_PICTURES").map(std::path::PathBuf::from);
    if let Some(folder) = &pictures {
        let high = "return document.documentElement.scrollHeight";
        let high = browser.page.execute(high, Vec::new()).await.unwrap();
        let high = u32::try_from(high.as_u64().unwrap()).unwrap();
        browser.resize(width, high.clamp(900, 4000)).await;
        let file = folder.join(format!("{name}-{width}-{theme}.png"));
        browser.picture(&file).await;
    }
    // Between the widths the pages are one or the other.
    if width != 768 {
        for violation in axe::violations(browser, script).await {
            wrong.push(format!("{name} at {width}, {theme}: {violation}"));
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
    // A file waits in the composer, and one came with a note.
    let message = format!("/tickets/{number}/message");
    let note = [("mode", "note"), ("body", "The log")];
    client
        .upload(&message, &note, &[("files", "gateway.log", b"x")])
        .await
        .location();
    let empty: [(&str, &str, &[u8]); 2] = [
        (
            "files",
            "a screenshot with a name that is rather long.png",
            b"x",
        ),
        ("files", "nothing.txt", b""),
    ];
    client.upload(&message, &note, &empty).await;
    let pages = [
        ("queue", "/queue/L2/Network".to_owned()),
        ("filtered", "/queue/L2/Network?q=tier%3AL9".to_owned()),
        ("tickets", "/tickets?q=-status%3Apending".to_owned()),
        ("mine", "/queue".to_owned()),
        ("empty", "/queue/L3/Network".to_owned()),
        ("ticket", format!("/tickets/{number}")),
        ("escalate", format!("/tickets/{number}#escalate")),
        ("clocks", format!("/tickets/{number}/clocks?if=pending")),
        ("own-clocks", format!("/my/{number}/clocks")),
        ("gallery", "/gallery".to_owned()),
        ("profile", "/profile".to_owned()),
        ("notifications", "/notifications".to_owned()),
        ("on-call", "/on-call".to_owned()),
        ("missing", "/no/such/page".to_owned()),
    ];
    let wrong = look(&browser, &script, &base, &client, &pages).await;
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn calendars_and_promises_fit_every_width_and_pass_axe_in_light_and_dark() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let Some(script) = axe::script() else { return };
    let desk = Tierdesk::start().await;
    let ines = desk.administrator("Ines Roth").await;
    let client = desk.sign_in(&ines).await;
    let base = desk.serve().await;
    crate::web::sign_in(&browser, &base, &client).await;
    let list = client.get("/admin/calendars").await.page();
    let pages = [
        ("calendars", "/admin/calendars".to_owned()),
        ("calendar", list.attribute(".rows a", "href")),
        ("new-calendar", "/admin/calendars/new".to_owned()),
        ("promises", "/admin/promises".to_owned()),
    ];
    let wrong = look(&browser, &script, &base, &client, &pages).await;
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn requesters_pages_and_those_before_the_door_fit_every_width_and_pass_axe() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let Some(script) = axe::script() else { return };
    let (desk, _, _) = lively().await;
    let priya = desk.requester("Ada Long-Name van der Achternaam").await;
    desk.set_password(&priya, "seven quiet herons by the weir")
        .await;
    let client = desk.sign_in(&priya).await;
    let form = client.get("/tickets/new").await.page();
    let category = form.attribute("#category input", "value");
    let fields = [
        ("category", category.as_str()),
        (
            "title",
            "The scanner in Hall 3 cannot find https://customs.example.org/portal/login",
        ),
        (
            "description",
            "It says *server not found*.\n\n1. one\n2. two",
        ),
        ("impact", "group"),
        ("urgency", "high"),
        ("do", "send"),
    ];
    let files: [(&str, &str, &[u8]); 2] = [
        (
            "files",
            "a screenshot with a name that is rather long.png",
            b"x",
        ),
        ("files", "log.txt", b"x"),
    ];
    let filed = client.upload("/tickets/new", &fields, &files).await;
    let address = filed.location().replace("?said=filed", "");
    desk.run_bot().await;
    // A form that came back, with its files and what is wrong.
    client
        .upload("/tickets/new", &[("title", "Half a ticket")], &files)
        .await;
    let base = desk.serve().await;
    let mut wrong = Vec::new();

    desk.clock.advance(chrono::TimeDelta::days(10));
    desk.visitor()
        .post("/sign-in/help", &[("mail", &priya.email)])
        .await;
    let reset = crate::account::newest_link(&desk, "/password/reset/").await;
    let before = [
        ("sign-in", "/sign-in".to_owned()),
        ("sign-in-help", "/sign-in/help".to_owned()),
        ("reset", reset),
        ("reset-over", "/password/reset/never-was-one".to_owned()),
        ("hidden", "/my/99999999".to_owned()),
    ];
    wrong.extend(look(&browser, &script, &base, &desk.visitor(), &before).await);

    let client = desk.sign_in(&priya).await;
    crate::web::sign_in(&browser, &base, &client).await;
    let own = [
        ("help", "/help".to_owned()),
        ("my", "/my".to_owned()),
        ("my-closed", "/my?show=closed".to_owned()),
        ("my-ticket", address.clone()),
        ("new", "/tickets/new".to_owned()),
        (
            "new-from-help",
            "/tickets/new?title=My+chair+squeaks".to_owned(),
        ),
        ("search", "/search?q=scanner".to_owned()),
        ("search-none", "/search?q=unheard".to_owned()),
        ("my-profile", "/profile".to_owned()),
        ("forbidden", "/queue".to_owned()),
    ];
    wrong.extend(look(&browser, &script, &base, &client, &own).await);
    // With errors beside the fields; then solved, then closed.
    browser.goto(&format!("{base}/tickets/new")).await;
    let send = "document.querySelector('main form').submit()";
    browser.page.execute(send, Vec::new()).await.unwrap();
    browser.find("[data-error-summary]").await;
    client
        .post(&format!("{address}/close"), &[])
        .await
        .location();
    wrong.extend(
        look(
            &browser,
            &script,
            &base,
            &client,
            &[("my-ticket-closed", address)],
        )
        .await,
    );
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn rules_and_what_they_would_do_fit_every_width_and_pass_axe_in_light_and_dark() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let Some(script) = axe::script() else { return };
    let (desk, _, _) = lively().await;
    desk.clock.advance(chrono::TimeDelta::days(2));
    let boss = desk.administrator("Adam Boss").await;
    let client = desk.sign_in(&boss).await;
    let (caller, now) = (desk.caller(&boss).await, desk.now());
    let rule = serde_json::json!({
        "conditions": [
            {"unassigned_for": {"minutes": 30}},
            {"sla_used": {"metric": "first_response", "percent": 5}},
            {"matches": {"filter": {"text": "-status:pending priority:P1,P2,P3", "selection": {}}}},
        ],
        "effects": [
            {"notify_assignee": {}},
            {"move": {"team": null, "tier": "L2"}},
            {"add_note": {"text": "Call the site first."}},
        ],
    });
    let id = desk
        .desk
        .save_rule(
            &caller,
            None,
            "Nobody on it",
            true,
            serde_json::from_value(rule).unwrap(),
            now,
        )
        .await
        .unwrap();
    let mut conn = database::connect(&desk.database).await;
    let calendar: uuid::Uuid =
        sqlx::query_scalar("select id from configuration where kind = 'calendar'")
            .fetch_one(&mut conn)
            .await
            .unwrap();
    let base = desk.serve().await;
    crate::web::sign_in(&browser, &base, &client).await;
    let pages = [
        ("rules", "/admin/rules".to_owned()),
        ("promises-tried", "/admin/promises#press:replay".to_owned()),
        ("rule", format!("/admin/rules/{id}#press:try")),
        (
            "calendar-tried",
            format!("/admin/calendars/{calendar}#press:try"),
        ),
    ];
    let wrong = look(&browser, &script, &base, &client, &pages).await;
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
