//! Where one can go: only pages that exist and that the reader may open.

use std::sync::LazyLock;

use tierdesk_domain::text::t;
use tierdesk_domain::tier::Tier;

use crate::routes::{Route, table};
use crate::visitor::Visitor;

/// One link of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NavLink {
    pub(crate) label: String,
    pub(crate) href: String,
    pub(crate) icon: &'static str,
    pub(crate) count: Option<u64>,
    pub(crate) here: bool,
}

/// The navigation of one reader.
#[derive(Debug, Clone, Default)]
pub(crate) struct Navigation {
    /// My work and whatever is mine.
    pub(crate) mine: Vec<NavLink>,
    /// The queues of the reader's memberships.
    pub(crate) queues: Vec<NavLink>,
    /// Pages about the desk.
    pub(crate) desk: Vec<NavLink>,
    /// Pages that configure the desk.
    pub(crate) administration: Vec<NavLink>,
    /// The requester's pages.
    pub(crate) help: Vec<NavLink>,
    /// The page of notifications, for those who have one.
    pub(crate) bell: Option<NavLink>,
    /// The search page, or `""` while there is none.
    pub(crate) search: &'static str,
}

type Offer = (&'static str, &'static str, &'static str);

// (text, path, icon). A path without a route is not offered, so a page appears here with the page itself.
const HELP: &[Offer] = &[
    ("nav.help", "/help", "reply"),
    ("nav.my_tickets", "/my", "ticket"),
];
const DESK: &[Offer] = &[
    ("nav.hosts", "/hosts", "server"),
    ("nav.on_call", "/on-call", "phone"),
    ("nav.dashboard", "/dashboard", "chart"),
    ("nav.flow", "/dashboard/tiers", "flow"),
    ("nav.team", "/team", "users"),
    ("nav.help", "/help", "reply"),
];
// Open only where the settings say so.
const DEVELOPERS: &[Offer] = &[
    ("nav.mailbox", "/mailbox", "mail"),
    ("nav.gallery", "/gallery", "eye"),
];
const ADMINISTRATION: &[Offer] = &[
    ("nav.people", "/admin/people", "users"),
    ("nav.teams", "/admin/teams", "flow"),
    ("nav.categories", "/admin/categories", "tag"),
    ("nav.priorities", "/admin/priorities", "flag"),
    ("nav.rules", "/admin/rules", "rule"),
    ("nav.routing", "/admin/routing", "forward"),
    ("nav.skills", "/admin/skills", "book"),
    ("nav.promises", "/admin/promises", "clock"),
    ("nav.paths", "/admin/paths", "escalate"),
    ("nav.on_call_schedules", "/admin/on-call", "phone"),
    ("nav.calendars", "/admin/calendars", "calendar"),
    ("nav.reporting", "/admin/reporting", "chart"),
    ("nav.enrolment", "/admin/enrolment", "shield"),
    ("nav.audit", "/admin/audit", "book"),
];

static TABLE: LazyLock<Vec<Route>> = LazyLock::new(table);

impl Navigation {
    /// The navigation of this reader on this page. `developers` says whether the pages for developers are open.
    pub(crate) fn of(visitor: &Visitor, path: &str, developers: bool) -> Self {
        let work = &visitor.workload;
        let offer = |offers: &[Offer]| {
            let links = offers
                .iter()
                .filter_map(|offer| link(*offer, visitor, path));
            let mut links: Vec<_> = links.collect();
            // A page below another one is the one where the reader is.
            let deepest = links.iter().filter(|it| it.here).map(|it| it.href.len());
            let deepest = deepest.max();
            for it in &mut links {
                it.here = it.here && Some(it.href.len()) == deepest;
            }
            links
        };
        let tickets = link(("nav.tickets", "/tickets", "filter"), visitor, path)
            .filter(|_| visitor.roles.engineer || visitor.roles.manager)
            .map(|found| NavLink {
                here: path == "/tickets",
                ..found
            });
        let mine = link(("nav.my_work", "/queue", "inbox"), visitor, path)
            .map(|found| NavLink {
                count: Some(work.mine),
                here: path == "/queue",
                ..found
            })
            .into_iter()
            .chain(tickets)
            .collect();
        let queues = work
            .queues
            .iter()
            .map(|queue| {
                let href = queue_address(queue.tier, &queue.team_name);
                NavLink {
                    here: href == path,
                    label: format!("{} {}", queue.tier, queue.team_name),
                    href,
                    icon: "ticket",
                    count: Some(queue.open),
                }
            })
            .collect();
        let search =
            link(("nav.find", "/search", "search"), visitor, path).map_or("", |_| "/search");
        let mut desk = offer(DESK);
        if developers {
            desk.extend(offer(DEVELOPERS));
        }
        let bell = link(
            ("nav.notifications", "/notifications", "bell"),
            visitor,
            path,
        );
        Self {
            mine,
            bell: bell.map(|found| NavLink {
                count: Some(visitor.unread),
                ..found
            }),
            queues,
            desk,
            administration: offer(ADMINISTRATION),
            help: offer(HELP),
            search,
        }
    }
}

fn link((label, path, icon): Offer, visitor: &Visitor, here: &str) -> Option<NavLink> {
    let route = TABLE
        .iter()
        .find(|route| route.method == "GET" && route.path == path)?;
    let below = here
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    route.audience.admits(Some(visitor)).then(|| NavLink {
        label: t(label).to_owned(),
        href: path.to_owned(),
        icon,
        count: None,
        here: below,
    })
}

/// The address of a queue. Team names are unique, so they name it.
pub(crate) fn queue_address(tier: Tier, team: &str) -> String {
    format!("/queue/{tier}/{}", crate::filters::encoded(team))
}
