//! Every route × every role (AT-IDOR-1): the expectations are in `matrix.txt`, a file under review. A route that is not
//! in it fails, and so does a row without a route.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use support::client::{Client, Reply};
use support::world::{NOTHING, PEOPLE, World, takes_files};
use tierdesk_web::Route;

/// What somebody gets: let in (whatever the empty form then says), asked to sign in, refused, or told that there is
/// no such thing.
fn outcome(status: StatusCode, location: Option<&str>) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "sign-in",
        _ if location.is_some_and(|it| it.starts_with("/sign-in")) => "sign-in",
        _ if location.is_some_and(|it| it.starts_with("/confirm")) => "confirm",
        StatusCode::FORBIDDEN => "no",
        StatusCode::NOT_FOUND => "hidden",
        status if status.is_server_error() => "BROKEN",
        _ => "yes",
    }
}

/// Routes whose parameter is a secret: whoever knows one needs no role, so every column would say the same of a real one
/// (the stories in `account.rs` hold them).
const SECRETS: [&str; 3] = ["/invitation/", "/password/reset/", "/set-up/"];

/// What a form ends or takes away, so that it is there for one person only.
fn used_up(route: &Route) -> bool {
    let last = route.path.rsplit('/').next().unwrap_or_default();
    route.method == "POST"
        && [
            "confirm",
            "end",
            "remove",
            "retire",
            "return",
            "revoke",
            "take-back",
        ]
        .contains(&last)
}

fn expected() -> BTreeMap<String, Vec<String>> {
    include_str!("matrix.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| {
            let (route, cells) = line
                .split_once('|')
                .expect("a row is `METHOD /path | cells`");
            let words: Vec<&str> = route.split_whitespace().collect();
            (
                words.join(" "),
                cells.split_whitespace().map(str::to_owned).collect(),
            )
        })
        .collect()
}

/// Sends what the route is for, to what exists. Forms that change a ticket get one of their own.
async fn knock(world: &World, route: &Route, column: usize) -> (StatusCode, Option<String>) {
    let client = world.client(column).await;
    let mut path = world.path(route.path);
    if route.method == "GET" {
        let (status, headers) = client.knock("GET", &path).await;
        let location = headers.get("location").and_then(|it| it.to_str().ok());
        return (status, location.map(str::to_owned));
    }
    // A job stands on its ticket; everything else is done to a fresh one.
    let mut form = world.form(route.path);
    if route.path.starts_with("/queue/")
        || route.path.contains("{number}") && !route.path.contains("/jobs/")
    {
        let fresh = world.another().await.number.0.to_string();
        path = path.replace(&world.ticket.number.0.to_string(), &fresh);
        if route.path.ends_with("/take") {
            form.push(("ticket", fresh));
        }
    }
    let reply = send(&client, route, &path, &form).await;
    (reply.status, reply.header("location").map(str::to_owned))
}

/// Sends a form the way its route takes it.
pub(crate) async fn send(
    client: &Client,
    route: &Route,
    path: &str,
    fields: &[(&'static str, String)],
) -> Reply {
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    if takes_files(route.path) {
        client.upload(path, &fields, &[]).await
    } else {
        client.post(path, &fields).await
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_the_table_says_and_nobody_else() {
    let mut expected = expected();
    let mut wrong = Vec::new();
    // Looking changes nothing, so all looks share a desk.
    let looked_at = World::build().await;
    for route in tierdesk_web::table() {
        // Each form gets one of its own: some end a session or a ticket.
        let mut own = match route.method {
            "GET" => None,
            _ => Some(World::build().await),
        };
        let mut cells: Vec<String> = Vec::new();
        for column in 0..PEOPLE.len() {
            if used_up(&route) && cells.last().is_some_and(|it| it == "yes") {
                own = Some(World::build().await);
            }
            let world = own.as_ref().unwrap_or(&looked_at);
            let (status, location) = knock(world, &route, column).await;
            cells.push(outcome(status, location.as_deref()).to_owned());
        }
        let name = format!("{} {}", route.method, route.path);
        if expected.remove(&name).as_ref() != Some(&cells) {
            wrong.push(format!("{name:48}| {}", cells.join(" ")));
        }
    }
    assert!(
        wrong.is_empty(),
        "the table says otherwise, or nothing, about ({}):\n{}",
        PEOPLE.join(" "),
        wrong.join("\n")
    );
    assert!(
        expected.is_empty(),
        "rows without a route: {:?}",
        expected.keys()
    );
}

/// What somebody can tell two answers apart by: the status, and how much there is, without the ids in it.
fn tells(reply: &Reply) -> (StatusCode, usize, Option<String>) {
    let text = reply.page().all_text();
    let words = text.split_whitespace().count();
    (
        reply.status,
        words,
        reply.header("content-type").map(str::to_owned),
    )
}

#[tokio::test]
async fn every_route_to_something_is_tried_with_something_that_exists() {
    let world = World::build().await;
    let mut named = 0;
    for route in tierdesk_web::table() {
        let secret = SECRETS.iter().any(|it| route.path.starts_with(it));
        let path = world.path(route.path);
        assert_eq!(path.contains(NOTHING), secret, "{} {path}", route.method);
        named += usize::from(path != route.path);
    }
    assert!(named > 80, "{named}");
}

#[tokio::test]
async fn what_one_must_not_see_looks_like_what_does_not_exist() {
    let world = World::build().await;
    let expected = expected();
    let mut compared = 0;
    for route in tierdesk_web::table() {
        let Some(cells) = expected.get(&format!("{} {}", route.method, route.path)) else {
            continue;
        };
        let path = world.path(route.path);
        let nothing = world.path_to_nothing(route.path);
        if path == nothing || route.time.is_none() {
            continue;
        }
        for (column, _) in cells.iter().enumerate().filter(|it| it.1 == "hidden") {
            let mut answers = Vec::new();
            for path in [&path, &nothing] {
                // Fresh, because a refusal may not change anything and a session may end.
                let client = world.client(column).await;
                answers.push(match route.method {
                    "GET" => client.get(path).await,
                    _ => send(&client, &route, path, &world.form(route.path)).await,
                });
            }
            assert_eq!(
                tells(&answers[0]),
                tells(&answers[1]),
                "{} {} for {}",
                route.method,
                route.path,
                PEOPLE[column]
            );
            compared += 1;
        }
    }
    assert!(compared > 30, "{compared}");
}

#[tokio::test]
async fn a_ticket_one_must_not_see_looks_like_one_that_does_not_exist() {
    let world = World::build().await;
    let hidden = world.restricted.number.0.to_string();
    // Strangers, a colleague, engineers and managers of other teams, the administrator: everybody but the requester.
    for (column, who) in PEOPLE.iter().enumerate().skip(2) {
        for route in tierdesk_web::table()
            .into_iter()
            .filter(|it| it.path.contains("/{number}"))
        {
            let client = world.client(column).await;
            let (real, _) = client
                .knock(route.method, &route.path.replace("{number}", &hidden))
                .await;
            let client = world.client(column).await;
            let (none, _) = client
                .knock(route.method, &route.path.replace("{number}", "99999999"))
                .await;
            assert_eq!(real, none, "{} {} for {who}", route.method, route.path);
        }
        let client = world.client(column).await;
        let real = client.get(&format!("/tickets/{hidden}")).await;
        let none = client.get("/tickets/99999999").await;
        // Both end with the number of their own request.
        let words = |reply: &Reply| {
            let text = reply.page().all_text();
            text.rsplit_once(' ').map(|it| it.0.to_owned())
        };
        assert_eq!(words(&real), words(&none));
    }
}
