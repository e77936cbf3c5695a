//! Escalation paths for administrators: one per team, with what it does in plain words.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tierdesk_desk::DeskError;
use tierdesk_desk::path::TeamPath;
use tierdesk_domain::id::{DocumentId, PersonId, TeamId};
use tierdesk_domain::in_charge::{Counted, Level, MAX_LEVELS, Path as Steps, Target};
use tierdesk_domain::text::t;
use uuid::Uuid;

use crate::extract::{Form, Me, Path};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, "/admin/paths", list);
    routes.get(Audience::Administrator, "/admin/paths/{team}", show);
    routes.post(Audience::Administrator, "/admin/paths/{team}", save);
}

#[derive(Template)]
#[template(path = "path/list.html")]
struct ListPage {
    frame: Frame,
    teams: Vec<TeamPath>,
}

/// One level as it was typed.
#[derive(Debug, Clone, Default)]
struct LevelForm {
    /// `person:ID`, `on_call:ID`, `managers`, or nothing.
    who: String,
    minutes: String,
    counted: String,
    mail: bool,
}

/// A path as it was typed. Each level's fields carry its number.
#[derive(Debug, Clone, Default)]
struct PathForm {
    version: i32,
    active: bool,
    levels: Vec<LevelForm>,
    repeat_minutes: String,
    repeats: String,
}

fn target_word(who: Target) -> String {
    match who {
        Target::Person { person } => format!("person:{person}"),
        Target::OnCall { schedule } => format!("on_call:{schedule}"),
        Target::Managers {} => "managers".to_owned(),
    }
}

fn target(word: &str) -> Option<Target> {
    let id = |text: &str| text.parse::<Uuid>().ok();
    match word.split_once(':') {
        Some(("person", rest)) => Some(Target::Person {
            person: PersonId(id(rest)?),
        }),
        Some(("on_call", rest)) => Some(Target::OnCall {
            schedule: DocumentId(id(rest)?),
        }),
        _ => (word == "managers").then_some(Target::Managers {}),
    }
}

impl PathForm {
    fn fresh() -> Self {
        Self {
            active: true,
            repeat_minutes: "5".to_owned(),
            repeats: "2".to_owned(),
            ..Self::default()
        }
    }

    fn of(version: i32, active: bool, path: &Steps) -> Self {
        Self {
            version,
            active,
            levels: path
                .levels
                .iter()
                .map(|level| LevelForm {
                    who: target_word(level.who),
                    minutes: level.minutes.to_string(),
                    counted: level.counted.to_string(),
                    mail: level.mail,
                })
                .collect(),
            repeat_minutes: path.repeat_minutes.to_string(),
            repeats: path.repeats.to_string(),
        }
    }

    fn sent(pairs: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "version" => form.version = value.parse().unwrap_or_default(),
                "active" => form.active = !value.is_empty(),
                "repeat_minutes" => form.repeat_minutes = value,
                "repeats" => form.repeats = value,
                other => {
                    let place = other.strip_prefix('l').and_then(|it| it.split_once('.'));
                    let Some((Ok(number), field)) =
                        place.map(|(number, field)| (number.parse::<usize>(), field))
                    else {
                        continue;
                    };
                    if number >= MAX_LEVELS {
                        continue;
                    }
                    if form.levels.len() <= number {
                        form.levels.resize(number + 1, LevelForm::default());
                    }
                    let level = &mut form.levels[number];
                    match field {
                        "who" => level.who = value,
                        "minutes" => level.minutes = value,
                        "counted" => level.counted = value,
                        "mail" => level.mail = !value.is_empty(),
                        _ => {}
                    }
                }
            }
        }
        form
    }

    /// As a path; `None` once something is wrong, which is then said beside its field.
    fn read(&self, errors: &mut Errors) -> Option<Steps> {
        let filled = self
            .levels
            .iter()
            .enumerate()
            .filter(|(_, it)| !it.who.trim().is_empty());
        let mut numbers = Vec::new();
        let mut levels = Vec::new();
        for (number, level) in filled {
            let who = target(level.who.trim());
            if who.is_none() {
                errors.add(format!("l{number}-who"), t("error.choose_one"));
            }
            let minutes = level.minutes.trim();
            let minutes: Result<u32, _> = if minutes.is_empty() { "0" } else { minutes }.parse();
            if minutes.is_err() {
                errors.add(format!("l{number}-minutes"), t("error.path_minutes"));
            }
            numbers.push(number);
            levels.push(Level {
                who: who.unwrap_or(Target::Managers {}),
                minutes: minutes.unwrap_or_default(),
                counted: level.counted.parse().unwrap_or(Counted::Clock),
                mail: level.mail,
            });
        }
        let number = |text: &str, wrong: u32| text.trim().parse().unwrap_or(wrong);
        let path = Steps {
            levels,
            repeat_minutes: number(&self.repeat_minutes, 0),
            repeats: number(&self.repeats, u32::MAX),
        };
        for (level, error) in path.check() {
            let number = numbers.get(level).copied().unwrap_or(0);
            let field = match error.field {
                of_level @ ("who" | "minutes") => format!("l{number}-{of_level}"),
                other => other.to_owned(),
            };
            errors.add(field, t(error.message));
        }
        errors.is_empty().then_some(path)
    }

    /// With one empty level more, to be shown.
    fn with_room(mut self) -> Self {
        self.levels.retain(|level| !level.who.is_empty());
        if self.levels.len() < MAX_LEVELS {
            let first = self.levels.is_empty();
            self.levels.push(LevelForm {
                minutes: if first { "0" } else { "15" }.to_owned(),
                counted: Counted::Clock.to_string(),
                mail: true,
                ..LevelForm::default()
            });
        }
        self
    }
}

#[derive(Template)]
#[template(path = "path/show.html")]
struct PathPage {
    frame: Frame,
    team: TeamId,
    team_name: String,
    has_path: bool,
    form: PathForm,
    schedules: Vec<(String, String)>,
    people: Vec<(String, String)>,
    words: Vec<String>,
    errors: Errors,
    conflict: bool,
}

impl PathPage {
    fn error(&self, level: &usize, field: &str) -> &str {
        self.errors.of(&format!("l{level}-{field}"))
    }
}

async fn list(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    let teams = app.desk.paths(&me.caller).await?;
    Ok(Page(ListPage { frame, teams }).into_response())
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    team: TeamId,
    typed: Option<PathForm>,
) -> Result<PathPage, WebError> {
    let found = app.desk.path(&me.caller, team).await?;
    let schedules = app.desk.on_call_schedules(&me.caller, frame.now).await?;
    let mut conn = app.desk.acquire().await?;
    let people = tierdesk_store::escalation::staff(&mut conn).await?;
    drop(conn);
    let form = typed.unwrap_or_else(|| match &found.path {
        Some(path) => PathForm::of(path.version, path.active, &path.body),
        None => PathForm::fresh(),
    });
    let word = |who, name: &str| (target_word(who), name.to_owned());
    Ok(PathPage {
        team,
        team_name: found.team.name,
        has_path: found.path.is_some(),
        form: form.with_room(),
        schedules: schedules
            .iter()
            .map(|it| {
                let schedule = it.document.id;
                word(Target::OnCall { schedule }, &it.document.name)
            })
            .collect(),
        people: people
            .iter()
            .map(|(person, name)| word(Target::Person { person: *person }, name))
            .collect(),
        words: found.words,
        errors: Errors::default(),
        conflict: false,
        frame,
    })
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(team): Path<Uuid>,
) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, frame, TeamId(team), None).await?).into_response())
}

async fn save(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(team): Path<Uuid>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let team = TeamId(team);
    // A team that does not exist gets no path.
    app.desk.path(&me.caller, team).await?;
    let form = PathForm::sent(pairs);
    let mut errors = Errors::default();
    let (mut status, mut conflict, mut words) = (LOOK_AGAIN, false, None);
    if let Some(path) = form.read(&mut errors) {
        words = Some(app.desk.describe_path(&me.caller, team, &path).await?);
        let saved = app
            .desk
            .save_path(&me.caller, team, form.version, form.active, path, frame.now)
            .await;
        match saved {
            Ok(()) => {
                return Ok(see(&format!("/admin/paths/{team}"), Some("said.saved")));
            }
            Err(DeskError::Invalid(wrong)) => errors = wrong.into(),
            Err(DeskError::Conflict) => (status, conflict) = (StatusCode::CONFLICT, true),
            Err(error) => return Err(error.into()),
        }
    }
    let mut page = page(&app, &me, frame, team, Some(form)).await?;
    if conflict {
        // What was typed stays; sending it again saves it after the version that came between.
        let newest = app.desk.path(&me.caller, team).await?.path;
        page.form.version = newest.map_or(0, |it| it.version);
    }
    if let Some(words) = words {
        page.words = words;
    }
    (page.errors, page.conflict) = (errors, conflict);
    Ok(Page(page).status(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_shown_and_sent_back_is_the_same_path() {
        let path = Steps {
            levels: vec![
                Level {
                    who: Target::Person {
                        person: PersonId(Uuid::from_u128(1)),
                    },
                    minutes: 0,
                    counted: Counted::Clock,
                    mail: true,
                },
                Level {
                    who: Target::OnCall {
                        schedule: DocumentId(Uuid::from_u128(2)),
                    },
                    minutes: 15,
                    counted: Counted::Working,
                    mail: false,
                },
                Level {
                    who: Target::Managers {},
                    minutes: 30,
                    counted: Counted::Clock,
                    mail: true,
                },
            ],
            repeat_minutes: 5,
            repeats: 3,
        };
        let shown = PathForm::of(4, true, &path).with_room();
        let mut pairs = vec![
            ("version".to_owned(), "4".to_owned()),
            ("active".to_owned(), "yes".to_owned()),
            ("repeat_minutes".to_owned(), shown.repeat_minutes.clone()),
            ("repeats".to_owned(), shown.repeats.clone()),
        ];
        for (n, level) in shown.levels.iter().enumerate() {
            pairs.push((format!("l{n}.who"), level.who.clone()));
            pairs.push((format!("l{n}.minutes"), level.minutes.clone()));
            pairs.push((format!("l{n}.counted"), level.counted.clone()));
            if level.mail {
                pairs.push((format!("l{n}.mail"), "yes".to_owned()));
            }
        }
        let sent = PathForm::sent(pairs);
        let mut errors = Errors::default();
        assert_eq!(sent.read(&mut errors), Some(path), "{errors:?}");
        assert!(sent.active && sent.version == 4);
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field() {
        let form = PathForm::sent(vec![
            ("l0.who".to_owned(), "somebody".to_owned()),
            ("l1.who".to_owned(), "managers".to_owned()),
            ("l1.minutes".to_owned(), "-3".to_owned()),
            ("repeats".to_owned(), "many".to_owned()),
        ]);
        let mut errors = Errors::default();
        assert_eq!(form.read(&mut errors), None);
        for field in ["l0-who", "l1-minutes", "repeat_minutes", "repeats"] {
            assert_ne!(errors.of(field), "", "{field}");
        }
        let mut errors = Errors::default();
        assert_eq!(PathForm::fresh().read(&mut errors), None);
        assert_ne!(errors.of("l0-who"), "");
    }
}
