//! What holds for every page: headers, refusals, words, size, looks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::http::{Method, Request, header};
use support::browser::Browser;
use support::client::{Client, Reply};
use support::product::{Someone, Tierdesk};
use tierdesk_domain::text;
use tierdesk_domain::tier::Tier;
use tierdesk_web::{Audience, Route, table};
use uuid::Uuid;

/// Gives a browser the session of a client.
pub(crate) async fn sign_in(browser: &Browser, base: &str, client: &Client) {
    browser.goto(&format!("{base}/healthz")).await;
    let cookie = client.cookie().unwrap();
    browser
        .page
        .execute(
            &format!("document.cookie = 'session={cookie}; path=/'"),
            Vec::new(),
        )
        .await
        .unwrap();
}

/// The path of a route with something in each of its parameters.
fn path(route: &Route) -> String {
    route
        .path
        .split('/')
        .map(|part| match part {
            "{number}" => "10001".to_owned(),
            "{tier}" => "L1".to_owned(),
            "{team}" => "Service%20Desk".to_owned(),
            "{version}" => "0".to_owned(),
            "{*name}" => "app.css".to_owned(),
            other if other.starts_with('{') => Uuid::nil().to_string(),
            other => other.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("sec-fetch-site", "same-origin")
}

/// Somebody with a fresh session, or a visitor without one.
async fn somebody(desk: &Tierdesk, who: Option<&Someone>) -> Client {
    match who {
        Some(someone) => desk.sign_in(someone).await,
        None => desk.visitor(),
    }
}

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; require-trusted-types-for 'script'";

fn assert_headers(reply: &Reply, what: &str) {
    let value = |name| {
        reply
            .header(name)
            .unwrap_or_else(|| panic!("{what}: no {name}"))
    };
    // Downloads and mail frames have a policy of their own, never a looser one for scripts.
    let csp = value("content-security-policy");
    assert!(
        csp == CSP
            || (csp.contains("sandbox")
                && csp.contains("default-src 'none'")
                && !csp.contains("script-src")),
        "{what}: {csp}"
    );
    assert_eq!(value("x-content-type-options"), "nosniff", "{what}");
    // Pages whose address holds a secret tell nobody where they are, not even us.
    assert!(
        ["same-origin", "no-referrer"].contains(&value("referrer-policy")),
        "{what}"
    );
    assert_eq!(value("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(
        value("cross-origin-resource-policy"),
        "same-origin",
        "{what}"
    );
    assert!(value("permissions-policy").contains("camera=()"), "{what}");
    assert!(!value("x-request-id").is_empty(), "{what}");
    assert!(!value("cache-control").is_empty(), "{what}");
    assert!(
        reply.header("server").is_none() && reply.header("x-powered-by").is_none(),
        "{what}"
    );
    if let Some(kind) = reply
        .header("content-type")
        .filter(|it| it.starts_with("text/"))
    {
        assert!(kind.contains("charset=utf-8"), "{what}: {kind}");
    }
}

#[tokio::test]
async fn every_answer_has_the_security_headers_errors_included() {
    let desk = Tierdesk::start().await;
    let engineer = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let administrator = desk.administrator("Adam Admin").await;
    // A fresh session for every route: some of them end it.
    for who in [None, Some(&engineer), Some(&administrator)] {
        for route in table().iter().filter(|route| route.time.is_some()) {
            let caller = somebody(&desk, who).await;
            let method = Method::from_bytes(route.method.as_bytes()).unwrap();
            let reply = caller
                .send(request(method, &path(route)).body(Body::empty()).unwrap())
                .await;
            let what = format!("{} {} → {}", route.method, route.path, reply.status);
            assert_headers(&reply, &what);
            assert!(reply.status.as_u16() != 500, "{what}");
        }
        let caller = somebody(&desk, who).await;
        for (method, path) in [
            (Method::GET, "/no/such/page"),
            (Method::DELETE, "/queue"),
            (Method::TRACE, "/"),
            (Method::PUT, "/tickets/1"),
        ] {
            let reply = caller
                .send(request(method, path).body(Body::empty()).unwrap())
                .await;
            assert_headers(&reply, path);
            assert!(reply.status.is_client_error(), "{path}: {}", reply.status);
        }
    }
}

#[tokio::test]
async fn pages_about_people_are_not_stored_and_assets_are_for_ever_or_checked() {
    let desk = Tierdesk::start().await;
    let engineer = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let page = desk.sign_in(&engineer).await.get("/queue").await;
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let document = page.page();
    let mut files = document.attributes("link[rel=stylesheet]", "href");
    files.extend(document.attributes("script[src]", "src"));
    files.extend(document.attributes("link[rel=icon]", "href"));
    files.push(document.attribute("body", "data-icons"));
    let mut bytes = page.bytes.len();
    for file in &files {
        let reply = desk.visitor().get(file).await;
        assert_eq!(reply.status, 200, "{file}");
        assert!(
            ["no-cache", "public, max-age=31536000, immutable"]
                .contains(&reply.header("cache-control").unwrap()),
            "{file}"
        );
        bytes += reply.bytes.len();
    }
    for script in std::fs::read_dir(root().join("static/js")).unwrap() {
        let name = script.unwrap().file_name().into_string().unwrap();
        let address = document
            .attribute("script[src]", "src")
            .replace("app.js", &name);
        let reply = desk.visitor().get(&address).await;
        assert_eq!(reply.status, 200, "{address}");
        bytes += if name == "app.js" {
            0
        } else {
            reply.bytes.len()
        };
    }
    assert!(bytes < 150 * 1024, "{bytes} bytes on the first visit");
}

#[tokio::test]
async fn a_change_is_taken_only_from_a_page_of_our_own() {
    let desk = Tierdesk::start().await;
    let engineer = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let client = desk.sign_in(&engineer).await;
    let form = "application/x-www-form-urlencoded";
    for route in table()
        .iter()
        .filter(|route| route.method == "POST" && route.audience != Audience::HostAgent)
    {
        let path = path(route);
        let post = || Request::post(&path).header(header::CONTENT_TYPE, form);
        for (what, request) in [
            ("nothing proves where it comes from", post()),
            (
                "another site",
                post()
                    .header("sec-fetch-site", "cross-site")
                    .header(header::ORIGIN, "https://evil.example"),
            ),
            (
                "a sister site",
                post().header("sec-fetch-site", "same-site"),
            ),
            (
                "an old browser, another site",
                post().header(header::ORIGIN, "https://evil.example"),
            ),
            ("an opaque origin", post().header(header::ORIGIN, "null")),
        ] {
            let reply = client.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(reply.status, 403, "{} from {what}", route.path);
            assert!(
                reply.page().text("h1").contains("came from another site")
                    || reply.body.contains("cross_site"),
                "{}",
                route.path
            );
        }
    }
}

#[tokio::test]
async fn a_host_agent_that_comes_from_a_browser_is_refused() {
    let desk = Tierdesk::start().await;
    for route in table()
        .iter()
        .filter(|route| route.audience == Audience::HostAgent)
    {
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let request = Request::builder()
            .method(method)
            .uri(path(route))
            .header(header::ORIGIN, &desk.base_url);
        let reply = desk
            .visitor()
            .send(request.body(Body::empty()).unwrap())
            .await;
        assert_eq!(reply.status, 403, "{}", route.path);
    }
}

#[tokio::test]
async fn the_desk_answers_to_its_own_name_only() {
    let desk = Tierdesk::start().await;
    let send = async |host: &str| {
        let request = Request::get("/sign-in").header(header::HOST, host);
        desk.visitor()
            .send(request.body(Body::empty()).unwrap())
            .await
    };
    let foreign = send("evil.example").await;
    assert_eq!(foreign.status, 421);
    assert!(foreign.page().all_text().contains(&desk.base_url));
    assert_eq!(send("localhost:1").await.status, 421);
    let port = desk.base_url.rsplit(':').next().unwrap();
    assert_ne!(
        send(&format!("127.0.0.1:{port}")).await.status,
        421,
        "the loopback has several names"
    );
}

#[tokio::test]
async fn bad_input_is_the_senders_problem_on_every_route() {
    let desk = Tierdesk::start().await;
    let engineer = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let administrator = desk.administrator("Adam Admin").await;
    let bodies: [(&str, Vec<u8>); 6] = [
        (
            "application/x-www-form-urlencoded",
            b"%ff%fe=%00&version=x&version=y&ticket=a".to_vec(),
        ),
        (
            "application/x-www-form-urlencoded",
            b"body=%00%00&title=%E2%80%AE&impact=9".to_vec(),
        ),
        ("application/json", b"{\"a\":[[[[[[".to_vec()),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken".to_vec()),
        ("text/plain", b"hello".to_vec()),
        (
            "application/x-www-form-urlencoded",
            vec![b'a'; 3 * 1024 * 1024],
        ),
    ];
    for who in [Some(&engineer), Some(&administrator), None] {
        for route in table().iter().filter(|route| route.time.is_some()) {
            let caller = somebody(&desk, who).await;
            if route.method == "GET" {
                for query in [
                    "?q=%00&after=%ff&view=%F0&page=-1&q=2",
                    "?%",
                    "?a=b&a=c&said=%3Cscript%3E",
                ] {
                    let reply = caller
                        .send(
                            request(Method::GET, &format!("{}{query}", path(route)))
                                .body(Body::empty())
                                .unwrap(),
                        )
                        .await;
                    assert!(
                        !reply.status.is_server_error() || route.path == "/readyz",
                        "GET {}{query} → {}",
                        route.path,
                        reply.status
                    );
                }
                continue;
            }
            for (kind, body) in &bodies {
                let request =
                    request(Method::POST, &path(route)).header(header::CONTENT_TYPE, *kind);
                let reply = caller
                    .send(request.body(Body::from(body.clone())).unwrap())
                    .await;
                assert!(
                    !reply.status.is_server_error(),
                    "POST {} with {kind} → {}",
                    route.path,
                    reply.status
                );
            }
        }
    }
    for path in [
        "/tickets/abc",
        "/tickets/99999999999999999999",
        "/tickets/-1",
        "/tickets/%00",
        "/queue/%FF/%FF",
    ] {
        assert_eq!(
            somebody(&desk, Some(&engineer))
                .await
                .get(path)
                .await
                .status,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn characters_and_times_that_nobody_can_write_are_the_senders_problem() {
    let desk = Tierdesk::start().await;
    let engineer = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let administrator = desk.administrator("Adam Admin").await;
    let nil = Uuid::nil();
    // One each for what the database has no place for: the character U+0000, and years before its calendar.
    let pages = [
        "/queue/L1/a%00".to_owned(),
        "/queue?q=a%00".to_owned(),
        "/search?q=a%00".to_owned(),
        "/tickets?q=a%00".to_owned(),
        "/admin/people?q=%00".to_owned(),
        "/admin/audit?object=%00".to_owned(),
        format!("/hosts?after=%00&after_id={nil}"),
        "/mailbox?to=%00".to_owned(),
        format!("/my?after=-3000000000000000000.{nil}"),
        format!("/my?after=-8330000000000000000.{nil}"),
        format!("/queue?after=-3000000000000000000.{nil}"),
        format!("/queue/L1/Service%20Desk?after=-3000000000000000000.{nil}"),
        format!("/notifications?before=-3000000000000000000&id={nil}"),
    ];
    for who in [None, Some(&engineer), Some(&administrator)] {
        let client = somebody(&desk, who).await;
        for page in &pages {
            let reply = client.get(page).await;
            assert!(
                !reply.status.is_server_error(),
                "GET {page} → {}",
                reply.status
            );
        }
        for (path, fields) in [
            ("/sign-in", [("mail", "a\0"), ("password", "x")]),
            ("/sign-in/help", [("mail", "a\0"), ("next", "")]),
        ] {
            let reply = client.post(path, &fields).await;
            assert!(
                !reply.status.is_server_error(),
                "POST {path} → {}",
                reply.status
            );
        }
    }
    let client = desk.sign_in(&engineer).await;
    for page in ["/queue/L1/a%00", &pages[8]] {
        let reply = client.get(page).await;
        assert_eq!(reply.status, 400, "{page}");
        assert_eq!(
            reply.page().text("h1"),
            text::t("error.unwritable"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn an_error_names_a_number_and_shows_no_cause() {
    let desk = Tierdesk::start().await;
    let engineer = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let client = desk.sign_in(&engineer).await;
    let page = client.get("/tickets/1").await;
    assert_eq!(page.status, 404);
    assert!(
        page.page()
            .all_text()
            .contains(page.header("x-request-id").unwrap()),
        "the page names the request"
    );
    let twin = client
        .send(
            request(Method::GET, "/tickets/1")
                .header(header::ACCEPT, "application/json")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    let error: serde_json::Value = serde_json::from_slice(&twin.bytes).unwrap();
    assert_eq!(error["error"]["code"], "not_found");
    assert_eq!(error["error"]["id"], twin.header("x-request-id").unwrap());

    // The database goes away: an apology, no words of the database, and the way back when it returns.
    desk.desk.pool.close().await;
    let broken = client.get("/queue").await;
    assert_eq!(broken.status, 503);
    for word in ["sqlx", "pool", "PgPool", "database error", "relation"] {
        assert!(!broken.body.contains(word), "{word}");
    }
    assert_eq!(client.get("/readyz").await.status, 503);
    assert_eq!(client.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn looking_changes_nothing() {
    let desk = Tierdesk::start().await;
    let priya = desk.requester("Priya Nair").await;
    let engineer = desk
        .engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let administrator = desk.administrator("Adam Admin").await;
    let caller = desk.caller(&priya).await;
    let new = tierdesk_desk::ticket::NewTicket {
        category: None,
        title: "Something".to_owned(),
        description: "Words.".to_owned(),
        impact: tierdesk_domain::ticket::Impact::Person,
        urgency: tierdesk_domain::ticket::Urgency::Low,
        host: None,
        channel: tierdesk_domain::ticket::Channel::Web,
    };
    desk.desk
        .file_ticket(&caller, new, desk.now())
        .await
        .unwrap();
    let clients = [
        desk.sign_in(&priya).await,
        desk.sign_in(&engineer).await,
        desk.sign_in(&administrator).await,
    ];
    let before = fingerprint(&desk).await;
    for client in &clients {
        for route in table()
            .iter()
            .filter(|route| route.method == "GET" && route.time.is_some())
        {
            client.get(&path(route)).await;
        }
    }
    assert_eq!(fingerprint(&desk).await, before);
}

/// Rows and newest writers of every table that a look must not touch (decision 18 names the others).
async fn fingerprint(desk: &Tierdesk) -> Vec<(String, i64, String)> {
    let mut conn = support::database::connect(&desk.database).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'
         and table_name not in ('session', 'rate_limit', 'presence', 'audit', 'audit_seal') order by 1",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let query =
            format!("select count(*), coalesce(max(xmin::text::bigint), 0)::text from {table}");
        let (rows, newest): (i64, String) = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .fetch_one(&mut conn)
            .await
            .unwrap();
        all.push((table, rows, newest));
    }
    all
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file below a folder with one of these endings.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if endings
                .iter()
                .any(|end| path.extension().is_some_and(|it| it == *end))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A template without askama's and HTML's own parts: what is left is text that people read.
fn text_of(template: &str) -> String {
    // What a computer reads is the same in every language.
    let without_code = ["code", "pre"]
        .iter()
        .fold(template.to_owned(), |text, tag| {
            let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
            text.split(&open)
                .enumerate()
                .map(|(i, part)| match part.split_once(&close) {
                    Some((_, after)) if i > 0 => after,
                    _ => part,
                })
                .collect()
        });
    let mut out = String::new();
    let mut rest = without_code.as_str();
    while let Some(at) = rest.find(['{', '<']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = match rest.get(..2) {
            Some("{#") => "#}",
            Some("{%") => "%}",
            Some("{{") => "}}",
            _ if rest.starts_with('<') => {
                // A tag ends at the first > outside of an expression.
                let mut depth = 0;
                let close = rest.char_indices().find(|(i, c)| {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    *c == '>' && depth == 0 && *i > 0
                });
                let end = close.map_or(rest.len(), |(i, _)| i + 1);
                rest = &rest[end..];
                out.push(' ');
                continue;
            }
            _ => {
                out.push('{');
                rest = &rest[1..];
                continue;
            }
        };
        let close = rest.find(end).map_or(rest.len(), |at| at + 2);
        rest = &rest[close..];
        out.push(' ');
    }
    out.push_str(rest);
    out
}

/// Blocks that stand inside of a tag hold classes and attributes, not text.
fn without_attribute_blocks(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("{% block ") {
        let name = rest[at + 9..].split(' ').next().unwrap_or_default();
        let body = at + rest[at..].find("%}").map_or(0, |i| i + 2);
        out.push_str(&rest[..body]);
        rest = &rest[body..];
        if name.ends_with("_class") || name.ends_with("_attributes") {
            rest = &rest[rest.find("{% endblock %}").unwrap_or(0)..];
        }
    }
    out.push_str(rest);
    out
}

#[test]
fn templates_hold_no_sentence_of_their_own() {
    // Names of keys on a keyboard, of tiers and priorities are the same in every language.
    let known = [
        "j", "k", "x", "r", "n", "a", "e", "d", "Enter", "Ctrl", "K", "L", "P", "CSV", "TXT",
        "rtl", "nbsp", "amp", "middot", "rarr", "times", "hellip",
    ];
    for file in files("templates", &["html"])
        .iter()
        .filter(|file| !file.components().any(|part| part.as_os_str() == "mail"))
    {
        let template = std::fs::read_to_string(file).unwrap();
        let words: Vec<_> = text_of(&without_attribute_blocks(&template))
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| !word.is_empty() && !known.contains(word))
            .map(str::to_owned)
            .collect();
        assert!(
            words.is_empty(),
            "{}: {words:?} belong into crates/domain/src/text",
            file.display()
        );
        for attribute in ["aria-label=\"", "placeholder=\"", "title=\"", "alt=\""] {
            for (_, value) in template
                .match_indices(attribute)
                .map(|(i, it)| (i, &template[i + it.len()..]))
            {
                assert!(
                    value.starts_with('{') || value.starts_with('"'),
                    "{}: {attribute}{}",
                    file.display(),
                    value.chars().take(30).collect::<String>()
                );
            }
        }
    }
}

#[test]
fn templates_and_scripts_have_no_inline_style_script_or_handler_and_write_no_html() {
    for file in files("templates", &["html"])
        .iter()
        .filter(|file| !file.components().any(|part| part.as_os_str() == "mail"))
    {
        let template = std::fs::read_to_string(file).unwrap();
        let name = file.display();
        assert!(
            !template.contains(" style=\"") && !template.contains("<style"),
            "{name}: styles live in static/css"
        );
        assert!(!template.contains("javascript:"), "{name}");
        assert!(
            !template.split("<script").skip(1).any(|tag| !tag
                .split('>')
                .next()
                .unwrap_or_default()
                .contains("src=")),
            "{name}: scripts live in static/js"
        );
        assert!(
            !template.contains(" onclick=")
                && !template.contains(" onload=")
                && !template.contains(" onsubmit="),
            "{name}"
        );
    }
    for file in files("static/js", &["js"]) {
        let script = std::fs::read_to_string(&file).unwrap();
        for sink in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "DOMParser",
        ] {
            assert!(!script.contains(sink), "{}: {sink}", file.display());
        }
    }
}

#[test]
fn every_icon_that_a_template_shows_is_in_the_sprite() {
    let sprite = std::fs::read_to_string(root().join("static/icons.svg")).unwrap();
    for file in files("templates", &["html"]) {
        let template = std::fs::read_to_string(&file).unwrap();
        for use_of in ["icon(\"", "icon_s(\"", "data-icon=\""] {
            for (at, it) in template.match_indices(use_of) {
                let name = template[at + it.len()..].split('"').next().unwrap_or("");
                assert!(
                    name.contains('{') || sprite.contains(&format!("id=\"{name}\"")),
                    "{}: there is no icon {name}",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn every_icon_in_the_sprite_and_every_class_in_a_style_sheet_is_used() {
    let mut used = BTreeSet::new();
    for (folder, ends) in [
        ("templates", "html"),
        ("static/js", "js"),
        ("crates/web/src", "rs"),
        ("crates/domain/src", "rs"),
    ] {
        for file in files(folder, &[ends]) {
            let text = std::fs::read_to_string(file).unwrap();
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
            used.extend(words.map(str::to_owned));
        }
    }
    let sprite = std::fs::read_to_string(root().join("static/icons.svg")).unwrap();
    let icons = sprite.split("id=\"").skip(1);
    let unused: Vec<_> = icons
        .filter_map(|it| it.split('"').next())
        .filter(|it| !used.contains(*it))
        .collect();
    assert!(unused.is_empty(), "icons that nothing shows: {unused:?}");
    for file in files("static/css", &["css"]) {
        let sheet = std::fs::read_to_string(&file).unwrap();
        // What stands in quotes and comments is no selector.
        let sheet: String = sheet.split('"').step_by(2).collect();
        let mut selectors = String::new();
        for part in sheet.split("/*") {
            selectors.push_str(part.split_once("*/").map_or(part, |(_, after)| after));
        }
        let unused: BTreeSet<_> = selectors
            .split('.')
            .skip(1)
            .filter(|it| it.starts_with(|c: char| c.is_ascii_alphabetic()))
            .filter_map(|it| {
                it.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
                    .next()
            })
            // A text on a bar of that class: its template adds the ending.
            .filter(|it| !used.contains(it.strip_suffix("-on").unwrap_or(it)))
            .collect();
        assert!(unused.is_empty(), "{}: {unused:?}", file.display());
    }
}

#[test]
fn every_key_that_is_used_exists_and_every_key_that_exists_is_used() {
    let mut sources = String::new();
    for file in files("templates", &["html", "txt"])
        .into_iter()
        .chain(files("crates", &["rs"]))
    {
        sources.push_str(&std::fs::read_to_string(file).unwrap());
    }
    let known: BTreeSet<_> = text::keys().collect();
    let mut missing = BTreeSet::new();
    for (i, _) in sources
        .match_indices("\"|t")
        .chain(sources.match_indices("\"|n("))
    {
        let start = sources[..i].rfind('"').map_or(0, |at| at + 1);
        let key = &sources[start..i];
        let numbered = format!("{key}.one");
        if key.contains('.') && !known.contains(key) && !known.contains(numbered.as_str()) {
            missing.insert(key.to_owned());
        }
    }
    assert!(missing.is_empty(), "keys without a text: {missing:?}");
    let unused: Vec<_> = known
        .iter()
        .filter(|key| {
            let stem = key
                .strip_suffix(".one")
                .or(key.strip_suffix(".other"))
                .unwrap_or(key);
            !sources.contains(&format!("\"{key}\"")) && !sources.contains(&format!("\"{stem}\""))
        })
        .collect();
    assert!(unused.is_empty(), "texts that nobody says: {unused:?}");
}
