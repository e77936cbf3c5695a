//! One engineer's page: when they work, when they are not there, what they know. Their own, or any for administrators.

mod team;

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::skill::Statement;
use tierdesk_domain::calendar::typed_instant;
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::{DocumentId, PersonId, SkillId};
use tierdesk_domain::shift::Presence;
use tierdesk_domain::skill::Level;
use tierdesk_domain::text;
use tierdesk_store::person;
use tierdesk_store::shift::OwnHours;
use tierdesk_store::skill::{PersonSkill, Skill};
use uuid::Uuid;

use crate::extract::{Form, Me, Path};
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::routing::Explain;
use crate::skill::read_level;
use crate::{AppState, WebError, filters, words};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Engineer, "/profile/work", own);
    routes.get(Audience::Staff, "/team/{id}", show);
    routes.post(Audience::Staff, "/team/{id}/hours", set_hours);
    routes.post(Audience::Staff, "/team/{id}/absences", enter_absence);
    routes.post(
        Audience::Staff,
        "/team/{id}/absences/{absence}/end",
        end_absence,
    );
    routes.post(Audience::Staff, "/team/{id}/skills", declare);
    routes.post(Audience::Engineer, "/team/away", be_away);
    team::routes(routes);
}

/// The address of somebody's page.
fn address(id: PersonId) -> String {
    format!("/team/{id}")
}

struct AbsenceRow {
    id: Uuid,
    from: Moment,
    until: Moment,
    began: bool,
    reason: String,
}

/// A skill as pages show it.
struct SkillRow {
    id: Uuid,
    person: String,
    name: String,
    level: &'static str,
    certificate: String,
    ended: bool,
    confirmed_by: String,
}

impl SkillRow {
    /// What the button that confirms it does.
    fn confirm_label(&self) -> String {
        text::fill(
            "shift.confirm_of",
            &[("skill", &self.name), ("name", &self.person)],
        )
    }

    /// Of a skill, and whether its certificate has ended.
    fn of((it, ended): &(PersonSkill, bool)) -> Self {
        let ended = *ended;
        let certificate = match it.held.expires_on {
            Some(last) => {
                let key = match ended {
                    true => "skill.certificate_ended",
                    false => "skill.certificate_of",
                };
                let day = last.format("%-d %b %Y");
                text::fill(key, &[("name", &it.certificate), ("day", &day)])
            }
            None => it.certificate.clone(),
        };
        Self {
            id: it.id,
            person: it.person_name.clone(),
            name: it.name.clone(),
            level: words::level(&it.held.level),
            certificate,
            ended,
            confirmed_by: it.confirmed_by.clone().unwrap_or_default(),
        }
    }
}

/// What was typed into the form that came back, by field.
#[derive(Debug, Default)]
struct Typed(HashMap<&'static str, String>);

impl Typed {
    fn of(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }
}

#[derive(Template)]
#[template(path = "shift/person.html")]
struct PersonPage {
    frame: Frame,
    id: PersonId,
    name: String,
    oneself: bool,
    presence: String,
    here: bool,
    is_away: bool,
    calendar: String,
    zone: String,
    zones: &'static [chrono_tz::Tz],
    calendars: Vec<(String, String)>,
    absences: Vec<AbsenceRow>,
    skills: Vec<SkillRow>,
    catalogue: Vec<Skill>,
    levels: [Level; 3],
    typed: Typed,
    errors: Errors,
}

impl PersonPage {
    /// Whether this was typed into the form that came back.
    fn has(&self, field: &str, value: impl std::fmt::Display) -> bool {
        self.typed.of(field) == value.to_string()
    }

    async fn load(app: &AppState, me: &Me, id: PersonId, frame: Frame) -> Result<Self, WebError> {
        let time = app.desk.own_time(&me.caller, id, frame.now).await?;
        let mut conn = app.desk.acquire().await?;
        let found = person::find(&mut conn, id).await?;
        drop(conn);
        let name = found.ok_or(WebError::NotFound)?.name;
        let own = Some(std::slice::from_ref(&id));
        let skills = app.desk.skills_of(&me.caller, own, frame.now).await?;
        let catalogue = app.desk.skills(&me.caller).await?;
        let explain = Explain {
            now: frame.now,
            zone: frame.zone,
        };
        Ok(Self {
            id,
            name,
            oneself: me.visitor.principal.person == id,
            presence: explain.presence(time.presence),
            here: time.presence == Presence::Here,
            is_away: matches!(time.presence, Presence::Away { .. }),
            calendar: time
                .hours
                .calendar
                .map(|it| it.to_string())
                .unwrap_or_default(),
            zone: time.hours.zone.unwrap_or_default(),
            zones: &chrono_tz::TZ_VARIANTS,
            calendars: time
                .calendars
                .into_iter()
                .map(|(id, name)| (id.to_string(), name))
                .collect(),
            absences: time
                .absences
                .into_iter()
                .map(|it| AbsenceRow {
                    id: it.id,
                    from: frame.at(&it.absence.from),
                    until: frame.at(&it.absence.until),
                    began: it.absence.from <= frame.now,
                    reason: it.reason,
                })
                .collect(),
            skills: skills.iter().map(SkillRow::of).collect(),
            catalogue,
            levels: Level::ALL,
            typed: Typed::default(),
            errors: Errors::default(),
            frame,
        })
    }
}

async fn own(me: Me) -> Response {
    see(&address(me.visitor.principal.person), None)
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    Ok(Page(PersonPage::load(&app, &me, PersonId(id), frame).await?).into_response())
}

/// Goes on to the page, or shows it with what went wrong and what was typed.
async fn end(
    (app, me, frame, id): (AppState, Me, Frame, PersonId),
    result: Result<(), DeskError>,
    said: &'static str,
    typed: HashMap<&'static str, String>,
) -> Result<Response, WebError> {
    let (status, errors) = match result {
        Ok(()) => return Ok(see(&address(id), Some(said))),
        Err(DeskError::Invalid(errors)) => (LOOK_AGAIN, Errors::from(errors)),
        Err(DeskError::State(why)) => {
            let mut errors = Errors::default();
            errors.add("", text::t(why));
            (StatusCode::CONFLICT, errors)
        }
        Err(error) => return Err(error.into()),
    };
    let mut page = PersonPage::load(&app, &me, id, frame).await?;
    page.errors = errors;
    page.typed = Typed(typed);
    Ok(Page(page).status(status))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HoursForm {
    calendar: String,
    zone: String,
}

async fn set_hours(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(form): Form<HoursForm>,
) -> Result<Response, WebError> {
    let id = PersonId(id);
    let calendar = match form.calendar.as_str() {
        "" => None,
        text => Some(DocumentId(text.parse().map_err(|_| WebError::BadRequest)?)),
    };
    let zone = Some(form.zone.trim().to_owned()).filter(|it| !it.is_empty());
    let hours = OwnHours { calendar, zone };
    let desk = &app.desk;
    let result = desk.set_hours(&me.caller, id, hours, frame.now).await;
    let typed = HashMap::from([("zone", form.zone)]);
    end((app, me, frame, id), result, "said.saved", typed).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AbsenceForm {
    from: String,
    until: String,
    absence_reason: String,
}

async fn enter_absence(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(form): Form<AbsenceForm>,
) -> Result<Response, WebError> {
    let id = PersonId(id);
    let times = [("from", &form.from), ("until", &form.until)];
    let errors: Vec<_> = times
        .iter()
        .filter(|(_, text)| typed_instant(frame.zone, text).is_none())
        .map(|(field, _)| FieldError::new(field, "error.absence_time"))
        .collect();
    let result = match (
        typed_instant(frame.zone, &form.from),
        typed_instant(frame.zone, &form.until),
    ) {
        (Some(from), Some(until)) => {
            let (desk, reason) = (&app.desk, &form.absence_reason);
            desk.enter_absence(&me.caller, id, (from, until), reason, frame.now)
                .await
        }
        _ => Err(errors.into()),
    };
    let typed = HashMap::from([
        ("from", form.from),
        ("until", form.until),
        ("absence_reason", form.absence_reason),
    ]);
    end((app, me, frame, id), result, "said.saved", typed).await
}

async fn end_absence(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path((id, absence)): Path<(Uuid, Uuid)>,
) -> Result<Response, WebError> {
    let id = PersonId(id);
    let desk = &app.desk;
    let result = desk.end_absence(&me.caller, id, absence, frame.now).await;
    end((app, me, frame, id), result, "said.saved", HashMap::new()).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AwayForm {
    /// For so many minutes; nothing means back.
    minutes: String,
}

async fn be_away(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<AwayForm>,
) -> Result<Response, WebError> {
    let id = me.visitor.principal.person;
    let until = match form.minutes.as_str() {
        "" => None,
        text => {
            let minutes: u16 = text.parse().map_err(|_| WebError::BadRequest)?;
            Some(frame.now + TimeDelta::minutes(i64::from(minutes)))
        }
    };
    let said = match until {
        Some(_) => "said.away",
        None => "said.back",
    };
    let desk = &app.desk;
    let result = desk.be_away(&me.caller, until, frame.now).await;
    end((app, me, frame, id), result, said, HashMap::new()).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct StatementForm {
    skill: String,
    level: String,
    certificate: String,
    expires_on: String,
}

impl StatementForm {
    fn read(&self) -> Result<Statement, Vec<FieldError>> {
        let mut errors = Vec::new();
        let skill = self.skill.parse().map(SkillId);
        if skill.is_err() {
            errors.push(FieldError::new("skill", "error.choose_one"));
        }
        let level = read_level(&self.level).ok().flatten();
        if level.is_none() {
            errors.push(FieldError::new("level", "error.choose_one"));
        }
        let expires_on = match self.expires_on.trim() {
            "" => Ok(None),
            day => day.parse().map(Some),
        };
        if expires_on.is_err() {
            errors.push(FieldError::new("expires_on", "error.date"));
        }
        match (skill, level, expires_on) {
            (Ok(skill), Some(level), Ok(expires_on)) => Ok(Statement {
                skill,
                level,
                certificate: self.certificate.clone(),
                expires_on,
            }),
            _ => Err(errors),
        }
    }
}

async fn declare(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(form): Form<StatementForm>,
) -> Result<Response, WebError> {
    let id = PersonId(id);
    let result = match form.read() {
        Ok(statement) => {
            let desk = &app.desk;
            desk.declare_skill(&me.caller, id, statement, frame.now)
                .await
        }
        Err(errors) => Err(errors.into()),
    };
    let typed = HashMap::from([
        ("skill", form.skill),
        ("level", form.level),
        ("certificate", form.certificate),
        ("expires_on", form.expires_on),
    ]);
    end((app, me, frame, id), result, "said.saved", typed).await
}
