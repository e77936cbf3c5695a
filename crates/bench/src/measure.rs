//! One database size: every page, signed in, in rounds that alternate with the bare page.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::ValueEnum;
use serde::Serialize;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::load::{Load, Make, Outcome, run as load};
use crate::process::{cpu, family_cpu, memory};
use crate::seed::{FIRST_NUMBER, Random, search_word};
use crate::server::{Files, Server, bare, sign_in};

/// A page that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Page {
    /// A queue's first page, as an engineer of any queue.
    Queue,
    /// A ticket's workspace with its whole timeline, any ticket.
    Ticket,
    /// Words from common to rare, one or two of them.
    Search,
    /// The service-level dashboard, as the manager of all teams.
    Dashboard,
    /// Filing a ticket.
    Create,
}

impl Page {
    /// Filing comes last, so that the others are measured with the rows that were seeded.
    pub(crate) const ALL: [Self; 5] = [
        Self::Queue,
        Self::Ticket,
        Self::Search,
        Self::Dashboard,
        Self::Create,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Ticket => "ticket",
            Self::Search => "search",
            Self::Create => "create",
            Self::Dashboard => "dashboard",
        }
    }
}

/// What to measure.
pub(crate) struct Run {
    pub(crate) files: Files,
    pub(crate) program: std::path::PathBuf,
    pub(crate) postmaster: u32,
    pub(crate) url: String,
    pub(crate) tickets: u64,
    pub(crate) duration: Duration,
    pub(crate) rounds: usize,
    pub(crate) concurrency: usize,
    pub(crate) pages: Vec<Page>,
    pub(crate) quiet: bool,
}

/// What was measured at one size.
#[derive(Debug, Serialize)]
pub(crate) struct Result {
    pub(crate) tickets: u64,
    /// From the start of the process to the first answer of `/readyz`, in seconds; the median of three.
    pub(crate) cold_start_s: f64,
    /// Resident memory of the web process in MiB: before the load, and the most under it.
    pub(crate) idle_mib: f64,
    pub(crate) most_mib: f64,
    pub(crate) pages: Vec<PageResult>,
}

/// What was measured of one page; medians over the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct PageResult {
    pub(crate) page: Page,
    pub(crate) product: Numbers,
    pub(crate) bare: Option<Numbers>,
    /// Requests per second as a share of the bare page's, in the same round.
    pub(crate) share_of_bare: Option<f64>,
}

/// Medians over the rounds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Numbers {
    pub(crate) requests_per_s: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Processor time per request: of the web process, and of PostgreSQL.
    pub(crate) web_cpu_ms: f64,
    pub(crate) database_cpu_ms: f64,
    pub(crate) kib: f64,
}

impl Numbers {
    /// Processor time per request altogether.
    pub(crate) fn cost_ms(&self) -> f64 {
        self.web_cpu_ms + self.database_cpu_ms
    }
}

/// Measures one size.
pub(crate) async fn run(run: &Run) -> anyhow::Result<Result> {
    let mut starts = Vec::new();
    for _ in 0..2 {
        let server = run.files.product(&run.program, &run.url, 16).await?;
        starts.push(server.started_in.as_secs_f64());
        server.stop().await?;
    }
    let product = run.files.product(&run.program, &run.url, 16).await?;
    starts.push(product.started_in.as_secs_f64());
    let yardstick = bare(&run.url).await?;
    let people = People::find(&run.url, run.tickets).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (idle_mib, _) = memory(product.process()?)?;

    let mut pages = Vec::new();
    for &page in &run.pages {
        pages.push(
            measure_page(run, page, &people, &product, &yardstick)
                .await
                .with_context(|| page.name())?,
        );
    }
    let (_, most_mib) = memory(product.process()?)?;
    product.stop().await?;
    yardstick.stop().await?;
    Ok(Result {
        tickets: run.tickets,
        cold_start_s: median(starts),
        idle_mib,
        most_mib,
        pages,
    })
}

async fn measure_page(
    run: &Run,
    page: Page,
    people: &People,
    product: &Server,
    yardstick: &Server,
) -> anyhow::Result<PageResult> {
    // What the pages before counted is folded, as the worker does twice a minute.
    crate::server::fold(&run.url).await?;
    let load = people.product(page, product);
    let beside = people.bare(page, yardstick);
    let (mut ours, mut theirs, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=run.rounds {
        // Round 0 warms caches and statements and does not count.
        let duration = if round == 0 {
            run.duration.min(Duration::from_secs(2))
        } else {
            run.duration
        };
        let one = measure(run, &load, product, duration, round).await?;
        let other = match &beside {
            Some(beside) => Some(measure(run, beside, yardstick, duration, round).await?),
            None => None,
        };
        if !run.quiet && round > 0 {
            let rate = other.map_or_else(String::new, |it| {
                format!(", bare {:.0}/s", it.requests_per_s)
            });
            eprintln!(
                "{} {} round {round}: {:.0}/s{rate}",
                run.tickets,
                page.name(),
                one.requests_per_s
            );
        }
        if round > 0 {
            if let Some(other) = other {
                shares.push(one.requests_per_s / other.requests_per_s);
                theirs.push(other);
            }
            ours.push(one);
        }
    }
    Ok(PageResult {
        page,
        product: Numbers::median(&ours),
        bare: beside.map(|_| Numbers::median(&theirs)),
        share_of_bare: (!shares.is_empty()).then(|| median(shares)),
    })
}

async fn measure(
    run: &Run,
    what: &Load,
    server: &Server,
    duration: Duration,
    round: usize,
) -> anyhow::Result<Numbers> {
    let process = server.process()?;
    let (web, database) = (cpu(process)?, family_cpu(run.postmaster)?);
    let outcome: Outcome = load(what, run.concurrency, duration, round as u64).await?;
    let (web, database) = (cpu(process)? - web, family_cpu(run.postmaster)? - database);
    let requests = outcome.took.len() as f64;
    ensure!(requests > 0.0, "nothing was answered");
    Ok(Numbers {
        requests_per_s: outcome.per_second(),
        p50_ms: outcome.percentile(0.5),
        p99_ms: outcome.percentile(0.99),
        web_cpu_ms: web * 1000.0 / requests,
        database_cpu_ms: database * 1000.0 / requests,
        kib: outcome.bytes as f64 / requests / 1024.0,
    })
}

impl Numbers {
    fn median(rounds: &[Self]) -> Self {
        let of = |read: fn(&Self) -> f64| median(rounds.iter().map(read).collect());
        Self {
            requests_per_s: of(|it| it.requests_per_s),
            p50_ms: of(|it| it.p50_ms),
            p99_ms: of(|it| it.p99_ms),
            web_cpu_ms: of(|it| it.web_cpu_ms),
            database_cpu_ms: of(|it| it.database_cpu_ms),
            kib: of(|it| it.kib),
        }
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

/// Signed-in people, and what they ask for.
pub(crate) struct People {
    engineers: Arc<Vec<Engineer>>,
    requesters: Arc<Vec<String>>,
    manager: String,
    category: Uuid,
    /// Tickets, and by which engineers they are opened: those of their team.
    tickets: Arc<Vec<(i64, Vec<usize>)>>,
}

/// How many different tickets are opened.
const TICKETS: usize = 20_000;

struct Engineer {
    cookie: String,
    team: Uuid,
    team_name: String,
    tier: i16,
}

impl People {
    /// Signs in engineers of the queues that fill a page and that everybody may read, a few requesters, and the manager.
    pub(crate) async fn find(url: &str, tickets: u64) -> anyhow::Result<Self> {
        let mut conn = PgConnection::connect(url).await?;
        let found: Vec<(Uuid, Uuid, String, i16)> = sqlx::query_as(
            "select distinct on (m.team_id, m.tier) m.person_id, m.team_id, t.name, m.tier
             from membership m join team t on t.id = m.team_id
             where not t.restricted and 50 = (select count(*) from (select from ticket o where o.team_id = m.team_id and o.tier = m.tier
                 and o.status in ('new', 'open', 'pending', 'on_hold') and not o.bot_holds limit 50) as shown)
             order by m.team_id, m.tier, m.person_id",
        )
        .fetch_all(&mut conn)
        .await?;
        let ids: Vec<Uuid> = found.iter().map(|it| it.0).collect();
        let cookies = sign_in(url, &ids).await?;
        let engineers: Vec<Engineer> = found
            .into_iter()
            .zip(cookies)
            .map(|((_, team, team_name, tier), cookie)| Engineer {
                cookie,
                team,
                team_name,
                tier,
            })
            .collect();
        let mut random = Random::new(11);
        let numbers: Vec<i64> = (0..TICKETS)
            .map(|_| number(&mut random, tickets))
            .collect::<std::result::Result<_, _>>()?;
        let opened: Vec<(i64, Uuid)> = sqlx::query_as(
            "select number, team_id from ticket where number = any ($1) order by id",
        )
        .bind(numbers)
        .fetch_all(&mut conn)
        .await?;
        let opened = opened
            .into_iter()
            .map(|(number, team)| {
                let theirs = engineers
                    .iter()
                    .enumerate()
                    .filter(|(_, it)| it.team == team);
                (number, theirs.map(|(index, _)| index).collect::<Vec<_>>())
            })
            .filter(|(_, engineers)| !engineers.is_empty())
            .collect();
        let requesters: Vec<Uuid> = sqlx::query_scalar(
            "select id from person p where not manager and not exists (select from membership where person_id = p.id) order by id limit 64",
        )
        .fetch_all(&mut conn)
        .await?;
        let manager: Uuid = sqlx::query_scalar("select id from person where manager limit 1")
            .fetch_one(&mut conn)
            .await?;
        let category = sqlx::query_scalar(
            "select id from category where team_id is null order by position desc limit 1",
        )
        .fetch_one(&mut conn)
        .await?;
        Ok(Self {
            engineers: Arc::new(engineers),
            requesters: Arc::new(sign_in(url, &requesters).await?),
            manager: sign_in(url, &[manager]).await?.remove(0),
            category,
            tickets: Arc::new(opened),
        })
    }

    /// The product's page.
    pub(crate) fn product(&self, page: Page, server: &Server) -> Load {
        let host = server.address.to_string();
        let engineers = Arc::clone(&self.engineers);
        let get = move |path: &str, cookie: &str| {
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: session={cookie}\r\nAccept: text/html\r\n\r\n").into_bytes()
        };
        let make: Make = match page {
            Page::Queue => Arc::new(move |random, _| {
                let it = random.pick(&engineers);
                get(
                    &format!("/queue/L{}/{}", it.tier, it.team_name.replace(' ', "%20")),
                    &it.cookie,
                )
            }),
            Page::Ticket => {
                let tickets = Arc::clone(&self.tickets);
                Arc::new(move |random, _| {
                    let (number, theirs) = random.pick(&tickets);
                    let it = &engineers[*random.pick(theirs)];
                    get(&format!("/tickets/{number}"), &it.cookie)
                })
            }
            Page::Search => {
                let words: Vec<String> = [0, 3, 10, 40, 100, 400, 1_000, 4_000]
                    .map(search_word)
                    .into();
                Arc::new(move |random, _| {
                    let it = random.pick(&engineers);
                    let (one, two) = (random.pick(&words), random.pick(&words));
                    let query = if random.chance(0.5) {
                        one.clone()
                    } else {
                        format!("{one}+{two}")
                    };
                    get(&format!("/search?q={query}"), &it.cookie)
                })
            }
            Page::Create => {
                let host = server.address.to_string();
                let (requesters, category) = (Arc::clone(&self.requesters), self.category);
                Arc::new(move |random, _| {
                    let cookie = random.pick(&requesters);
                    let category = category.to_string();
                    let fields: String = [
                        ("category", category.as_str()),
                        ("title", TITLE),
                        ("description", DESCRIPTION),
                        ("impact", "person"),
                        ("urgency", "medium"),
                    ]
                    .map(|(name, value)| {
                        format!("--bench\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    })
                    .concat();
                    let form = format!("{fields}--bench--\r\n");
                    format!(
                        "POST /tickets/new HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nSec-Fetch-Site: same-origin\r\n\
                         Cookie: session={cookie}\r\nContent-Type: multipart/form-data; boundary=bench\r\nContent-Length: {}\r\n\r\n{form}",
                        form.len()
                    )
                    .into_bytes()
                })
            }
            Page::Dashboard => {
                let manager = self.manager.clone();
                Arc::new(move |_, _| get("/dashboard", &manager))
            }
        };
        Load {
            address: server.address,
            make,
            status: if page == Page::Create { 303 } else { 200 },
        }
    }

    /// The bare page over the same rows, where there is one.
    pub(crate) fn bare(&self, page: Page, server: &Server) -> Option<Load> {
        let host = server.address.to_string();
        let engineers = Arc::clone(&self.engineers);
        let get =
            move |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes();
        let make: Make = match page {
            Page::Queue => Arc::new(move |random, _| {
                let it = random.pick(&engineers);
                get(&format!("/queue/{}/{}", it.team, it.tier))
            }),
            Page::Ticket => {
                let tickets = Arc::clone(&self.tickets);
                Arc::new(move |random, _| get(&format!("/ticket/{}", random.pick(&tickets).0)))
            }
            Page::Create => {
                let host = server.address.to_string();
                Arc::new(move |_, _| {
                    let fields = format!(
                        "title={}&description={}",
                        TITLE.replace(' ', "+"),
                        DESCRIPTION.replace(' ', "+")
                    );
                    format!(
                        "POST /create HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{fields}",
                        fields.len()
                    )
                    .into_bytes()
                })
            }
            Page::Search | Page::Dashboard => return None,
        };
        Some(Load {
            address: server.address,
            make,
            status: if page == Page::Create { 303 } else { 200 },
        })
    }
}

const TITLE: &str = "Printer on floor two prints blank pages";
const DESCRIPTION: &str = "Since this morning every second page comes out blank. I replaced the toner and restarted it twice. \
    The display shows no error. My colleagues in the room have the same problem and we need the labels for the shipment at noon.";

/// Any ticket that was seeded.
fn number(random: &mut Random, tickets: u64) -> anyhow::Result<i64> {
    Ok(FIRST_NUMBER + i64::try_from(random.below(usize::try_from(tickets)?))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_rounds_lies_between() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(vec![]).is_nan());
    }
}
