//! Signing in and out, proving again who one is, and what to do when one cannot.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_domain::secret::Secret;
use tierdesk_domain::text;

use crate::extract::{CameFrom, Form, Me, Query};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError, interrupted};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Everyone, "/sign-in", show);
    routes.post(Audience::Everyone, "/sign-in", sign_in);
    routes.get(Audience::Everyone, "/sign-in/help", help);
    routes.post(Audience::Everyone, "/sign-in/help", ask_for_help);
    routes.post(Audience::SignedIn, "/sign-out", sign_out);
    routes.get(Audience::SignedIn, "/confirm", confirm);
    routes.post(Audience::SignedIn, "/confirm", confirmed);
}

/// Where to go afterwards. Only a path of ours: anything else is the first page.
#[derive(Deserialize)]
struct Next {
    next: Option<String>,
}

fn own_path(next: Option<String>) -> String {
    let ours = |path: &String| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains('\\')
            && !path.chars().any(char::is_control)
    };
    next.filter(ours).unwrap_or_else(|| "/".to_owned())
}

/// The session's cookie (decision 19): one cookie, Lax because links in mail must work, `__Host-` wherever there is TLS.
fn cookie(app: &AppState, value: &Secret) -> Cookie<'static> {
    Cookie::build((app.settings.cookie(), value.reveal().to_owned()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.settings.https())
        .build()
}

fn user_agent(headers: &HeaderMap) -> String {
    let text = headers
        .get(header::USER_AGENT)
        .and_then(|it| it.to_str().ok());
    text.unwrap_or_default().chars().take(300).collect()
}

#[derive(Template)]
#[template(path = "sign_in/sign_in.html")]
struct SignInPage {
    frame: Frame,
    mail: String,
    next: String,
    /// The form that its sender goes on with afterwards, sealed, or `""`.
    kept: String,
    errors: Errors,
}

/// The page for somebody whose session ran out under a form.
pub(crate) fn sign_in_interrupted(frame: Frame, kept: String) -> Response {
    Page(SignInPage {
        frame,
        mail: String::new(),
        next: own_path(None),
        kept,
        errors: Errors::default(),
    })
    .status(StatusCode::UNAUTHORIZED)
}

async fn show(frame: Frame, Query(query): Query<Next>) -> Response {
    let next = own_path(query.next);
    if frame.visitor.is_some() {
        return see(&next, None);
    }
    Page(SignInPage {
        frame,
        mail: String::new(),
        next,
        kept: String::new(),
        errors: Errors::default(),
    })
    .into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignInForm {
    #[serde(default)]
    mail: String,
    #[serde(default)]
    password: Secret,
    next: Option<String>,
    #[serde(default)]
    kept: String,
}

async fn sign_in(
    State(app): State<AppState>,
    frame: Frame,
    CameFrom(origin): CameFrom,
    headers: HeaderMap,
    jar: CookieJar,
    Form(form): Form<SignInForm>,
) -> Result<Response, WebError> {
    let next = own_path(form.next);
    let result = app
        .desk
        .sign_in(
            &form.mail,
            form.password.reveal(),
            &user_agent(&headers),
            &origin,
            frame.now,
        )
        .await;
    match result {
        Ok(secret) => {
            let answer =
                interrupted::go_on(&app, frame, secret.reveal(), &form.kept, &next).await?;
            Ok((jar.add(cookie(&app, &secret)), answer).into_response())
        }
        Err(DeskError::Denied) => {
            let mut errors = Errors::default();
            errors.add("mail", text::t("sign_in.wrong"));
            Ok(Page(SignInPage {
                frame,
                mail: form.mail,
                next,
                kept: form.kept,
                errors,
            })
            .status(LOOK_AGAIN))
        }
        // The page holds the only copy of what was interrupted.
        Err(error) => {
            let why = WebError::from(error).not_now()?;
            let mut errors = Errors::default();
            errors.add("mail", why.advice.as_str());
            Ok(why.show(Page(SignInPage {
                frame,
                mail: form.mail,
                next,
                kept: form.kept,
                errors,
            })))
        }
    }
}

async fn sign_out(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    jar: CookieJar,
) -> Result<Response, WebError> {
    app.desk
        .sign_out(&me.caller, &me.visitor.session_hash, frame.now)
        .await?;
    let mut gone = cookie(&app, &Secret::default());
    gone.make_removal();
    let mut response = (jar.add(gone), see("/sign-in", Some("said.signed_out"))).into_response();
    // What the browser keeps of this desk goes, too (ASVS 14.3).
    response.headers_mut().insert(
        "clear-site-data",
        header::HeaderValue::from_static("\"cache\", \"storage\""),
    );
    Ok(response)
}

#[derive(Template)]
#[template(path = "sign_in/help.html")]
struct HelpPage {
    frame: Frame,
    mail: String,
    asked: bool,
}

async fn help(frame: Frame) -> Response {
    Page(HelpPage {
        frame,
        mail: String::new(),
        asked: false,
    })
    .into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HelpForm {
    #[serde(default)]
    mail: String,
}

/// The answer is the same whether there is such an account or not (AT-ENUM-1).
async fn ask_for_help(
    State(app): State<AppState>,
    frame: Frame,
    CameFrom(origin): CameFrom,
    Form(form): Form<HelpForm>,
) -> Result<Response, WebError> {
    app.desk
        .cannot_sign_in(&form.mail, &origin, frame.now)
        .await?;
    Ok(Page(HelpPage {
        frame,
        mail: String::new(),
        asked: true,
    })
    .into_response())
}

#[derive(Template)]
#[template(path = "sign_in/confirm.html")]
struct ConfirmPage {
    frame: Frame,
    next: String,
    /// The form that its sender goes on with afterwards, sealed, or `""`.
    kept: String,
    errors: Errors,
}

/// The page for somebody who sent a form too long after they proved who they are.
pub(crate) fn confirm_interrupted(frame: Frame, kept: String) -> Response {
    Page(ConfirmPage {
        frame,
        next: own_path(None),
        kept,
        errors: Errors::default(),
    })
    .status(StatusCode::FORBIDDEN)
}

async fn confirm(frame: Frame, Query(query): Query<Next>) -> Response {
    Page(ConfirmPage {
        frame,
        next: own_path(query.next),
        kept: String::new(),
        errors: Errors::default(),
    })
    .into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfirmForm {
    #[serde(default)]
    password: Secret,
    next: Option<String>,
    #[serde(default)]
    kept: String,
}

async fn confirmed(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    jar: CookieJar,
    Form(form): Form<ConfirmForm>,
) -> Result<Response, WebError> {
    let next = own_path(form.next);
    match app
        .desk
        .confirm_identity(
            &me.caller,
            &me.visitor.session_hash,
            form.password.reveal(),
            frame.now,
        )
        .await
    {
        Ok(secret) => {
            let answer =
                interrupted::go_on(&app, frame, secret.reveal(), &form.kept, &next).await?;
            Ok((jar.add(cookie(&app, &secret)), answer).into_response())
        }
        Err(DeskError::Denied) => {
            let mut errors = Errors::default();
            errors.add("password", text::t("error.password_wrong"));
            Ok(Page(ConfirmPage {
                frame,
                next,
                kept: form.kept,
                errors,
            })
            .status(StatusCode::UNPROCESSABLE_ENTITY))
        }
        Err(error) => {
            let why = WebError::from(error).not_now()?;
            let mut errors = Errors::default();
            errors.add("password", why.advice.as_str());
            Ok(why.show(Page(ConfirmPage {
                frame,
                next,
                kept: form.kept,
                errors,
            })))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn one_is_never_sent_to_another_site() {
        for ours in ["/", "/tickets/7?x=1", "/queue/L1/a#b"] {
            assert_eq!(own_path(Some(ours.to_owned())), ours);
        }
        for foreign in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "javascript:x",
            "",
            "/a\r\nSet-Cookie: x",
        ] {
            assert_eq!(own_path(Some(foreign.to_owned())), "/", "{foreign:?}");
        }
        assert_eq!(own_path(None), "/");
    }
}
