//! The drawer beside a ticket: which host, which diagnostic, with which parameters. It has an address of its own and works
//! without scripts: choosing is a GET, running a POST.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_catalogue::{ENTRIES, Entry, Kind, Params};
use tierdesk_desk::job::{JobRequest, Obstacle, RequestError, obstacle};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::field;
use tierdesk_domain::host::{SERVER_VANTAGE, is_online};
use tierdesk_domain::id::HostId;
use tierdesk_domain::job::{Wait, permit};
use tierdesk_domain::target::{self, Host as TargetHost, Target};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::host::{self, Host};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{job, person, timeline};

use super::Line;
use crate::extract::{Form, Me, Path, Query};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError, words};

/// Hosts to choose from; the others are found by their name.
const HOSTS: usize = 200;
/// Letters of a name that are looked for.
const WORDS: usize = 100;
/// Runs shown beside the drawer.
const BEFORE: i64 = 20;
/// Events read for targets.
const EVENTS: i64 = 50;

pub(super) fn routes(routes: &mut Routes) {
    routes.get(Audience::Engineer, "/tickets/{number}/diagnose", show);
    routes.post(Audience::Engineer, "/tickets/{number}/diagnose", run);
}

/// A host to choose.
struct HostChoice {
    id: HostId,
    name: String,
    /// Whose view it is, or `""`.
    line: String,
    chosen: bool,
}

/// An entry to choose.
struct EntryChoice {
    id: &'static str,
    title: &'static str,
    class: &'static str,
    /// Its summary, or why it cannot be run.
    line: &'static str,
    refused: bool,
    chosen: bool,
}

/// A parameter of the chosen entry.
struct Field {
    /// Its name in the form.
    name: String,
    label: String,
    hint: &'static str,
    value: String,
    /// The words to choose from; empty for a text field.
    choices: Vec<&'static str>,
    from_ticket: bool,
}

/// A time to wait.
struct WaitChoice {
    value: Wait,
    label: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "job/diagnose.html")]
struct Diagnose {
    frame: Frame,
    errors: Errors,
    number: i64,
    title: String,
    /// Whether no host is in use at all.
    none_in_use: bool,
    hosts: Vec<HostChoice>,
    /// What is looked for among the names of hosts.
    find: String,
    /// What stands below that field; `""` where every host is in the list and there is no field.
    find_hint: &'static str,
    /// The name of the chosen one, or `""`.
    host_name: String,
    online: bool,
    offline_line: String,
    /// How long it may wait for a host that is offline.
    waits: Vec<WaitChoice>,
    entries: Vec<EntryChoice>,
    entry_id: &'static str,
    fields: Vec<Field>,
    preview: Vec<String>,
    limit_line: String,
    may_run: bool,
    before: Vec<Line>,
}

/// What was chosen so far.
#[derive(Debug, Default, Deserialize)]
struct Chosen {
    /// Where there is none, the page chooses one; what is no id, such as `none`, leaves the choice open.
    #[serde(default)]
    host: Option<String>,
    /// A part of the names of the hosts to choose from.
    #[serde(default)]
    find: String,
    #[serde(default)]
    entry: Option<String>,
    /// A [`Wait`]'s word.
    #[serde(default)]
    wait: Option<String>,
}

impl Chosen {
    fn host(&self) -> Option<HostId> {
        self.host.as_ref()?.parse().ok().map(HostId)
    }
}

/// The ticket of a path, for somebody who may work it.
async fn find(app: &AppState, me: &Me, number: i64) -> Result<Ticket, WebError> {
    let ticket = crate::ticket::find(app, me, number).await?;
    authorize(&me.caller.who, Action::WorkTicket(ticket.facts()))?;
    Ok(ticket)
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    let page = page(&app, &me, frame, &ticket, &chosen, None, Errors::default()).await?;
    Ok(if page.0.errors.is_empty() {
        page.into_response()
    } else {
        page.status(LOOK_AGAIN)
    })
}

async fn run(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    let field = |name: &str| {
        pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    let chosen = Chosen {
        host: field("host"),
        find: String::new(),
        entry: field("entry"),
        wait: field("wait"),
    };
    let params: BTreeMap<String, String> = pairs
        .iter()
        .filter_map(|(key, value)| {
            Some((key.strip_prefix("p.")?.to_owned(), value.trim().to_owned()))
        })
        .collect();
    let (Some(host), Some(entry)) = (chosen.host(), chosen.entry.clone()) else {
        return Err(WebError::BadRequest);
    };
    let mut errors = Errors::default();
    let wait = chosen.wait.as_deref().map(str::parse::<Wait>).transpose();
    let Ok(wait) = wait else {
        errors.add("wait", t("error.choose_one"));
        let page = page(&app, &me, frame, &ticket, &chosen, Some(&params), errors).await?;
        return Ok(page.status(LOOK_AGAIN));
    };
    let request = JobRequest {
        ticket: ticket.id,
        host,
        params: written(&entry, &params),
        entry,
        wait: wait.map(Wait::time),
    };
    match app.desk.request_job(&me.caller, &request, frame.now).await {
        Ok(_) => {
            return Ok(see(
                &format!("/tickets/{number}/diagnose?host={host}"),
                Some("said.job_requested"),
            ));
        }
        Err(RequestError::Params(wrong)) => {
            for error in wrong {
                errors.add(format!("p.{}", error.param), error.message);
            }
        }
        Err(RequestError::Refused(obstacle)) => errors.add("entry", t(obstacle.key())),
        Err(RequestError::Desk(error)) => return Err(error.into()),
    }
    let page = page(&app, &me, frame, &ticket, &chosen, Some(&params), errors).await?;
    Ok(page.status(LOOK_AGAIN))
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    ticket: &Ticket,
    chosen: &Chosen,
    typed: Option<&BTreeMap<String, String>>,
    mut errors: Errors,
) -> Result<Page<Diagnose>, WebError> {
    let scope = authorize(&me.caller.who, Action::ReadInternal(ticket.facts()))?;
    let may_work = authorize(&me.caller.who, Action::WorkTicket(ticket.facts())).is_ok();
    let mut conn = app.desk.acquire().await?;
    let requester = person::find(&mut conn, ticket.requester)
        .await?
        .map(|it| it.name)
        .unwrap_or_default();
    let find: String = field::one_line(&chosen.find).chars().take(WORDS).collect();
    let choice = host::Choice {
        asked: chosen.host(),
        of_ticket: ticket.host,
        requester: ticket.requester,
        words: &find,
    };
    let limit = i64::try_from(HOSTS).unwrap_or(i64::MAX - 1) + 1;
    let mut offered = host::to_choose(&mut conn, choice, limit).await?;
    let find_hint = find_hint(&offered, &find);
    offered.truncate(HOSTS);
    let known: Vec<(Host, String)> = offered
        .into_iter()
        .map(|host| {
            let line = if ticket.host == Some(host.id) {
                t("job.of_ticket").to_owned()
            } else if host.owner == Some(ticket.requester) {
                fill("job.of_requester", &[("name", &requester)])
            } else if host.has_label(SERVER_VANTAGE) {
                t("job.server_view").to_owned()
            } else {
                String::new()
            };
            (host, line)
        })
        .collect();
    // Who asks for a host never gets another one.
    let picked = match &chosen.host {
        None => (!known.is_empty()).then_some(0),
        Some(_) => known
            .iter()
            .position(|(host, _)| Some(host.id) == chosen.host()),
    };
    if picked.is_none() && chosen.host.is_some() {
        errors.add("host", t("job.host_not_there"));
    }
    let host = picked.map(|index| known[index].0.clone());
    let hashes = match &host {
        Some(host) => host::entries(&mut conn, host.id).await?,
        None => BTreeMap::new(),
    };
    let before = job::of_ticket(&mut conn, ticket.id, BEFORE).await?;
    let events = timeline::all(&mut conn, &scope, ticket.id, EVENTS).await?;
    drop(conn);

    let stands = |entry: &'static Entry| {
        let host = host.as_ref()?;
        obstacle(entry, host, &hashes).or_else(|| {
            permit(&me.caller.who, ticket.facts(), entry.class)
                .is_err()
                .then_some(Obstacle::NotPermitted)
        })
    };
    let entry = chosen
        .entry
        .as_deref()
        .and_then(tierdesk_catalogue::find)
        .or_else(|| ENTRIES.iter().find(|entry| stands(entry).is_none()));
    let entries = ENTRIES
        .iter()
        .map(|one| {
            let stands = stands(one);
            EntryChoice {
                id: one.id,
                title: one.title,
                class: one.class.as_str(),
                line: stands.map_or(one.summary, |obstacle| t(obstacle.key())),
                refused: stands.is_some(),
                chosen: entry.is_some_and(|entry| entry.id == one.id),
            }
        })
        .collect();
    let words = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Opened | EventKind::Ask))
        .filter_map(|event| event.body.as_deref())
        .fold(ticket.title.clone(), |all, text| format!("{all}\n{text}"));
    let target = target::find(&words)
        .into_iter()
        .find(|found| found.refusal.is_none())
        .map(|found| found.target);
    let fields: Vec<Field> = entry
        .map(|entry| fields(entry, typed, target.as_ref()))
        .unwrap_or_default();
    let preview = entry
        .map(|entry| preview(entry, &fields))
        .unwrap_or_default();
    let online = host
        .as_ref()
        .is_some_and(|host| is_online(host.last_seen_at, frame.now));
    let host_name = host
        .as_ref()
        .map(|host| host.name.clone())
        .unwrap_or_default();
    Ok(Page(Diagnose {
        number: ticket.number.0,
        title: ticket.title.clone(),
        none_in_use: known.is_empty() && find.is_empty() && chosen.host.is_none(),
        find,
        find_hint,
        may_run: host.is_some() && entry.is_some_and(|entry| stands(entry).is_none()),
        hosts: known
            .iter()
            .enumerate()
            .map(|(index, (host, line))| HostChoice {
                id: host.id,
                name: host.name.clone(),
                line: line.clone(),
                chosen: picked == Some(index),
            })
            .collect(),
        offline_line: fill("job.offline", &[("host", &host_name)]),
        waits: Wait::ALL
            .iter()
            .map(|wait| WaitChoice {
                value: *wait,
                label: words::wait(*wait),
                chosen: chosen.wait.as_deref() == Some(wait.as_str()),
            })
            .collect(),
        host_name,
        online,
        entries,
        entry_id: entry.map_or("", |entry| entry.id),
        limit_line: entry
            .map(|entry| {
                fill(
                    "job.what_runs_line",
                    &[("seconds", &entry.limits.timeout_seconds)],
                )
            })
            .unwrap_or_default(),
        fields,
        preview,
        before: before
            .into_iter()
            .map(|job| Line::new(job, may_work, &frame))
            .collect(),
        errors,
        frame,
    }))
}

/// What stands below the field that finds hosts by their name; `""` where it is not needed, because all of them are offered.
fn find_hint(offered: &[Host], find: &str) -> &'static str {
    let has = |host: &Host| host.name.to_lowercase().contains(&find.to_lowercase());
    if offered.len() > HOSTS {
        t("job.find_more")
    } else if find.is_empty() {
        ""
    } else if offered.iter().any(has) {
        t("job.find_narrowed")
    } else {
        t("job.find_nothing")
    }
}

/// The parameters as they are asked for: names in ASCII form, whatever letters they were typed with.
fn written(entry: &str, typed: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let entry = tierdesk_catalogue::find(entry);
    let write = |(name, text): (&String, &String)| {
        let spec = entry.and_then(|entry| entry.param(name));
        let text = spec.map_or_else(|| text.clone(), |spec| target::ascii(&spec.kind, text));
        (name.clone(), text)
    };
    typed.iter().map(write).collect()
}

/// The fields of an entry: what was typed, else what the ticket names, else the default.
fn fields(
    entry: &Entry,
    typed: Option<&BTreeMap<String, String>>,
    target: Option<&Target>,
) -> Vec<Field> {
    entry
        .params
        .iter()
        .map(|spec| {
            let found = target.and_then(|target| suggestion(spec.name, &spec.kind, target));
            let (value, from_ticket) = match (typed, found) {
                (Some(typed), _) => (typed.get(spec.name).cloned().unwrap_or_default(), false),
                (None, Some(found)) => (found, true),
                (None, None) => (spec.default.unwrap_or_default().to_owned(), false),
            };
            Field {
                name: format!("p.{}", spec.name),
                label: if spec.optional {
                    format!("{} {}", spec.label, t("job.optional"))
                } else {
                    spec.label.to_owned()
                },
                hint: spec.hint,
                value,
                choices: match spec.kind {
                    Kind::Choice(words) => words.to_vec(),
                    _ => Vec::new(),
                },
                from_ticket,
            }
        })
        .collect()
}

/// What the ticket's own words suggest for a parameter.
fn suggestion(name: &str, kind: &Kind, target: &Target) -> Option<String> {
    match (name, kind) {
        ("host", Kind::Host) => Some(target.host.to_string()),
        ("name", Kind::Fqdn) => match &target.host {
            TargetHost::Name(name) => Some(name.clone()),
            TargetHost::Address(_) => None,
        },
        ("port", Kind::Number { .. }) => Some(target.port.to_string()),
        ("url", Kind::Url) => target.url(),
        _ => None,
    }
}

/// The command lines with what the fields hold now; placeholders where that is not valid yet.
fn preview(entry: &'static Entry, fields: &[Field]) -> Vec<String> {
    let raw = fields
        .iter()
        .filter_map(|field| {
            Some((
                field.name.strip_prefix("p.")?.to_owned(),
                field.value.clone(),
            ))
        })
        .collect();
    let plan = match Params::parse(entry, &written(entry.id, &raw)) {
        Ok(params) => tierdesk_catalogue::plan(entry, &params),
        Err(_) => Vec::new(),
    };
    if plan.is_empty() {
        entry
            .argv_template()
            .iter()
            .map(|argv| argv.join(" "))
            .collect()
    } else {
        plan.iter().map(tierdesk_catalogue::Argv::display).collect()
    }
}
