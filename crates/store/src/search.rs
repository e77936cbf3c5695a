//! Search: tickets by their words and by what was said on them, and people. Only what the reader's scope holds.
//!
//! A word that half of all tickets hold must not cost a look at all of them: at most [`CANDIDATES`] of the newest hits
//! are ranked. Every query runs under a time limit.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::{PersonId, TicketId, TicketNumber};
use tierdesk_domain::ticket::{Priority, Status};
use uuid::Uuid;

use crate::{Result, StoreError, row};

/// Most hits that are ranked, the newest ones; of tickets and of messages each.
pub const CANDIDATES: i64 = 100;
/// How long a search may take, in milliseconds.
const PATIENCE: &str = "2000";
/// Marks the beginning of a hit in [`Found::title`] and [`Found::excerpt`].
pub const MARK: char = '\u{E000}';
/// Marks its end.
pub const UNMARK: char = '\u{E001}';
/// Where the marks are put; the text's own are removed before.
const HEADLINE: &str = "StartSel=\u{E000}, StopSel=\u{E001}, MaxFragments=1, MaxWords=28, MinWords=12, FragmentDelimiter=…";
const TITLE: &str = "StartSel=\u{E000}, StopSel=\u{E001}, HighlightAll=true";

/// A ticket that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which.
    pub id: TicketId,
    /// Its number.
    pub number: TicketNumber,
    /// Its title, with marks around the hits.
    pub title: String,
    /// A piece of its text around a hit, with marks; empty when only the title was hit.
    pub excerpt: String,
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

/// Sets the limits of a search; they hold until the transaction ends.
pub async fn limit(conn: &mut PgConnection) -> Result<()> {
    // Plans are made for the very words: a rare one and a common one want different ones.
    sqlx::query!(
        "select set_config('statement_timeout', $1, true) as a, set_config('plan_cache_mode', 'force_custom_plan', true) as b, set_config('jit', 'off', true) as c",
        PATIENCE
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// Whether an error says that the search took longer than it may.
pub fn took_too_long(error: &StoreError) -> bool {
    matches!(error, StoreError::Database(sqlx::Error::Database(e)) if e.code().is_some_and(|code| code == "57014"))
}

/// Whether a search text holds a word that can be searched at all (not only "the" and "of").
pub async fn says_something(conn: &mut PgConnection, text: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select numnode(websearch_to_tsquery('english', $1)) > 0 as "yes!""#,
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

/// The tickets that hold these words, best first. Internal entries count only where the scope reaches them.
pub async fn tickets(
    conn: &mut PgConnection,
    scope: &Scope,
    text: &str,
    skip: usize,
    take: usize,
) -> Result<Hits> {
    let teams: Vec<Uuid> = scope.teams().iter().map(|it| it.0).collect();
    let person = scope.person().map(|it| it.0);
    let organisation = scope.organisation().map(|it| it.0);
    // People who only have their own tickets are found by those, which are few; the others by the words.
    let few = !scope.everything() && !scope.unrestricted() && teams.is_empty();
    let (by_ticket, by_event) = if few {
        let by_ticket = sqlx::query_as!(
            Candidate,
            r#"select t.id as "ticket!", ts_rank(t.search, q) as "rank!", null::uuid as event
               from websearch_to_tsquery('english', $1) q, ticket t
               where (t.requester_id = $2 or t.organisation_id = $3) and t.search @@ q
               order by t.created_at desc limit $4"#,
            text,
            person,
            organisation,
            CANDIDATES
        )
        .fetch_all(&mut *conn)
        .await?;
        let by_event = sqlx::query_as!(
            Candidate,
            r#"select t.id as "ticket!", ts_rank(e.search, q) as "rank!", e.id as event
               from websearch_to_tsquery('english', $1) q, ticket t join event e on e.ticket_id = t.id
               where (t.requester_id = $2 or t.organisation_id = $3) and e.visibility = 'public' and e.search @@ q
               order by e.at desc limit $4"#,
            text,
            person,
            organisation,
            CANDIDATES
        )
        .fetch_all(&mut *conn)
        .await?;
        (by_ticket, by_event)
    } else {
        let by_ticket = sqlx::query_as!(
            Candidate,
            r#"select t.id as "ticket!", ts_rank(t.search, websearch_to_tsquery('english', $1)) as "rank!", null::uuid as event
               from ticket t
               where t.search @@ websearch_to_tsquery('english', $1) and ticket_in_scope($2, $3, $4, $5, $6, t.team_id, t.requester_id, t.organisation_id)
               order by t.created_at desc limit $7"#,
            text,
            scope.everything(),
            scope.unrestricted(),
            &teams,
            person,
            organisation,
            CANDIDATES
        )
        .fetch_all(&mut *conn)
        .await?;
        let by_event = sqlx::query_as!(
            Candidate,
            r#"select t.id as "ticket!", ts_rank(e.search, websearch_to_tsquery('english', $1)) as "rank!", e.id as event
               from event e join ticket t on t.id = e.ticket_id
               where e.search is not null and e.search @@ websearch_to_tsquery('english', $1)
                 and case when e.visibility = 'public'
                     then ticket_in_scope($2, $3, $4, $5, $6, t.team_id, t.requester_id, t.organisation_id)
                     else $7 and ticket_internal_in_scope($2, $3, $4, t.team_id) end
               order by e.at desc limit $8"#,
            text,
            scope.everything(),
            scope.unrestricted(),
            &teams,
            person,
            organisation,
            scope.internal(),
            CANDIDATES
        )
        .fetch_all(&mut *conn)
        .await?;
        (by_ticket, by_event)
    };
    let full = |list: &[Candidate]| i64::try_from(list.len()).unwrap_or(i64::MAX) >= CANDIDATES;
    let more_exist = full(&by_ticket) || full(&by_event);
    let best = merge(by_ticket, by_event);
    let ranked = best.len() as u64;
    let page: Vec<&Candidate> = best.iter().skip(skip).take(take).collect();
    Ok(Hits {
        tickets: show(conn, text, &page).await?,
        ranked,
        more_exist,
    })
}

/// One candidate per ticket: what its title and description are worth, and its best message at half of that.
fn merge(by_ticket: Vec<Candidate>, by_event: Vec<Candidate>) -> Vec<Candidate> {
    let mut best: std::collections::HashMap<Uuid, Candidate> = std::collections::HashMap::new();
    for candidate in by_ticket {
        best.insert(candidate.ticket, candidate);
    }
    let mut messages: std::collections::HashMap<Uuid, Candidate> = std::collections::HashMap::new();
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
    sqlx::query!(
        r#"select t.id, t.number, t.status, t.priority, t.updated_at, p.name as requester,
                  ts_headline('english', translate(t.title, $4, ''), q, $5) as "title!",
                  coalesce(ts_headline('english', translate(left(c.body, 20000), $4, ''), q, $6), '') as "excerpt!",
                  coalesce(e.visibility = 'internal', false) as "internal!"
           from unnest($1::uuid[], $2::uuid[]) with ordinality as hit (ticket, event, place)
           join ticket t on t.id = hit.ticket
           join person p on p.id = t.requester_id
           cross join websearch_to_tsquery('english', $3) q
           left join lateral (
               select e.visibility, e.content_id from event e
               where (e.id = hit.event and e.ticket_id = t.id)
                  or (hit.event = '00000000-0000-0000-0000-000000000000' and e.ticket_id = t.id and e.kind = 'opened')
               order by e.at limit 1) e on true
           left join content c on c.id = e.content_id and c.replaced_at is null
           order by hit.place"#,
        &tickets,
        &events,
        text,
        "\u{E000}\u{E001}",
        TITLE,
        HEADLINE
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(Found {
            id: TicketId(r.id),
            number: TicketNumber(r.number),
            title: r.title,
            excerpt: r.excerpt,
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

/// People whose name or address holds this text, for engineers; at most `limit`.
pub async fn people(conn: &mut PgConnection, text: &str, limit: i64) -> Result<Vec<FoundPerson>> {
    Ok(sqlx::query!(
        r#"select p.id, p.name, p.site, p.deactivated_at, a.email as "email?"
           from person p left join address a on a.person_id = p.id and a.is_primary
           where strpos(lower(p.name), lower($1)) > 0 or strpos(coalesce(a.email, ''), lower($1)) > 0
           order by p.deactivated_at is not null, strpos(lower(p.name), lower($1)) = 1 desc, lower(p.name), p.id limit $2"#,
        text,
        limit
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
    let teams: Vec<Uuid> = scope.teams().iter().map(|it| it.0).collect();
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
            title: r.title,
            excerpt: String::new(),
            internal: false,
            status: row::word("ticket", &r.status)?,
            priority: row::number("ticket", r.priority, Priority::from_number)?,
            requester: r.requester,
            updated_at: r.updated_at,
        })
    })
    .collect()
}
