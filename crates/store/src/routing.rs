//! What routing reads and remembers: who is in a queue, how much they have, whose turn it was.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{PersonId, TeamId, TicketId};
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::Result;

/// Notes that a queue gives tickets away, if it never did: it has something to lock then.
pub async fn begin(conn: &mut PgConnection, team: TeamId, tier: Tier) -> Result<()> {
    sqlx::query!(
        "insert into routing_queue (team_id, tier) values ($1, $2) on conflict do nothing",
        team.0,
        tier.number()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks the routing of these queues, where they give tickets away, until the transaction ends, so that two tickets at the
/// same time do not see the same load: not in one queue, and not in two that have people in common. Whoever needs several
/// queues names them all at once: queues and then people are each taken in one order, so that nobody waits in a circle.
pub async fn lock(conn: &mut PgConnection, queues: &[(TeamId, Tier)]) -> Result<()> {
    let teams: Vec<Uuid> = queues.iter().map(|(team, _)| team.0).collect();
    let tiers: Vec<i16> = queues.iter().map(|(_, tier)| tier.number()).collect();
    sqlx::query!(
        "select turn from routing_queue where (team_id, tier) in (select * from unnest($1::uuid[], $2::smallint[]))
         order by team_id, tier for update",
        &teams,
        &tiers
    )
    .fetch_all(&mut *conn)
    .await?;
    // Not their rows: those are for what an administrator changes.
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('routed to ' || person_id, 0))
         from (select distinct m.person_id from membership m join routing_queue q on q.team_id = m.team_id and q.tier = m.tier
               where (q.team_id, q.tier) in (select * from unnest($1::uuid[], $2::smallint[])) order by m.person_id) as p",
        &teams,
        &tiers
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// A member of a queue, with what they have.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// How many open tickets they have, wherever.
    pub load: i64,
    /// Their last turn in this queue.
    pub turn: Option<i64>,
}

/// The active members of exactly this queue who have joined: an address of theirs is proven.
pub async fn members(conn: &mut PgConnection, team: TeamId, tier: Tier) -> Result<Vec<Member>> {
    Ok(sqlx::query!(
        r#"select p.id, p.name, t.turn as "turn?",
                  (select count(*) from ticket k where k.assignee_id = p.id and k.status in ('new', 'open', 'pending', 'on_hold')) as "load!"
           from membership m join person p on p.id = m.person_id
           left join routing_turn t on t.team_id = m.team_id and t.tier = m.tier and t.person_id = m.person_id
           where m.team_id = $1 and m.tier = $2 and p.deactivated_at is null
             and exists (select from address a where a.person_id = p.id and a.verified_at is not null)
           order by p.id"#,
        team.0,
        tier.number()
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| Member {
        id: PersonId(r.id),
        name: r.name,
        load: r.load,
        turn: r.turn,
    })
    .collect())
}

/// Keeps somebody in a queue until the transaction ends. False where they left it, or are about to: nobody waits for whoever
/// changes them, who may wait for the queue's routing.
pub async fn keep(
    conn: &mut PgConnection,
    (team, tier): (TeamId, Tier),
    person: PersonId,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        "select p.id from person p
         where p.id = $3 and p.deactivated_at is null
           and exists (select from membership m where m.person_id = p.id and m.team_id = $1 and m.tier = $2)
         for share of p skip locked",
        team.0,
        tier.number(),
        person.0
    )
    .fetch_optional(conn)
    .await?
    .is_some())
}

/// The decision that found nobody for a ticket last, as its event keeps it.
pub async fn found_nobody(
    conn: &mut PgConnection,
    ticket: TicketId,
) -> Result<Option<serde_json::Value>> {
    Ok(sqlx::query_scalar!(
        "select data from event where ticket_id = $1 and kind = 'not_routed' order by at desc, id desc limit 1",
        ticket.0
    )
    .fetch_optional(conn)
    .await?)
}

/// Notes that somebody got a ticket. The queue's routing is locked.
pub async fn take_turn(
    conn: &mut PgConnection,
    team: TeamId,
    tier: Tier,
    person: PersonId,
) -> Result<()> {
    sqlx::query!(
        "with next as (update routing_queue set turn = turn + 1 where team_id = $1 and tier = $2 returning turn)
         insert into routing_turn (team_id, tier, person_id, turn) select $1, $2, $3, turn from next
         on conflict (team_id, tier, person_id) do update set turn = excluded.turn",
        team.0,
        tier.number(),
        person.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets the deadline at which `person`, who has one open ticket less since `ticket` was written, may get another one; where
/// they are in no queue that routes there is nothing to do. Whether it was set.
pub async fn make_room(
    conn: &mut PgConnection,
    kind: &str,
    ticket: TicketId,
    person: PersonId,
    at: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query!(
        r#"insert into timer (kind, object_id, cycle, fires_at, data)
           select $1, $2, 0, $4, jsonb_build_object('person', $3::uuid)
           where exists (select from membership m join routing_queue q on q.team_id = m.team_id and q.tier = m.tier
                         where m.person_id = $3)
           on conflict (kind, object_id, cycle) do update set fires_at = excluded.fires_at, data = excluded.data, attempts = 0"#,
        kind,
        ticket.0,
        person.0,
        at
    )
    .execute(conn)
    .await?
    .rows_affected()
        == 1)
}

/// Brings the deadlines of this kind of all tickets in a queue forward to `at`.
pub async fn look_again(
    conn: &mut PgConnection,
    kind: &str,
    (team, tier): (TeamId, Tier),
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update timer w set fires_at = $4, attempts = 0 from ticket t
         where t.team_id = $2 and t.tier = $3 and t.assignee_id is null and t.status in ('new', 'open', 'pending', 'on_hold')
           and w.kind = $1 and w.object_id = t.id and w.cycle = 0 and w.fires_at > $4",
        kind,
        team.0,
        tier.number(),
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The same in a queue whose routing is locked. Deadlines that somebody holds are left out: whoever does routes the ticket
/// after this, or wants it routed no more.
pub async fn look_now(
    conn: &mut PgConnection,
    kind: &str,
    (team, tier): (TeamId, Tier),
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with due as (
             select w.object_id from timer w join ticket t on t.id = w.object_id
             where t.team_id = $2 and t.tier = $3 and t.assignee_id is null and t.status in ('new', 'open', 'pending', 'on_hold')
               and w.kind = $1 and w.cycle = 0 and w.fires_at > $4 for update of w skip locked)
         update timer w set fires_at = $4, attempts = 0 from due
         where w.kind = $1 and w.object_id = due.object_id and w.cycle = 0",
        kind,
        team.0,
        tier.number(),
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Of the tickets in the queue of this one whose deadline for routing has passed the most pressing, if it is more pressing
/// than this one; locks it, and leaves out those that somebody else works on at the moment, and those at which a look failed
/// before: they fail alone.
pub async fn more_pressing(
    conn: &mut PgConnection,
    ticket: TicketId,
    now: DateTime<Utc>,
) -> Result<Option<TicketId>> {
    let found = sqlx::query_scalar!(
        "select t.id from timer w
         join ticket t on t.id = w.object_id
         join ticket own on own.id = $1 and t.team_id = own.team_id and t.tier = own.tier
         where w.kind = 'routing' and w.fires_at <= $2
           and t.assignee_id is null and t.status in ('new', 'open', 'pending', 'on_hold') and not t.bot_holds
           and w.attempts = 0 and (t.next_clock_at, t.id) < (own.next_clock_at, own.id)
         order by t.next_clock_at, t.id limit 1 for update of t skip locked",
        ticket.0,
        now
    );
    Ok(found.fetch_optional(conn).await?.map(TicketId))
}

/// The tickets in somebody's queues for which routing found nobody yet, the most pressing clock first; locks them and
/// leaves out those that somebody else works on at the moment.
pub async fn waiting(
    conn: &mut PgConnection,
    person: PersonId,
    limit: i64,
) -> Result<Vec<TicketId>> {
    Ok(sqlx::query_scalar!(
        "select t.id from membership m
         join routing_queue q on q.team_id = m.team_id and q.tier = m.tier
         join ticket t on t.team_id = m.team_id and t.tier = m.tier
         join timer w on w.kind = 'routing' and w.object_id = t.id and w.cycle = 0
         where m.person_id = $1 and t.assignee_id is null and t.status in ('new', 'open', 'pending', 'on_hold') and not t.bot_holds
         order by t.next_clock_at, t.id limit $2 for update of t skip locked",
        person.0,
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TicketId)
    .collect())
}
