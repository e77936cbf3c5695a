//! What stands around a ticket in its workspace, in one statement: a page that asks for each thing by itself spends most of
//! its time on the way to the database (docs/bench.md).

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::{Account, Scope};
use tierdesk_domain::bot::State;
use tierdesk_domain::id::{CategoryId, FormId, PersonId, TeamId};

use crate::presence::{GONE_AFTER, Present};
use crate::ticket::Ticket;
use crate::{Result, row};

/// The people, words and marks around a ticket.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The requester's name.
    pub requester: String,
    /// Where they work.
    pub site: Option<String>,
    /// The address mail to them goes to.
    pub email: Option<String>,
    /// IANA name of their time zone.
    pub time_zone: String,
    /// Whether they were a VIP when they filed it.
    pub vip: bool,
    /// What a decision about their account is made from.
    pub account: Account,
    /// Whether they may sign in with a password, and mail reaches them.
    pub has_password: bool,
    /// Their other open tickets that the reader may open, at most 1000.
    pub others: u64,
    /// The category's name.
    pub category: Option<String>,
    /// The name of the engineer who has the ticket.
    pub assignee: Option<String>,
    /// What the reader began to write, by the purposes that were asked for.
    pub drafts: [Option<String>; 2],
    /// Every team that is not retired.
    pub teams: Vec<(TeamId, String)>,
    /// Every category that is not retired, in the order people see them.
    pub categories: Vec<(CategoryId, String)>,
    /// Who else has the ticket open, by name, at most five.
    pub present: Vec<Present>,
    /// The escalation path that asks for an acknowledgement.
    pub asks: Option<Asks>,
    /// Where the bot's work on it stands, if it did any.
    pub bot: Option<State>,
    /// Whether diagnostics for it are not finished.
    pub diagnosing: bool,
    /// Whether it has files, or the reader's form has some that wait.
    pub files: bool,
}

/// An escalation path on its way.
#[derive(Debug, Clone)]
pub struct Asks {
    /// The level that was told last, from 1.
    pub level: i32,
    /// Everybody who was told, by name.
    pub people: Vec<String>,
    /// Whether the reader is one of them.
    pub reader: bool,
}

/// What stands around a ticket that the reader was given within their scope, for the drafts and the form that the page has.
/// Nothing if its requester is unknown.
pub async fn of_ticket(
    conn: &mut PgConnection,
    scope: &Scope,
    ticket: &Ticket,
    reader: PersonId,
    drafts: [&str; 2],
    form: FormId,
    now: DateTime<Utc>,
) -> Result<Option<Surroundings>> {
    let teams = scope.team_ids();
    let row = sqlx::query!(
        r#"select r.name, r.site, r.time_zone, a.email as "email?", r.kind,
                  (r.manager or r.administrator or exists (select from membership m where m.person_id = r.id)) as "staff!",
                  (r.deactivated_at is null and a.email is not null
                   and exists (select from credential c where c.person_id = r.id)) as "has_password!",
                  (select count(*) from (select from ticket o where o.requester_id = r.id and o.id <> $2
                       and o.status in ('new', 'open', 'pending', 'on_hold')
                       and ticket_in_scope($12, $13, $14, $15, $16, o.team_id, o.requester_id, o.organisation_id) limit 1000) counted) as "others!",
                  (select vip from ticket where id = $2) as "vip!",
                  (select name from category where id = $3) as category,
                  (select name from person where id = $4) as assignee,
                  (select body ->> 'text' from draft where person_id = $5 and purpose = $6) as first_draft,
                  (select body ->> 'text' from draft where person_id = $5 and purpose = $7) as second_draft,
                  array(select id from team where retired_at is null order by id) as "teams!",
                  array(select name from team where retired_at is null order by id) as "team_names!",
                  array(select id from category where retired_at is null order by position, name, id) as "categories!",
                  array(select name from category where retired_at is null order by position, name, id) as "category_names!",
                  array(select p.name from presence x join person p on p.id = x.person_id
                        where x.ticket_id = $2 and x.person_id <> $5 and x.at > $8 order by p.name, p.id limit 5) as "present!",
                  array(select x.doing = 'replying' from presence x join person p on p.id = x.person_id
                        where x.ticket_id = $2 and x.person_id <> $5 and x.at > $8 order by p.name, p.id limit 5) as "replying!: Vec<bool>",
                  i.level as "asks_level?",
                  array(select distinct p.name from notification n join person p on p.id = n.person_id where n.in_charge_id = i.id order by 1) as "asked!",
                  exists (select from notification n where n.in_charge_id = i.id and n.person_id = $5) as "reader_asked!",
                  (select state from bot_case where ticket_id = $2) as bot,
                  exists (select from job where ticket_id = $2 and state in ('queued', 'leased', 'running')) as "diagnosing!",
                  (exists (select from attachment where ticket_id = $2)
                   or exists (select from attachment where uploader_id = $5 and draft_id = $11)) as "files!"
           from person r left join address a on a.person_id = r.id and a.is_primary
           left join in_charge i on i.ticket_id = $2 and i.state = 'running' and i.cycle = $9 and i.team_id = $10
           where r.id = $1"#,
        ticket.requester.0,
        ticket.id.0,
        ticket.category.map(|it| it.0),
        ticket.assignee.map(|it| it.0),
        reader.0,
        drafts[0],
        drafts[1],
        now - GONE_AFTER,
        ticket.cycle,
        ticket.team.0,
        form.0,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        scope.person().map(|it| it.0),
        scope.organisation().map(|it| it.0)
    )
    .fetch_optional(conn)
    .await?;
    row.map(|r| {
        Ok(Surroundings {
            requester: r.name,
            site: r.site,
            email: r.email,
            account: Account {
                person: ticket.requester,
                kind: row::word("person", &r.kind)?,
                staff: r.staff,
            },
            has_password: r.has_password,
            time_zone: r.time_zone,
            vip: r.vip,
            others: r.others.unsigned_abs(),
            category: r.category,
            assignee: r.assignee,
            drafts: [r.first_draft, r.second_draft],
            teams: r.teams.into_iter().map(TeamId).zip(r.team_names).collect(),
            categories: r
                .categories
                .into_iter()
                .map(CategoryId)
                .zip(r.category_names)
                .collect(),
            present: r
                .present
                .into_iter()
                .zip(r.replying)
                .map(|(name, replying)| Present { name, replying })
                .collect(),
            asks: r.asks_level.map(|level| Asks {
                level,
                people: r.asked,
                reader: r.reader_asked,
            }),
            bot: row::maybe_word("bot_case", r.bot.as_deref())?,
            diagnosing: r.diagnosing,
            files: r.files,
        })
    })
    .transpose()
}
