//! Search: tickets by their words and by what was said on them, and people. Only what the reader's scope holds.
//!
//! A word that half of all tickets hold must not cost a look at all of them: at most [`CANDIDATES`] of the newest hits
//! are ranked. The index knows when each text was written, to about five hours, three days and fifty days, so that the newest
//! hits are found without the others: first those of the last hours, then as far back as it should take.
//! Every query runs under a time limit.

mod window;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, Transaction};
use tierdesk_domain::authorize::{Managed, Scope};
use tierdesk_domain::excerpt::{Piece, Sought};
use tierdesk_domain::id::{PersonId, TicketId, TicketNumber};
use tierdesk_domain::ticket::{Priority, Status};
use uuid::Uuid;

use self::window::{ENOUGH, wider, words};
use crate::{Pool, Result, row};

/// Most hits that are ranked, the newest ones; of tickets and of messages each.
pub const CANDIDATES: i64 = 100;
/// Each statement of a search, or of a list that a filter makes, may take two seconds (AT-SQL-2).
const BEGIN: &str = "begin; set local statement_timeout to '2s'";

/// A ticket that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which.
    pub id: TicketId,
    /// Its number.
    pub number: TicketNumber,
    /// Its title, in pieces.
    pub title: Vec<Piece>,
    /// A part of its text around a hit, or its beginning, in pieces; empty when there is none.
    pub excerpt: Vec<Piece>,
    /// Whether that piece is from an internal entry.
    pub internal: bool,
    /// Where it stands.
    pub status: Status,
    /// How pressing it is.
    pub priority: Priority,
    /// Who it is for.
    pub requester: String,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Hits {
    /// One page of them, best first.
    pub tickets: Vec<Found>,
    /// How many were ranked.
    pub ranked: u64,
    /// Whether older hits were left aside.
    pub more_exist: bool,
}

/// Begins a search, or a list that a filter makes: a transaction in which no statement takes longer than two seconds.
pub async fn begin(pool: &Pool) -> Result<Transaction<'static, Postgres>> {
    Ok(pool.begin_with(BEGIN).await?)
}

/// Makes plans for the very values until the transaction ends: which conditions a filter has differs from one to the next.
pub async fn plan_for_values(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("select set_config('plan_cache_mode', 'force_custom_plan', true)")
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Whether a text holds a word that can be searched at all, not only "the" and "of".
pub async fn says_something(conn: &mut PgConnection, text: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select numnode(websearch_to_tsquery('english', $1)) > 0 as "says!""#,
        text
    )
    .fetch_one(conn)
    .await?)
}

/// A candidate: a ticket, how well it fits, and the internal or public entry that was hit, if one was.
struct Candidate {
    ticket: Uuid,
    rank: f32,
    event: Option<Uuid>,
}

/// What is looked for, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// How far the reader's reads reach. Internal entries count only where it reaches them.
    pub scope: &'a Scope,
    /// The words.
    pub text: &'a str,
    /// How many of the best are left out, for later pages.
    pub skip: usize,
    /// How many are wanted.
    pub take: usize,
}

/// The tickets that hold these words, best first.
pub async fn tickets(
    conn: &mut PgConnection,
    asked: Asked<'_>,
    now: DateTime<Utc>,
) -> Result<Hits> {
    let Asked { scope, text, .. } = asked;
    // People who only have their own tickets are found by those, which are few; the others by the words, the newest first.
    let few = !scope.everything()
        && !scope.unrestricted()
        && scope.teams().is_empty()
        && scope.organisation().is_none();
    let (by_ticket, by_event, looked_back) = if few {
        let (by_ticket, by_event) = own(conn, scope, text).await?;
        (by_ticket, by_event, true)
    } else {
        // Both back to the same time, so that no ticket is left out that is newer than one that is shown.
        let mut window = Some(0);
        loop {
            let words = words(window, now);
            let by_ticket = of_tickets(conn, scope, text, &words).await?;
            let by_event = of_events(conn, scope, text, &words).await?;
            let tickets: HashSet<_> = by_ticket
                .iter()
                .chain(&by_event)
                .map(|it| it.ticket)
                .collect();
            match window {
                Some(at) if tickets.len() < ENOUGH => window = wider(at, tickets.len()),
                _ => break (by_ticket, by_event, window.is_none()),
            }
        }
    };
    let full = |list: &[Candidate]| i64::try_from(list.len()).unwrap_or(i64::MAX) >= CANDIDATES;
    let more_exist = !looked_back || full(&by_ticket) || full(&by_event);
    let best = merge(by_ticket, by_event);
    let ranked = best.len() as u64;
    let page: Vec<&Candidate> = best.iter().skip(asked.skip).take(asked.take).collect();
    Ok(Hits {
        tickets: show(conn, text, &page).await?,
        ranked,
        more_exist,
    })
}

/// Hits among the tickets of one requester: by title and description, and by what was said in public.
async fn own(
    conn: &mut PgConnection,
    scope: &Scope,
    text: &str,
) -> Result<(Vec<Candidate>, Vec<Candidate>)> {
    let person = scope.person().map(|it| it.0);
    let by_ticket = sqlx::query_as!(
        Candidate,
        r#"select t.id as "ticket!", ts_rank(t.search, q) as "rank!", null::uuid as event
           from websearch_to_tsquery('english', $1) q, ticket t
           where t.requester_id = $2 and t.search @@ q
           order by t.id desc limit $3"#,
        text,
        person,
        CANDIDATES
    )
    .fetch_all(&mut *conn)
    .await?;
    let by_event = sqlx::query_as!(
        Candidate,
        r#"select t.id as "ticket!", ts_rank(e.search, q) as "rank!", e.id as event
           from websearch_to_tsquery('english', $1) q, ticket t join event e on e.ticket_id = t.id
           where t.requester_id = $2 and e.visibility = 'public' and e.search @@ q
           order by e.id desc limit $3"#,
        text,
        person,
        CANDIDATES
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok((by_ticket, by_event))
}

/// The newest hits in titles and descriptions; none of a text without words. The words are read once (`q`), not for each hit.
/// Materialised, so that the words lead to the rows and not the time, whatever the planner thinks of how common they are.
/// Words and window are two conditions: GIN then meets their lists by leaps, while of one question it reads the shorter list
/// from its beginning (docs/bench.md).
async fn of_tickets(
    conn: &mut PgConnection,
    scope: &Scope,
    text: &str,
    window: &str,
) -> Result<Vec<Candidate>> {
    Ok(sqlx::query_as!(
        Candidate,
        r#"with q as materialized (select websearch_to_tsquery('english', $1) as q),
           hit as materialized (
               select id, search, team_id, requester_id, organisation_id from ticket
               where $2 <> '' and search_words(search, id) @@ websearch_to_tsquery('english', $1)
                 and search_words(search, id) @@ $2::text::tsquery
               union all
               select id, search, team_id, requester_id, organisation_id from ticket
               where $2 = '' and search_words(search, id) @@ websearch_to_tsquery('english', $1)
           )
           select id as "ticket!", ts_rank(search, q.q) as "rank!", null::uuid as event from hit cross join q
           where $3 or team_id = any ($5) or ($4 and team_id <> all (array(select id from team where restricted)))
              or coalesce(requester_id = $6, false) or coalesce(organisation_id = $7, false)
           order by id desc limit 100"#,
        text,
        window,
        scope.everything(),
        scope.unrestricted(),
        &scope.team_ids(),
        scope.person().map(|it| it.0),
        scope.organisation().map(|it| it.0)
    )
    .fetch_all(conn)
    .await?)
}

/// The newest hits in what was said; tickets are only looked at until there are enough.
async fn of_events(
    conn: &mut PgConnection,
    scope: &Scope,
    text: &str,
    window: &str,
) -> Result<Vec<Candidate>> {
    Ok(sqlx::query_as!(
        Candidate,
        r#"with q as materialized (select websearch_to_tsquery('english', $1) as q),
           hit as materialized (
               select id, ticket_id, search, visibility from event
               where $2 <> '' and search is not null and search_words(search, id) @@ websearch_to_tsquery('english', $1)
                 and search_words(search, id) @@ $2::text::tsquery
               union all
               select id, ticket_id, search, visibility from event
               where $2 = '' and search is not null and search_words(search, id) @@ websearch_to_tsquery('english', $1)
           )
           select t.id as "ticket!", ts_rank(h.search, q.q) as "rank!", h.id as "event?"
           from (select * from hit order by id desc) h join ticket t on t.id = h.ticket_id cross join q
           where ($3 or t.team_id = any ($5) or ($4 and t.team_id <> all (array(select id from team where restricted)))
                  or h.visibility = 'public' and (coalesce(t.requester_id = $6, false) or coalesce(t.organisation_id = $7, false)))
             and (h.visibility = 'public' or $8)
           order by h.id desc limit 100"#,
        text,
        window,
        scope.everything(),
        scope.unrestricted(),
        &scope.team_ids(),
        scope.person().map(|it| it.0),
        scope.organisation().map(|it| it.0),
        scope.internal()
    )
    .fetch_all(conn)
    .await?)
}

/// One candidate per ticket: what its title and description are worth, and its best message at half of that.
fn merge(by_ticket: Vec<Candidate>, by_event: Vec<Candidate>) -> Vec<Candidate> {
    let mut best: HashMap<Uuid, Candidate> = HashMap::new();
    for candidate in by_ticket {
        best.insert(candidate.ticket, candidate);
    }
    let mut messages: HashMap<Uuid, Candidate> = HashMap::new();
    for candidate in by_event {
        let known = messages.get(&candidate.ticket);
        if known.is_none_or(|known| candidate.rank > known.rank) {
            messages.insert(candidate.ticket, candidate);
        }
    }
    for (ticket, message) in messages {
        let entry = best.entry(ticket).or_insert(Candidate {
            ticket,
            rank: 0.0,
            event: None,
        });
        entry.rank += message.rank / 2.0;
        if entry.event.is_none() {
            entry.event = message.event;
        }
    }
    let mut all: Vec<Candidate> = best.into_values().collect();
    // Of equals the newer one: ids begin with their time.
    all.sort_by(|a, b| b.rank.total_cmp(&a.rank).then(b.ticket.cmp(&a.ticket)));
    all
}

/// Reads and marks what a page shows. The candidates were checked against the scope.
async fn show(conn: &mut PgConnection, text: &str, page: &[&Candidate]) -> Result<Vec<Found>> {
    let tickets: Vec<Uuid> = page.iter().map(|it| it.ticket).collect();
    let events: Vec<Uuid> = page.iter().map(|it| it.event.unwrap_or_default()).collect();
    let rows = sqlx::query!(
        r#"with q as materialized (select tsvector_to_array(to_tsvector('english', $3)) as lexemes)
           select t.id, t.number, t.title, t.status, t.priority, t.updated_at, p.name as requester,
                  left(c.body, 20000) as "text?", coalesce(e.visibility = 'internal', false) as "internal!", q.lexemes as "lexemes!"
           from unnest($1::uuid[], $2::uuid[]) with ordinality as hit (ticket, event, place)
           join ticket t on t.id = hit.ticket
           join person p on p.id = t.requester_id
           cross join q
           left join lateral (
               select e.visibility, e.content_id from event e
               where (e.id = hit.event and e.ticket_id = t.id)
                  or (hit.event = '00000000-0000-0000-0000-000000000000' and e.ticket_id = t.id and e.kind = 'opened')
               order by e.at limit 1) e on true
           left join content c on c.id = e.content_id and c.replaced_at is null
           order by hit.place"#,
        &tickets,
        &events,
        text
    )
    .fetch_all(conn)
    .await?;
    let sought = Sought::new(rows.first().into_iter().flat_map(|it| it.lexemes.clone()));
    rows.into_iter()
        .map(|r| {
            Ok(Found {
                id: TicketId(r.id),
                number: TicketNumber(r.number),
                title: sought.marked(&r.title),
                excerpt: sought.excerpt(&r.text.unwrap_or_default()),
                internal: r.internal,
                status: row::word("ticket", &r.status)?,
                priority: row::number("ticket", r.priority, Priority::from_number)?,
                requester: r.requester,
                updated_at: r.updated_at,
            })
        })
        .collect()
}

/// A person that was found.
#[derive(Debug, Clone)]
pub struct FoundPerson {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// The address mail goes to.
    pub email: Option<String>,
    /// Where they work.
    pub site: Option<String>,
    /// Whether they may no longer sign in.
    pub deactivated: bool,
}

/// Among whom people are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among<'a> {
    /// Everybody.
    Everybody,
    /// Those who work in these teams.
    Teams(&'a Managed),
}

/// People whose name or address has words that begin with each of these; at most `limit`.
pub async fn people(
    conn: &mut PgConnection,
    text: &str,
    among: Among<'_>,
    limit: i64,
) -> Result<Vec<FoundPerson>> {
    // `jo web` finds Jonas Weber. Letters and digits only, so that nothing else means something to PostgreSQL.
    let beginnings: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| format!("{word}:*"))
        .collect();
    if beginnings.is_empty() {
        return Ok(Vec::new());
    }
    let (everybody, every_team, teams) = match among {
        Among::Everybody => (true, true, Vec::new()),
        Among::Teams(Managed::All) => (false, true, Vec::new()),
        Among::Teams(Managed::Teams(teams)) => {
            (false, false, teams.iter().map(|it| it.0).collect())
        }
    };
    Ok(sqlx::query!(
        r#"select p.id, p.name, p.site, p.deactivated_at, a.email as "email?"
           from person p left join address a on a.person_id = p.id and a.is_primary
           where p.id in (select id from person where people_words(name) @@ to_tsquery('simple', $1)
                          union select person_id from address where people_words(email) @@ to_tsquery('simple', $1))
             and ($4 or exists (select from membership m where m.person_id = p.id and ($5 or m.team_id = any ($6))))
           order by p.deactivated_at is not null, strpos(lower(p.name), lower($3)) = 1 desc, lower(p.name), p.id limit $2"#,
        beginnings.join(" & "),
        limit,
        text,
        everybody,
        every_team,
        &teams
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| FoundPerson { id: PersonId(r.id), name: r.name, email: r.email, site: r.site, deactivated: r.deactivated_at.is_some() })
    .collect())
}

/// A person's tickets, newest first, as far as the scope reaches.
pub async fn of_person(
    conn: &mut PgConnection,
    scope: &Scope,
    person: PersonId,
    skip: i64,
    take: i64,
) -> Result<Vec<Found>> {
    let teams = scope.team_ids();
    sqlx::query!(
        r#"select t.id, t.number, t.title, t.status, t.priority, t.updated_at, p.name as requester
           from ticket t join person p on p.id = t.requester_id
           where t.requester_id = $1 and ticket_in_scope($2, $3, $4, $5, $6, t.team_id, t.requester_id, t.organisation_id)
           order by t.updated_at desc, t.id offset $7 limit $8"#,
        person.0,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        scope.person().map(|it| it.0),
        scope.organisation().map(|it| it.0),
        skip,
        take
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(Found {
            id: TicketId(r.id),
            number: TicketNumber(r.number),
            title: vec![Piece {
                text: r.title,
                hit: false,
            }],
            excerpt: Vec::new(),
            internal: false,
            status: row::word("ticket", &r.status)?,
            priority: row::number("ticket", r.priority, Priority::from_number)?,
            requester: r.requester,
            updated_at: r.updated_at,
        })
    })
    .collect()
}
