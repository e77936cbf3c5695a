//! Administration of people: the list, one person, and invitations.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::invitation::Invite;
use tierdesk_desk::people::PersonEdit;
use tierdesk_domain::authorize::{Action, Managed, authorize};
use tierdesk_domain::id::{OrganisationId, PersonId, TeamId};
use tierdesk_domain::text;
use tierdesk_domain::tier::Tier;
use tierdesk_store::people::{self, Listed};
use tierdesk_store::person::{self, Person};
use tierdesk_store::team::{self, Team};
use uuid::Uuid;

use crate::extract::{Form, Me, Path, Query};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

const LIST: &str = "/admin/people";
const ROWS: i64 = 50;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, LIST, list);
    routes.get(Audience::Administrator, "/admin/people/new", new);
    routes.post(Audience::Administrator, "/admin/people/new", invite);
    routes.get(Audience::Administrator, "/admin/people/{id}", show);
    routes.post(Audience::Administrator, "/admin/people/{id}", save);
    routes.post(
        Audience::Administrator,
        "/admin/people/{id}/invite",
        invite_again,
    );
    routes.post(
        Audience::Administrator,
        "/admin/people/{id}/send-reset",
        send_reset,
    );
    routes.post(
        Audience::Administrator,
        "/admin/people/{id}/deactivate",
        deactivate,
    );
    routes.post(
        Audience::Administrator,
        "/admin/people/{id}/reactivate",
        reactivate,
    );
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    after: Option<String>,
    after_id: Option<Uuid>,
}

#[derive(Template)]
#[template(path = "people/list.html")]
struct ListPage {
    frame: Frame,
    q: String,
    rows: Vec<Listed>,
    more: Option<String>,
}

async fn list(
    State(app): State<AppState>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let mut conn = app.desk.acquire().await?;
    let after = asked.after.as_deref().zip(asked.after_id);
    let mut rows = people::list(&mut conn, asked.q.trim(), after, ROWS + 1).await?;
    drop(conn);
    let is_more = rows.len() as i64 > ROWS;
    rows.truncate(ROWS as usize);
    let more = rows.last().filter(|_| is_more).map(|last| {
        let name = filters::encoded(&last.name.to_lowercase());
        format!(
            "{LIST}?q={}&after={name}&after_id={}",
            filters::encoded(&asked.q),
            last.id
        )
    });
    Ok(Page(ListPage {
        frame,
        q: asked.q,
        rows,
        more,
    })
    .into_response())
}

/// One queue as a box to tick.
struct QueueBox {
    value: String,
    label: String,
    ticked: bool,
}

/// One team as a box to tick.
struct TeamBox {
    value: String,
    label: String,
    ticked: bool,
}

fn queue_boxes(teams: &[Team], chosen: &BTreeSet<(TeamId, Tier)>) -> Vec<QueueBox> {
    teams
        .iter()
        .flat_map(|team| Tier::ALL.map(|tier| (team, tier)))
        .map(|(team, tier)| QueueBox {
            value: format!("{}.{}", team.id, tier.number()),
            label: format!("{tier} {}", team.name),
            ticked: chosen.contains(&(team.id, tier)),
        })
        .collect()
}

fn team_boxes(teams: &[Team], chosen: &BTreeSet<TeamId>) -> Vec<TeamBox> {
    teams
        .iter()
        .map(|team| TeamBox {
            value: team.id.to_string(),
            label: team.name.clone(),
            ticked: chosen.contains(&team.id),
        })
        .collect()
}

/// Queues as the boxes name them; only those of teams that exist.
fn read_queues(values: &[String], teams: &[Team]) -> Result<BTreeSet<(TeamId, Tier)>, WebError> {
    let read = |value: &String| {
        let (team, tier) = value.split_once('.')?;
        let team = TeamId(team.parse().ok()?);
        let tier = Tier::from_number(tier.parse().ok()?)?;
        teams.iter().any(|it| it.id == team).then_some((team, tier))
    };
    values
        .iter()
        .map(|value| read(value).ok_or(WebError::BadRequest))
        .collect()
}

/// The teams of a manager as the boxes name them: `all`, or those of teams that exist.
fn read_managed(values: &[String], teams: &[Team]) -> Result<Managed, WebError> {
    if values.iter().any(|value| value == "all") {
        return Ok(Managed::All);
    }
    let read = |value: &String| {
        let team = TeamId(value.parse().ok()?);
        teams.iter().any(|it| it.id == team).then_some(team)
    };
    values
        .iter()
        .map(|value| read(value).ok_or(WebError::BadRequest))
        .collect::<Result<_, _>>()
        .map(Managed::Teams)
}

/// The teams that are ticked one by one.
fn named(manages: Option<Managed>) -> BTreeSet<TeamId> {
    match manages {
        Some(Managed::Teams(teams)) => teams,
        Some(Managed::All) | None => BTreeSet::new(),
    }
}

async fn all_teams(app: &AppState) -> Result<Vec<Team>, WebError> {
    let mut conn = app.desk.acquire().await?;
    Ok(team::all(&mut conn).await?)
}

#[derive(Template)]
#[template(path = "people/new.html")]
struct NewPage {
    frame: Frame,
    name: String,
    email: String,
    administrator: bool,
    manager: bool,
    queues: Vec<QueueBox>,
    errors: Errors,
}

async fn new(State(app): State<AppState>, frame: Frame) -> Result<Response, WebError> {
    let queues = queue_boxes(&all_teams(&app).await?, &BTreeSet::new());
    Ok(Page(NewPage {
        frame,
        name: String::new(),
        email: String::new(),
        administrator: false,
        manager: false,
        queues,
        errors: Errors::default(),
    })
    .into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InviteForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    administrator: Option<String>,
    manager: Option<String>,
    #[serde(default)]
    queue: Vec<String>,
}

async fn invite(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<InviteForm>,
) -> Result<Response, WebError> {
    let teams = all_teams(&app).await?;
    let queues = read_queues(&form.queue, &teams)?;
    let invite = Invite {
        name: form.name.clone(),
        email: form.email.clone(),
        administrator: form.administrator.is_some(),
        manager: form.manager.is_some(),
        queues: queues.clone(),
    };
    match app.desk.invite(&me.caller, invite, frame.now).await {
        Ok(id) => Ok(see(&format!("{LIST}/{id}"), Some("said.invited"))),
        Err(DeskError::Invalid(errors)) => Ok(Page(NewPage {
            frame,
            name: form.name,
            email: form.email,
            administrator: form.administrator.is_some(),
            manager: form.manager.is_some(),
            queues: queue_boxes(&teams, &queues),
            errors: errors.into(),
        })
        .status(LOOK_AGAIN)),
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "people/show.html")]
struct PersonPage {
    frame: Frame,
    person: Person,
    joined: bool,
    open_tickets: u64,
    engineer: bool,
    oneself: bool,
    /// Whether the reader may send them a link to a new password.
    may_send_reset: bool,
    name: String,
    time_zone: String,
    organisations: Vec<(OrganisationId, String)>,
    queues: Vec<QueueBox>,
    manages_all: bool,
    managed: Vec<TeamBox>,
    successors: Vec<(String, String)>,
    errors: Errors,
    conflict: bool,
}

async fn page(app: &AppState, me: &Me, id: PersonId, frame: Frame) -> Result<PersonPage, WebError> {
    let mut conn = app.desk.acquire().await?;
    let person = person::find(&mut conn, id)
        .await?
        .ok_or(WebError::NotFound)?;
    let teams = team::all(&mut conn).await?;
    let organisations = person::organisations(&mut conn).await?;
    let chosen: BTreeSet<_> = people::queues(&mut conn, id).await?.into_iter().collect();
    let manages = people::manages(&mut conn, id).await?;
    let open_tickets = people::open_tickets(&mut conn, id).await?.len() as u64;
    let joined = tierdesk_store::session::credential(&mut conn, id)
        .await?
        .is_some();
    let may_send_reset = joined
        && frame.mails()
        && person.email.is_some()
        && person::principal(&mut conn, id)
            .await?
            .is_some_and(|it| authorize(&me.caller.who, Action::SendReset(it.account())).is_ok());
    let mut successors = BTreeSet::new();
    for (team, tier) in &chosen {
        for (other, name) in team::who_acts(&mut conn, *team, *tier).await? {
            if other != id {
                successors.insert((name, other.to_string()));
            }
        }
    }
    Ok(PersonPage {
        frame,
        joined,
        open_tickets,
        engineer: !chosen.is_empty(),
        oneself: me.visitor.principal.person == id,
        may_send_reset,
        name: person.name.clone(),
        time_zone: person.time_zone.clone(),
        organisations,
        queues: queue_boxes(&teams, &chosen),
        manages_all: manages == Some(Managed::All),
        managed: team_boxes(&teams, &named(manages)),
        successors: successors.into_iter().collect(),
        errors: Errors::default(),
        conflict: false,
        person,
    })
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, PersonId(id), frame).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonForm {
    version: i32,
    #[serde(default)]
    name: String,
    #[serde(default)]
    time_zone: String,
    #[serde(default)]
    organisation: String,
    vip: Option<String>,
    administrator: Option<String>,
    manager: Option<String>,
    #[serde(default)]
    managed: Vec<String>,
    #[serde(default)]
    queue: Vec<String>,
}

async fn save(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(form): Form<PersonForm>,
) -> Result<Response, WebError> {
    let id = PersonId(id);
    let teams = all_teams(&app).await?;
    let managed = read_managed(&form.managed, &teams)?;
    let organisation = match form.organisation.as_str() {
        "" => None,
        id => Some(OrganisationId(
            id.parse().map_err(|_| WebError::BadRequest)?,
        )),
    };
    let edit = PersonEdit {
        name: form.name.clone(),
        time_zone: form.time_zone.clone(),
        organisation,
        vip: form.vip.is_some(),
        administrator: form.administrator.is_some(),
        manages: form.manager.is_some().then_some(managed.clone()),
        queues: read_queues(&form.queue, &teams)?,
    };
    let result = app
        .desk
        .edit_person(&me.caller, id, form.version, edit.clone(), frame.now)
        .await;
    let (status, errors, conflict) = match result {
        Ok(()) => return Ok(see(&format!("{LIST}/{id}"), Some("said.saved"))),
        Err(DeskError::Invalid(errors)) => (LOOK_AGAIN, errors.into(), false),
        Err(DeskError::Conflict) => (StatusCode::CONFLICT, Errors::default(), true),
        Err(DeskError::State(why)) => (StatusCode::CONFLICT, state(why), false),
        Err(error) => return Err(error.into()),
    };
    let mut page = page(&app, &me, id, frame).await?;
    (page.name, page.time_zone) = (form.name, form.time_zone);
    page.person.organisation = edit.organisation;
    (
        page.person.vip,
        page.person.administrator,
        page.person.manager,
    ) = (edit.vip, edit.administrator, edit.manages.is_some());
    page.queues = queue_boxes(&teams, &edit.queues);
    page.manages_all = managed == Managed::All;
    page.managed = team_boxes(&teams, &named(Some(managed)));
    (page.errors, page.conflict) = (errors, conflict);
    Ok(Page(page).status(status))
}

fn state(why: &'static str) -> Errors {
    let mut errors = Errors::default();
    errors.add("main", text::t(why));
    errors
}

/// Goes back to the person's page, or shows it with the reason why not.
async fn end(
    app: &AppState,
    me: &Me,
    id: PersonId,
    frame: Frame,
    result: Result<(), DeskError>,
    said: &'static str,
) -> Result<Response, WebError> {
    match result {
        Ok(()) => Ok(see(&format!("{LIST}/{id}"), Some(said))),
        Err(DeskError::State(why)) => {
            let mut page = page(app, me, id, frame).await?;
            page.errors = state(why);
            Ok(Page(page).status(StatusCode::CONFLICT))
        }
        Err(error) => Err(error.into()),
    }
}

async fn invite_again(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    let id = PersonId(id);
    let result = app.desk.invite_again(&me.caller, id, frame.now).await;
    end(&app, &me, id, frame, result, "said.invited").await
}

async fn send_reset(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    let id = PersonId(id);
    let result = app.desk.send_reset(&me.caller, id, frame.now).await;
    end(&app, &me, id, frame, result, "said.reset_sent").await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeaveForm {
    #[serde(default)]
    successor: String,
}

async fn deactivate(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(form): Form<LeaveForm>,
) -> Result<Response, WebError> {
    let id = PersonId(id);
    let successor = match form.successor.as_str() {
        "" => None,
        text => Some(PersonId(text.parse().map_err(|_| WebError::BadRequest)?)),
    };
    let result = app
        .desk
        .deactivate(&me.caller, id, successor, frame.now)
        .await
        .map(|_| ());
    end(&app, &me, id, frame, result, "said.deactivated").await
}

async fn reactivate(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    let id = PersonId(id);
    let result = app.desk.reactivate(&me.caller, id, frame.now).await;
    end(&app, &me, id, frame, result, "said.reactivated").await
}
