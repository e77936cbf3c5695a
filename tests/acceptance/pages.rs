//! Every page of the product, taken from the route table: what must hold of all pages is tried on all of them, and on a new
//! one without anybody thinking of it.

use support::world::{PEOPLE, World};
use tierdesk_web::{Audience, table};

/// What answers `GET` and is no page of words, and why.
const NO_PAGES: [(&str, &str); 18] = [
    ("/", "sends each to their first page"),
    ("/assets/{version}/{*name}", "a file of the product"),
    ("/attachments/{id}", "somebody's file, always a download"),
    ("/dashboard.csv", "a table for other programs"),
    ("/dashboard/flow.csv", "a table for other programs"),
    ("/dashboard/promises.csv", "a table for other programs"),
    ("/dashboard/skills.csv", "a table for other programs"),
    ("/dashboard/tickets.csv", "a table for other programs"),
    ("/dashboard/tiers.csv", "a table for other programs"),
    ("/dashboard/times.csv", "a table for other programs"),
    ("/dashboard/workload.csv", "a table for other programs"),
    ("/favicon.ico", "a file of the product"),
    ("/healthz", "a word"),
    ("/jobs/{id}", "sends to the job on its ticket"),
    ("/mailbox/{id}/html", "a mail, with a mail's own styles"),
    ("/metrics", "numbers for other programs"),
    ("/readyz", "a word"),
    (
        "/tickets/{number}/jobs/{id}/output",
        "plain text, always a download",
    ),
];

/// Pages that look otherwise to somebody else than whom their audience says.
const ALSO: [(&str, &str); 6] = [
    ("/hosts/{id}", "administrator"),
    ("/on-call", "administrator"),
    ("/profile", "engineer"),
    ("/search", "engineer"),
    ("/team", "manager"),
    ("/team/{id}", "administrator"),
];

/// Open to everybody who is signed in, and sends requesters to a page of their own.
const OF_ENGINEERS: &str = "/tickets/{number}";

/// A page, and who opens it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// Its route.
    pub(crate) route: &'static str,
    /// The column of [`PEOPLE`].
    pub(crate) opener: usize,
}

impl Page {
    /// Its address in that world. A list of figures needs to know of what; a search, what for.
    pub(crate) fn address(self, world: &World, sought: &str) -> String {
        let path = world.path(self.route);
        match self.route {
            "/dashboard/tickets" => format!("{path}?measure=backlog"),
            "/search" => format!("{path}?q={sought}"),
            _ => path,
        }
    }
}

/// Every page once, and some for another reader too.
pub(crate) fn pages() -> Vec<Page> {
    let routes: Vec<_> = table()
        .into_iter()
        .filter(|it| it.method == "GET" && it.time.is_some())
        .collect();
    for path in NO_PAGES.iter().chain(&ALSO).map(|it| it.0) {
        assert!(routes.iter().any(|it| it.path == path), "no route {path}");
    }
    let column = |name: &str| PEOPLE.iter().position(|it| *it == name).expect("a column");
    let mut pages = Vec::new();
    for route in routes {
        if NO_PAGES.iter().any(|it| it.0 == route.path) {
            continue;
        }
        let opener = match route.audience {
            Audience::Public | Audience::Everyone => "anonymous",
            Audience::SignedIn if route.path == OF_ENGINEERS => "engineer",
            Audience::SignedIn => "requester",
            Audience::Staff | Audience::Engineer => "engineer",
            Audience::Manager => "manager",
            Audience::Administrator => "administrator",
            Audience::HostAgent | Audience::Operator => {
                panic!("say in NO_PAGES what {} is", route.path)
            }
        };
        let also = ALSO.iter().filter(|it| it.0 == route.path).map(|it| it.1);
        pages.extend([opener].into_iter().chain(also).map(|it| Page {
            route: route.path,
            opener: column(it),
        }));
    }
    assert!(pages.len() > 60, "{}", pages.len());
    pages
}
