//! Who of the desk is at work, who knows what, and whose tickets wait.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::shift::{AtWork, MOST_TICKETS};
use tierdesk_domain::id::{PersonId, TeamId};
use tierdesk_domain::shift::Presence;
use tierdesk_domain::text;
use tierdesk_store::team;
use uuid::Uuid;

use super::SkillRow;
use crate::extract::{Me, Path, Query};
use crate::filters;
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::routing::Explain;
use crate::{AppState, WebError};

const PAGE: &str = "/team";
const ROWS: i64 = 50;

pub(super) fn routes(routes: &mut Routes) {
    routes.get(Audience::Staff, PAGE, show);
    routes.post(Audience::Staff, "/team/{id}/free", free);
    routes.post(Audience::Staff, "/team/skills/{id}/confirm", confirm);
    routes.post(Audience::Staff, "/team/skills/{id}/remove", remove);
}

/// The place after the last person of the page before.
#[derive(Deserialize)]
struct Asked {
    after: Option<String>,
    after_id: Option<Uuid>,
}

struct Row {
    id: PersonId,
    name: String,
    queues: String,
    here: bool,
    presence: String,
    load: i64,
    skills: Vec<SkillRow>,
    /// Whether the reader may open their page.
    opens: bool,
}

struct TicketRow {
    number: i64,
    title: String,
    priority: i16,
    queue: String,
    due: Option<Moment>,
}

struct AbsentRow {
    id: PersonId,
    name: String,
    says: String,
    tickets: Vec<TicketRow>,
    led: bool,
}

#[derive(Template)]
#[template(path = "shift/team.html")]
struct TeamPage {
    frame: Frame,
    line: String,
    rows: Vec<Row>,
    more: Option<String>,
    absent: Vec<AbsentRow>,
    to_confirm: Vec<SkillRow>,
}

impl TeamPage {
    fn shown() -> i64 {
        MOST_TICKETS
    }

    fn is_cut(&self) -> bool {
        let listed: usize = self.absent.iter().map(|it| it.tickets.len()).sum();
        i64::try_from(listed).unwrap_or(i64::MAX) >= MOST_TICKETS
    }
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let desk = &app.desk;
    let after = asked.after.as_deref().zip(asked.after_id);
    let mut people = desk.at_work(&me.caller, after, ROWS + 1, frame.now).await?;
    let is_more = people.len() as i64 > ROWS;
    people.truncate(ROWS as usize);
    let more = people.last().filter(|_| is_more).map(|last| {
        let name = filters::encoded(&last.member.name.to_lowercase());
        format!("{PAGE}?after={name}&after_id={}", last.member.id)
    });
    let ids: Vec<_> = people.iter().map(|it| it.member.id).collect();
    let skills = desk.skills_of(&me.caller, Some(&ids), frame.now).await?;
    let absent = desk.absent(&me.caller, frame.now).await?;
    let declared = desk.skills_of(&me.caller, None, frame.now).await?;
    let own = me.visitor.principal.person;
    let declarers: Vec<_> = declared.iter().map(|(it, _)| it.person).collect();
    let led = desk.led(&me.caller, &declarers).await?;
    let mut conn = app.desk.acquire().await?;
    let teams = team::all(&mut conn).await?;
    drop(conn);
    let team_name = |id: TeamId| {
        let found = teams.iter().find(|it| it.id == id);
        found.map_or("", |it| it.name.as_str())
    };
    let explain = Explain {
        now: frame.now,
        zone: frame.zone,
    };
    let row = |AtWork { member, presence }: AtWork| Row {
        queues: member
            .queues
            .iter()
            .map(|(team, tier)| format!("{tier} {}", team_name(*team)))
            .collect::<Vec<_>>()
            .join(", "),
        here: presence == Presence::Here,
        presence: explain.presence(presence),
        load: member.load,
        skills: skills
            .iter()
            .filter(|(it, _)| it.person == member.id)
            .map(SkillRow::of)
            .collect(),
        opens: member.id == own || me.visitor.principal.administrator,
        id: member.id,
        name: member.name,
    };
    let rows = people.into_iter().map(row).collect();
    let absent = absent
        .into_iter()
        .filter(|it| it.open > 0)
        .map(|it| AbsentRow {
            says: text::count("shift.has_tickets", it.open)
                .replace("{name}", &it.name)
                .replace("{presence}", &explain.presence(it.presence)),
            tickets: it
                .tickets
                .into_iter()
                .map(|ticket| TicketRow {
                    number: ticket.number.0,
                    title: ticket.title,
                    priority: ticket.priority.number(),
                    queue: format!("{} {}", ticket.queue.1, ticket.team),
                    due: ticket.due.map(|at| frame.at(&at)),
                })
                .collect(),
            led: it.led,
            id: it.id,
            name: it.name,
        })
        .collect();
    let time = frame.now.with_timezone(&frame.zone).format("%H:%M %Z");
    Ok(Page(TeamPage {
        line: text::fill("shift.team_lede", &[("time", &time)]),
        rows,
        more,
        absent,
        to_confirm: declared
            .iter()
            .filter(|(it, _)| it.person != own && led.contains(&it.person))
            .map(SkillRow::of)
            .collect(),
        frame,
    })
    .into_response())
}

async fn free(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    app.desk
        .free_tickets(&me.caller, PersonId(id), frame.now)
        .await?;
    Ok(see(PAGE, Some("said.tickets_freed")))
}

async fn confirm(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    app.desk.confirm_skill(&me.caller, id, frame.now).await?;
    Ok(see(PAGE, Some("said.confirmed")))
}

async fn remove(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    let whose = app.desk.remove_skill(&me.caller, id, frame.now).await?;
    let own = whose == me.visitor.principal.person;
    if own || me.visitor.principal.administrator {
        Ok(see(&super::address(whose), Some("said.saved")))
    } else {
        Ok(see(PAGE, Some("said.saved")))
    }
}
