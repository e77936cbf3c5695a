//! What requesters' pages read: their lists, what was promised, their own hosts, and what they have seen.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::{
    CategoryId, HostId, OrganisationId, PersonId, TeamId, TicketId, TicketNumber,
};
use tierdesk_domain::ticket::{Channel, Kind, Status};
use uuid::Uuid;

use crate::{Result, row};

/// Who files a ticket, and what else filing must know: in one look.
#[derive(Debug)]
pub struct Filer {
    /// Their organisation.
    pub organisation: Option<OrganisationId>,
    /// Whether they are a VIP.
    pub vip: bool,
    /// The address mail goes to.
    pub email: Option<String>,
    /// The category they chose, unless there is none of that id, or it is retired.
    pub chosen: Option<Chosen>,
    /// How many versions there are of what steers clocks, rules and priorities.
    pub versions: i64,
    /// Which team gets the ticket: the category's, else, also where that one is retired, the one that was named.
    pub team: TeamId,
    /// Whether that team is restricted.
    pub restricted: bool,
    /// The number of the ticket, drawn from the sequence if one was asked for.
    pub number: Option<TicketNumber>,
    /// Whether files wait to be sent with it.
    pub has_files: bool,
}

/// What follows from a category.
#[derive(Debug, Clone, Copy)]
pub struct Chosen {
    /// The kind of tickets it makes.
    pub kind: Kind,
    /// The category's version, which says so.
    pub version: i32,
}

/// What the form says that is filed.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// The category that was chosen.
    pub category: Option<CategoryId>,
    /// The team that gets what no category names.
    pub otherwise: TeamId,
    /// What files were uploaded for.
    pub files: Option<Uuid>,
    /// Whether its texts are as they should be: then a number is drawn, which is lost if nothing comes of it.
    pub valid: bool,
}

/// Who files a ticket by a form, with the files that nobody has sent by `now`.
pub async fn filer(
    conn: &mut PgConnection,
    person: PersonId,
    form: Form,
    now: DateTime<Utc>,
) -> Result<Option<Filer>> {
    let row = sqlx::query!(
        r#"select p.organisation_id, p.vip, a.email as "email?", c.kind as "kind?", c.version as "version?", t.id as team_id, t.restricted,
                  (select versions from steering) as "versions!", case when $4 then nextval('ticket_number') end as number,
                  exists (select from attachment f where f.uploader_id = $1 and f.draft_id = $5 and f.expires_at > $6) as "has_files!"
           from person p left join address a on a.person_id = p.id and a.is_primary
           left join category c on c.id = $2 and c.retired_at is null
           left join team its on its.id = c.team_id and its.retired_at is null
           join team t on t.id = coalesce(its.id, $3)
           where p.id = $1"#,
        person.0,
        form.category.map(|it| it.0),
        form.otherwise.0,
        form.valid,
        form.files,
        now
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        let kind: Option<Kind> = row::maybe_word("category", r.kind.as_deref())?;
        Ok(Filer {
            organisation: r.organisation_id.map(OrganisationId),
            vip: r.vip,
            email: r.email,
            chosen: kind
                .zip(r.version)
                .map(|(kind, version)| Chosen { kind, version }),
            versions: r.versions,
            team: TeamId(r.team_id),
            restricted: r.restricted,
            number: r.number.map(TicketNumber),
            has_files: r.has_files,
        })
    })
    .transpose()
}

/// A requester's newest open ticket that came in one way.
pub async fn open_by_channel(
    conn: &mut PgConnection,
    person: PersonId,
    channel: Channel,
) -> Result<Option<TicketId>> {
    Ok(sqlx::query_scalar!(
        "select id from ticket where requester_id = $1 and channel = $2 and status in ('new', 'open', 'pending', 'on_hold')
         order by created_at desc limit 1",
        person.0,
        channel.as_str()
    )
    .fetch_optional(conn)
    .await?
    .map(TicketId))
}

/// One of a requester's tickets, as their list shows it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Which; the second half of the list's key.
    pub id: TicketId,
    /// Its number.
    pub number: TicketNumber,
    /// What it is called.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// Whether the bot still works on it.
    pub bot_holds: bool,
    /// Who it is for.
    pub requester: String,
    /// The engineer who has it.
    pub engineer: Option<String>,
    /// When anything last happened; the first half of the list's key.
    pub updated_at: DateTime<Utc>,
    /// When it closes by itself.
    pub auto_close_at: Option<DateTime<Utc>>,
    /// Whether somebody else wrote or did something since the reader last looked.
    pub unread: bool,
}

struct Row {
    id: Uuid,
    number: i64,
    title: String,
    status: String,
    bot_holds: bool,
    requester: String,
    engineer: Option<String>,
    updated_at: DateTime<Utc>,
    auto_close_at: Option<DateTime<Utc>>,
    unread: bool,
}

impl TryFrom<Row> for Listed {
    type Error = crate::StoreError;

    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: TicketId(r.id),
            number: TicketNumber(r.number),
            title: r.title,
            status: row::word("ticket", &r.status)?,
            bot_holds: r.bot_holds,
            requester: r.requester,
            engineer: r.engineer,
            updated_at: r.updated_at,
            auto_close_at: r.auto_close_at,
            unread: r.unread,
        })
    }
}

/// Where a page of a list goes on: after the row with this time and id, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// The row's `updated_at`.
    pub at: DateTime<Utc>,
    /// The row's id.
    pub id: TicketId,
}

/// The reader's own tickets, those that are open or those that ended, newest first.
pub async fn mine(
    conn: &mut PgConnection,
    scope: &Scope,
    open: bool,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let Some(person) = scope.person() else {
        return Ok(Vec::new());
    };
    sqlx::query_as!(
        Row,
        r#"select t.id, t.number, t.title, t.status, t.bot_holds, r.name as requester, e.name as "engineer?", t.updated_at, t.auto_close_at,
                  exists (select from public_event v where v.ticket_id = t.id and v.at > coalesce(m.read_at, t.created_at)
                          and v.actor_id is distinct from $1) as "unread!"
           from ticket t
           join person r on r.id = t.requester_id
           left join person e on e.id = t.assignee_id
           left join read_mark m on m.ticket_id = t.id and m.person_id = $1
           where t.requester_id = $1
             and (t.status in ('new', 'open', 'pending', 'on_hold', 'resolved')) = $2
             and ($3::timestamptz is null or (t.updated_at <= $3 and (t.updated_at < $3 or t.id > $4)))
           order by t.updated_at desc, t.id limit $5"#,
        person.0,
        open,
        after.map(|it| it.at),
        after.map_or(Uuid::nil(), |it| it.id.0),
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Listed::try_from)
    .collect()
}

/// The tickets of the reader's colleagues, where their organisation lets them see each other's; newest first.
pub async fn colleagues(
    conn: &mut PgConnection,
    scope: &Scope,
    open: bool,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let (Some(person), Some(organisation)) = (scope.person(), scope.organisation()) else {
        return Ok(Vec::new());
    };
    sqlx::query_as!(
        Row,
        r#"select t.id, t.number, t.title, t.status, t.bot_holds, r.name as requester, e.name as "engineer?", t.updated_at, t.auto_close_at,
                  false as "unread!"
           from ticket t
           join person r on r.id = t.requester_id
           left join person e on e.id = t.assignee_id
           where t.organisation_id = $1 and t.requester_id <> $2
             and (t.status in ('new', 'open', 'pending', 'on_hold', 'resolved')) = $3
             and ($4::timestamptz is null or (t.updated_at <= $4 and (t.updated_at < $4 or t.id > $5)))
           order by t.updated_at desc, t.id limit $6"#,
        organisation.0,
        person.0,
        open,
        after.map(|it| it.at),
        after.map_or(Uuid::nil(), |it| it.id.0),
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Listed::try_from)
    .collect()
}

/// How many of the reader's own tickets are open, and how many ended.
pub async fn counts(conn: &mut PgConnection, scope: &Scope) -> Result<(u64, u64)> {
    let Some(person) = scope.person() else {
        return Ok((0, 0));
    };
    let r = sqlx::query!(
        r#"select count(*) filter (where status <> 'closed') as "open!", count(*) filter (where status = 'closed') as "ended!"
           from ticket where requester_id = $1"#,
        person.0
    )
    .fetch_one(conn)
    .await?;
    Ok((r.open.unsigned_abs(), r.ended.unsigned_abs()))
}

/// What was promised to the requester and still runs: by when somebody answers, and by when it is solved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Promises {
    /// The next answer of a human.
    pub answer_by: Option<DateTime<Utc>>,
    /// That it works again.
    pub solved_by: Option<DateTime<Utc>>,
}

/// What was promised on a ticket. The caller has read the ticket within a scope.
pub async fn promises(conn: &mut PgConnection, ticket: TicketId) -> Result<Promises> {
    let r = sqlx::query!(
        r#"select min(due_at) filter (where metric in ('first_response', 'next_response')) as answer_by,
                  min(due_at) filter (where metric = 'resolution') as solved_by
           from ticket_clock where ticket_id = $1 and state = 'running'"#,
        ticket.0
    )
    .fetch_one(conn)
    .await?;
    Ok(Promises {
        answer_by: r.answer_by,
        solved_by: r.solved_by,
    })
}

/// The machines that belong to a person and are in use.
pub async fn hosts(conn: &mut PgConnection, owner: PersonId) -> Result<Vec<(HostId, String)>> {
    Ok(sqlx::query!(
        "select id, name from host where owner_id = $1 and state = 'active' order by lower(name), id",
        owner.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| (HostId(r.id), r.name))
    .collect())
}

/// The name of a machine.
pub async fn host_name(conn: &mut PgConnection, id: HostId) -> Result<Option<String>> {
    Ok(
        sqlx::query_scalar!("select name from host where id = $1", id.0)
            .fetch_optional(conn)
            .await?,
    )
}

/// Notes that a person has seen everything on a ticket up to `now`.
pub async fn mark_read(
    conn: &mut PgConnection,
    person: PersonId,
    ticket: TicketId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into read_mark (person_id, ticket_id, read_at) values ($1, $2, $3)
         on conflict (person_id, ticket_id) do update set read_at = greatest(read_mark.read_at, excluded.read_at)",
        person.0,
        ticket.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Up to when a person has seen a ticket.
pub async fn read_at(
    conn: &mut PgConnection,
    person: PersonId,
    ticket: TicketId,
) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "select read_at from read_mark where person_id = $1 and ticket_id = $2",
        person.0,
        ticket.0
    )
    .fetch_optional(conn)
    .await?)
}
