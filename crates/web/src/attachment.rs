//! Files in forms and out of tickets. What comes in goes to disk piece by piece; what goes out is always a download and
//! never a page of ours (AT-XSS-3).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use tierdesk_desk::ticket::{MAX_BODY, MAX_TITLE};
use tierdesk_desk::{Caller, DeskError};
use tierdesk_domain::attachment::{disposition, is_picture};
use tierdesk_domain::id::{AttachmentId, EventId, FormId};
use tierdesk_domain::text::fill;
use tierdesk_store::attachment::Attachment;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use crate::extract::{Me, Multipart, Part, Path, Text};
use crate::form::Errors;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError, moment};

/// The field of a new ticket's form that names it; files wait under this name until it is sent.
pub(crate) const FORM: &str = "form";
/// The field with the files.
pub(crate) const FILES: &str = "files";
/// The button that takes a file out again; its value is the file's id.
pub(crate) const REMOVE: &str = "remove";
/// So many bytes of a text field are kept: more than any field may hold.
const TEXT_LIMIT: usize = 1024 * 1024;
/// How much of a file is read at once.
const PIECE: usize = 64 * 1024;

/// A download is inert wherever it is opened.
const CSP: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::SignedIn, "/attachments/{id}", download);
}

/// A file as pages show it: on a ticket, or waiting in a form.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its id, for the button that removes it.
    pub(crate) id: String,
    /// The entry of the timeline that brought it.
    pub(crate) event: Option<EventId>,
    pub(crate) name: String,
    pub(crate) size: String,
    /// Where it is downloaded.
    pub(crate) href: String,
    /// `eye` for pictures, `clip` for the rest.
    pub(crate) icon: &'static str,
}

impl From<Attachment> for File {
    fn from(file: Attachment) -> Self {
        Self {
            id: file.id.to_string(),
            event: file.event,
            size: moment::size(file.size),
            href: format!("/attachments/{}", file.id),
            icon: if is_picture(&file.media_type) {
                "eye"
            } else {
                "clip"
            },
            name: file.name,
        }
    }
}

/// What the file field of a form shows; see `templates/macros/files.html`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    /// The form's name for its files.
    pub(crate) form: String,
    /// What waits already.
    pub(crate) waiting: Vec<File>,
    /// Where the form is sent, for the buttons that take a file out and come back to this field.
    pub(crate) action: String,
}

impl Files {
    /// The files that wait for a form of the caller's.
    pub(crate) async fn of(
        app: &AppState,
        caller: &Caller,
        form: FormId,
        action: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, WebError> {
        let waiting = app.desk.waiting_files(caller, form, now).await?;
        Ok(Self {
            form: form.to_string(),
            action: action.to_owned(),
            waiting: waiting.into_iter().map(File::from).collect(),
        })
    }

    /// The file field of a fresh form for a new ticket.
    pub(crate) fn fresh(action: &str) -> Self {
        Self {
            form: new_form().to_string(),
            waiting: Vec::new(),
            action: action.to_owned(),
        }
    }
}

/// The largest file in bytes, for the page that says so before it is sent.
pub(crate) fn limit() -> u64 {
    tierdesk_domain::attachment::MAX_SIZE
}

/// A name for a form's files. It is no secret: files belong to the person who sent them.
pub(crate) fn new_form() -> FormId {
    FormId(Uuid::now_v7())
}

/// A form with files as it was sent: its texts, and its files already kept.
#[derive(Debug)]
pub(crate) struct Sent {
    fields: Vec<(String, String)>,
    /// The name its files wait under.
    pub(crate) form: FormId,
    /// When all of it had come. What it asks for happens then: others may have acted while it was on its way.
    pub(crate) at: DateTime<Utc>,
    /// What is wrong with its files.
    pub(crate) errors: Errors,
}

impl Sent {
    /// Reads a form. A file that cannot be taken is an error beside the field and nothing else is lost. Files wait under
    /// `form`; only a ticket that does not exist yet has none, and names it in the field [`FORM`], before the files.
    ///
    /// # Errors
    /// When what was sent is no form at all.
    pub(crate) async fn read(
        mut parts: Multipart,
        app: &AppState,
        me: &Me,
        form: Option<FormId>,
    ) -> Result<Self, WebError> {
        let mut sent = Self {
            fields: Vec::new(),
            form: form.unwrap_or_else(new_form),
            at: app.now(),
            errors: Errors::default(),
        };
        loop {
            match parts.next().await {
                Ok(None) => break,
                // More than ten of the largest files; what was read so far is kept.
                Err(WebError::TooLarge) if !sent.fields.is_empty() => {
                    sent.errors.add(FILES, too_much());
                    break;
                }
                Err(error) => return Err(error),
                Ok(Some(part)) if part.file_name().is_some() => {
                    if let Err(WebError::TooLarge) = sent.file(part, app, me).await? {
                        sent.errors.add(FILES, too_much());
                        break;
                    }
                }
                Ok(Some(part)) => {
                    let name = part.name().to_owned();
                    let text = part.text(TEXT_LIMIT).await?;
                    if let (None, FORM, Ok(id)) = (form, name.as_str(), text.words.parse()) {
                        sent.form = FormId(id);
                    }
                    let ended = text.ended;
                    sent.typed(name, text);
                    if !ended {
                        sent.errors.add(FILES, too_much());
                        break;
                    }
                }
            }
        }
        sent.at = app.now();
        // The button that takes a file out sends the whole form, so that nothing typed is lost.
        if let Ok(id) = sent.text(REMOVE).parse() {
            match app.desk.remove_file(&me.caller, AttachmentId(id)).await {
                // Pressed twice: it is gone, which is what was asked for.
                Ok(()) | Err(DeskError::NotFound) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sent)
    }

    /// Keeps what was typed into a field. Of what is too long its beginning is kept, as much as the field may hold, and shown
    /// with the reason, so that nothing else is lost.
    fn typed(&mut self, name: String, text: Text) {
        let words = if text.whole {
            text.words
        } else {
            let limit = if name == "title" { MAX_TITLE } else { MAX_BODY };
            let why = fill("error.too_long", &[("limit", &limit)]);
            self.errors.add(name.as_str(), why);
            text.words.chars().take(limit).collect()
        };
        self.fields.push((name, words));
    }

    /// What was typed into a field, or `""`.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, text)| text)
    }

    /// Whether a field or button of that name was sent.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// Keeps one file. The inner result says whether the rest of the form can still be read.
    async fn file(
        &mut self,
        mut part: Part<'_>,
        app: &AppState,
        me: &Me,
    ) -> Result<Result<(), WebError>, WebError> {
        let name = part.file_name().unwrap_or_default().to_owned();
        let mut incoming = Some(app.desk.receive_file().await?);
        let mut empty = true;
        loop {
            let piece = match part.chunk().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => return Ok(Err(error)),
            };
            empty = empty && piece.is_empty();
            // What is too large is read to its end and dropped, so that the rest of the form can be read.
            if let Some(file) = &mut incoming
                && let Err(error) = file.write(&piece).await
            {
                self.refuse(&name, error)?;
                incoming = None;
            }
        }
        // Browsers send an empty part for a file field that nobody used.
        if let Some(file) = incoming.filter(|_| !(empty && name.is_empty()))
            && let Err(error) = app
                .desk
                .keep_file(&me.caller, file, self.form, &name, app.now())
                .await
        {
            self.refuse(&name, error)?;
        }
        Ok(Ok(()))
    }

    /// Notes why a file is not taken; what is not its fault goes on as an error.
    fn refuse(&mut self, name: &str, error: DeskError) -> Result<(), WebError> {
        let DeskError::Invalid(errors) = error else {
            return Err(error.into());
        };
        let name = tierdesk_domain::attachment::clean_name(name);
        for (_, why) in Errors::from(errors).all() {
            let sentence = fill("error.file", &[("name", &name), ("why", why)]);
            self.errors.add(FILES, sentence);
        }
        Ok(())
    }
}

fn too_much() -> String {
    tierdesk_domain::text::t("error.files_too_large").to_owned()
}

/// A file of a ticket, as a download.
async fn download(
    State(app): State<AppState>,
    me: Me,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    let (about, file) = app.desk.open_file(&me.caller, AttachmentId(id)).await?;
    let body = Body::from_stream(ReaderStream::with_capacity(file, PIECE));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| -> Result<(), WebError> {
        let value = HeaderValue::from_str(value).map_err(WebError::internal)?;
        headers.insert(name, value);
        Ok(())
    };
    set(header::CONTENT_TYPE, &about.media_type)?;
    set(header::CONTENT_DISPOSITION, &disposition(&about.name))?;
    set(header::CONTENT_LENGTH, &about.size.to_string())?;
    headers.insert(header::CONTENT_SECURITY_POLICY, CSP);
    Ok(response)
}
