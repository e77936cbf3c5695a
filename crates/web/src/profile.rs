//! One's own pages: name, zone and looks, the password, and where one is signed in.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::people::Preferences;
use tierdesk_domain::notification::{Channel, NotificationKind};
use tierdesk_domain::secret::Secret;
use tierdesk_domain::text;
use tierdesk_store::session;

use crate::extract::{Form, Me, Now};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::moment::Moment;
use crate::notification::kind_name;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::SignedIn, "/profile", show);
    routes.post(Audience::SignedIn, "/profile", save);
    routes.post(Audience::Staff, "/profile/notifications", notifications);
    routes.post(Audience::SignedIn, "/profile/theme", theme);
    routes.post(Audience::SignedIn, "/profile/password", password);
    routes.post(Audience::SignedIn, "/profile/sessions/end", end_session);
    routes.post(
        Audience::SignedIn,
        "/profile/sessions/end-others",
        end_others,
    );
}

struct SessionRow {
    id: String,
    began: Moment,
    used: Moment,
    ip: String,
    device: String,
    this: bool,
}

#[derive(Template)]
#[template(path = "profile/show.html")]
struct ProfilePage {
    frame: Frame,
    email: String,
    name: String,
    time_zone: String,
    zones: &'static [chrono_tz::Tz],
    single_keys: bool,
    staff: bool,
    engineer: bool,
    sessions: Vec<SessionRow>,
    /// Each kind of notification with its name and where it is told; none for requesters.
    choices: Vec<(NotificationKind, &'static str, Channel)>,
    errors: Errors,
}

impl ProfilePage {
    fn channels(&self) -> [(Channel, &'static str); 3] {
        [
            (Channel::App, text::t("notification.channel_app")),
            (Channel::Mail, text::t("notification.channel_mail")),
            (Channel::Both, text::t("notification.channel_both")),
        ]
    }
}

/// The program in a `User-Agent`, as far as people know its name.
fn device(agent: &str) -> String {
    let browser = ["Edg/", "Firefox/", "Chrome/", "Safari/"]
        .into_iter()
        .find(|it| agent.contains(it));
    let system = ["Windows", "Android", "iPhone", "Mac OS", "Linux"]
        .into_iter()
        .find(|it| agent.contains(it));
    match (browser, system) {
        (Some(browser), Some(system)) => format!(
            "{} · {system}",
            browser.trim_end_matches('/').replace("Edg", "Edge")
        ),
        (Some(browser), None) => browser.trim_end_matches('/').to_owned(),
        _ => text::t("profile.unknown_device").to_owned(),
    }
}

async fn page(app: &AppState, me: &Me, frame: Frame) -> Result<ProfilePage, WebError> {
    let mut conn = app.desk.acquire().await?;
    let sessions = session::of_person(&mut conn, me.visitor.principal.person, frame.now).await?;
    drop(conn);
    let choices = if me.visitor.roles.staff() {
        app.desk.notification_choices(&me.caller).await?
    } else {
        Vec::new()
    };
    Ok(ProfilePage {
        email: me.visitor.email.clone().unwrap_or_default(),
        name: me.visitor.name.clone(),
        time_zone: me.visitor.zone.name().to_owned(),
        zones: &chrono_tz::TZ_VARIANTS,
        single_keys: me.visitor.preferences.keys,
        staff: me.visitor.roles.staff(),
        engineer: me.visitor.roles.engineer,
        sessions: sessions
            .into_iter()
            .map(|it| SessionRow {
                id: URL_SAFE_NO_PAD.encode(&it.id_hash),
                began: frame.at(&it.created_at),
                used: frame.at(&it.last_seen_at),
                device: device(&it.user_agent),
                this: it.id_hash == me.visitor.session_hash,
                ip: it.ip,
            })
            .collect(),
        choices: choices
            .into_iter()
            .map(|(kind, channel)| (kind, kind_name(kind), channel))
            .collect(),
        errors: Errors::default(),
        frame,
    })
}

async fn show(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, frame).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    time_zone: String,
    theme: Option<String>,
    density: Option<String>,
    single_keys: Option<String>,
}

async fn save(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<ProfileForm>,
) -> Result<Response, WebError> {
    let kept = &me.visitor.preferences;
    let choice = Preferences {
        name: form.name.clone(),
        time_zone: form.time_zone.clone(),
        theme: form.theme.unwrap_or_else(|| kept.theme.as_str().to_owned()),
        density: form
            .density
            .unwrap_or_else(|| kept.density.as_str().to_owned()),
        single_keys: form.single_keys.is_some(),
    };
    let now = frame.now;
    match app.desk.choose(&me.caller, choice, now).await {
        Ok(()) => Ok(see("/profile", Some("said.saved"))),
        Err(DeskError::Invalid(errors)) => {
            let mut page = page(&app, &me, frame).await?;
            (page.name, page.time_zone, page.errors) = (form.name, form.time_zone, errors.into());
            Ok(Page(page).status(LOOK_AGAIN))
        }
        Err(error) => Err(error.into()),
    }
}

/// One pair per kind: `assigned=both`.
async fn notifications(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let choices = form
        .iter()
        .map(|(kind, channel)| Some((kind.parse().ok()?, channel.parse().ok()?)))
        .collect::<Option<Vec<_>>>()
        .ok_or(WebError::BadRequest)?;
    match app
        .desk
        .choose_notifications(&me.caller, &choices, now)
        .await
    {
        Ok(()) => Ok(see("/profile#notifications", Some("said.saved"))),
        Err(DeskError::Invalid(_)) => Err(WebError::BadRequest),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeForm {
    #[serde(default)]
    theme: String,
}

async fn theme(
    State(app): State<AppState>,
    me: Me,
    Form(form): Form<ThemeForm>,
) -> Result<Response, WebError> {
    match app.desk.choose_theme(&me.caller, &form.theme).await {
        Ok(()) => Ok(see("/profile", None)),
        Err(DeskError::Invalid(_)) => Err(WebError::BadRequest),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordForm {
    #[serde(default)]
    current: Secret,
    #[serde(default)]
    password: Secret,
    #[serde(default)]
    again: Secret,
}

async fn password(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<PasswordForm>,
) -> Result<Response, WebError> {
    let mut errors = Errors::default();
    if form.password.reveal() != form.again.reveal() {
        errors.add("again", text::t("error.password_differs"));
    } else {
        match app
            .desk
            .change_password(
                &me.caller,
                &me.visitor.session_hash,
                form.current.reveal(),
                form.password.reveal(),
                frame.now,
            )
            .await
        {
            Ok(()) => return Ok(see("/profile", Some("said.password_changed"))),
            Err(DeskError::Invalid(wrong)) => errors = wrong.into(),
            Err(error) => return Err(error.into()),
        }
    }
    let mut page = page(&app, &me, frame).await?;
    page.errors = errors;
    Ok(Page(page).status(LOOK_AGAIN))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndForm {
    #[serde(default)]
    session: String,
}

async fn end_session(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<EndForm>,
) -> Result<Response, WebError> {
    let id_hash = URL_SAFE_NO_PAD
        .decode(&form.session)
        .map_err(|_| WebError::NotFound)?;
    app.desk
        .end_session(&me.caller, &id_hash, frame.now)
        .await?;
    Ok(see("/profile", Some("said.session_ended")))
}

async fn end_others(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
) -> Result<Response, WebError> {
    app.desk
        .end_other_sessions(&me.caller, &me.visitor.session_hash, frame.now)
        .await?;
    Ok(see("/profile", Some("said.session_ended")))
}

#[cfg(test)]
mod tests {
    use super::device;

    #[test]
    fn a_device_is_named_as_people_know_it() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(device(chrome), "Chrome · Linux");
        assert_eq!(device("curl/8"), "Unknown device");
    }
}
