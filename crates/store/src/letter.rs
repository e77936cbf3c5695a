//! What a mail says: read when it is sent, so that it says what is true then.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::actor::ActorKind;
use tierdesk_domain::authorize::{Scope, TicketFacts};
use tierdesk_domain::id::{EventId, OrganisationId, PersonId, TeamId, TicketId, TicketNumber};
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::timeline::Visibility;

use crate::{Result, row};

/// What a mail says about its ticket.
#[derive(Debug, Clone)]
pub struct About {
    /// What `authorize` needs to know.
    pub facts: TicketFacts,
    /// Its number.
    pub number: TicketNumber,
    /// Its title.
    pub title: String,
    /// Its priority.
    pub priority: Priority,
    /// The name of its team.
    pub team_name: String,
    /// The name of its requester.
    pub requester_name: String,
    /// Whether the bot works on it.
    pub bot_holds: bool,
    /// When it closes by itself.
    pub auto_close_at: Option<DateTime<Utc>>,
    /// The next due time.
    pub due: Option<DateTime<Utc>>,
}

/// The ticket a mail is about, as it is now. For the machinery that sends; the recipient's own rights are asked next.
pub async fn about(
    conn: &mut PgConnection,
    scope: &Scope,
    ticket: TicketId,
) -> Result<Option<About>> {
    let row = sqlx::query!(
        r#"select t.number, t.title, t.status, t.priority, t.tier, t.team_id, t.requester_id, t.organisation_id, t.bot_holds,
                  t.auto_close_at, nullif(t.next_clock_at, 'infinity') as due, team.name as team_name, team.restricted, p.name as requester_name
           from ticket t join team on team.id = t.team_id join person p on p.id = t.requester_id
           where t.id = $1 and $2"#,
        ticket.0,
        scope.everything()
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        Ok(About {
            facts: TicketFacts {
                requester: PersonId(r.requester_id),
                organisation: r.organisation_id.map(OrganisationId),
                team: TeamId(r.team_id),
                restricted: r.restricted,
                tier: row::tier("ticket", r.tier)?,
                status: row::word("ticket", &r.status)?,
            },
            number: TicketNumber(r.number),
            title: r.title,
            priority: row::number("ticket", r.priority, Priority::from_number)?,
            team_name: r.team_name,
            requester_name: r.requester_name,
            bot_holds: r.bot_holds,
            auto_close_at: r.auto_close_at,
            due: r.due,
        })
    })
    .transpose()
}

/// What a mail says about its event.
#[derive(Debug, Clone)]
pub struct Happened {
    /// When.
    pub at: DateTime<Utc>,
    /// Who may see it.
    pub visibility: Visibility,
    /// What kind of doer.
    pub actor: ActorKind,
    /// The doer's name, where it was a person.
    pub actor_name: Option<String>,
    /// The words, unless they were removed.
    pub body: Option<String>,
    /// The facts of this kind of event.
    pub data: serde_json::Value,
}

/// The event a mail is about. For the machinery that sends.
pub async fn happened(
    conn: &mut PgConnection,
    scope: &Scope,
    event: EventId,
) -> Result<Option<Happened>> {
    let row = sqlx::query!(
        r#"select e.at, e.visibility, e.actor_kind, p.name as "actor_name?", e.data,
                  case when c.replaced_at is null then c.body end as body
           from event e left join content c on c.id = e.content_id left join person p on p.id = e.actor_id
           where e.id = $1 and $2"#,
        event.0,
        scope.everything()
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        Ok(Happened {
            at: r.at,
            visibility: row::word("event", &r.visibility)?,
            actor: row::word("event", &r.actor_kind)?,
            actor_name: r.actor_name,
            body: r.body,
            data: r.data,
        })
    })
    .transpose()
}
