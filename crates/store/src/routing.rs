//! What routing reads and remembers: who is in a queue, how much they have, whose turn it was.

use sqlx::PgConnection;
use tierdesk_domain::id::{PersonId, TeamId};
use tierdesk_domain::tier::Tier;

use crate::Result;

/// Locks a queue's routing until the transaction ends, so that two tickets at the same time do not see the same load.
pub async fn lock(conn: &mut PgConnection, team: TeamId, tier: Tier) -> Result<()> {
    sqlx::query!(
        "insert into routing_queue (team_id, tier) values ($1, $2) on conflict do nothing",
        team.0,
        tier.number()
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "select turn from routing_queue where team_id = $1 and tier = $2 for update",
        team.0,
        tier.number()
    )
    .fetch_one(conn)
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

/// The active members of exactly this queue.
pub async fn members(conn: &mut PgConnection, team: TeamId, tier: Tier) -> Result<Vec<Member>> {
    Ok(sqlx::query!(
        r#"select p.id, p.name, t.turn as "turn?",
                  (select count(*) from ticket k where k.assignee_id = p.id and k.status in ('new', 'open', 'pending', 'on_hold')) as "load!"
           from membership m join person p on p.id = m.person_id
           left join routing_turn t on t.team_id = m.team_id and t.tier = m.tier and t.person_id = m.person_id
           where m.team_id = $1 and m.tier = $2 and p.deactivated_at is null order by p.id"#,
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
