//! Hosts: the list, one host, and what administrators decide about it.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use tierdesk_catalogue::{Class, ENTRIES};
use tierdesk_desk::DeskError;
use tierdesk_desk::host::Description;
use tierdesk_desk::job::obstacle;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::host::{HostState, RECORDED, is_online};
use tierdesk_domain::id::HostId;
use tierdesk_domain::text::{fill, t};
use tierdesk_store::host::{self, Host};
use tierdesk_store::{job, person};
use uuid::Uuid;

use crate::extract::{Form, Me, Path, Query};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::job::Line as JobLine;
use crate::moment::{Moment, ago};
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

/// Hosts on a page of the list.
const PAGE: usize = 100;
/// Jobs on a host's page.
const JOBS: i64 = 20;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Staff, "/hosts", list);
    routes.get(Audience::Staff, "/hosts/{id}", show);
    routes.post(Audience::Administrator, "/hosts/{id}/approve", approve);
    routes.post(Audience::Administrator, "/hosts/{id}/revoke", revoke);
    routes.post(Audience::Administrator, "/hosts/{id}/describe", describe);
}

/// The pill that says where a host stands.
pub(crate) struct Standing {
    pub(crate) tone: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) word: &'static str,
}

impl Standing {
    pub(crate) fn of(host: &Host, frame: &Frame) -> Self {
        let (tone, icon, word) = match host.state {
            HostState::Pending => ("warning", "clock", t("host.pending")),
            HostState::Suspended => ("danger", "alert", t("host.suspended")),
            HostState::Revoked => ("", "x", t("host.revoked")),
            HostState::Active if is_online(host.last_seen_at, frame.now) => {
                ("success", "ok", t("host.online"))
            }
            HostState::Active => ("", "pause", t("host.offline")),
        };
        Self { tone, icon, word }
    }
}

/// When a host was last heard of, in words.
fn seen(host: &Host, frame: &Frame) -> String {
    match host.last_seen_at {
        None => t("host.never").to_owned(),
        Some(at) if is_online(Some(at), frame.now) => t("host.seen_now").to_owned(),
        Some(at) => fill("host.seen_ago", &[("ago", &ago(at, frame.now))]),
    }
}

/// One line of the list.
struct Line {
    id: HostId,
    name: String,
    standing: Standing,
    system: String,
    owner: String,
    labels: Vec<String>,
    seen: String,
    code: String,
}

impl Line {
    fn new(host: Host, frame: &Frame) -> Self {
        Self {
            standing: Standing::of(&host, frame),
            seen: seen(&host, frame),
            id: host.id,
            name: host.name,
            system: host.operating_system,
            owner: host.owner_name.unwrap_or_default(),
            labels: host.labels,
            code: host.join_code,
        }
    }
}

#[derive(Template)]
#[template(path = "host/list.html")]
struct List {
    frame: Frame,
    query: String,
    administrator: bool,
    pending: Vec<Line>,
    lines: Vec<Line>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    after_id: Option<Uuid>,
}

async fn list(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let administrator = me.visitor.roles.administrator;
    let query: String = tierdesk_domain::field::one_line(&asked.q)
        .chars()
        .take(100)
        .collect();
    let after = match (&asked.after, asked.after_id) {
        (Some(name), Some(id)) => Some((name.as_str(), HostId(id))),
        _ => None,
    };
    let mut conn = app.desk.acquire().await?;
    let limit = i64::try_from(PAGE).unwrap_or(i64::MAX - 1) + 1;
    let mut hosts = host::list(&mut conn, &query, after, limit).await?;
    let pending = host::pending(&mut conn).await?;
    drop(conn);
    let next = (hosts.len() > PAGE).then(|| {
        hosts.truncate(PAGE);
        hosts.last().map(|last| {
            format!(
                "?q={}&after={}&after_id={}",
                filters::encoded(&query),
                filters::encoded(&last.name),
                last.id
            )
        })
    });
    let lines = hosts
        .into_iter()
        .filter(|host| host.state != HostState::Pending)
        .map(|host| Line::new(host, &frame))
        .collect();
    let pending = pending
        .into_iter()
        .map(|host| Line::new(host, &frame))
        .collect();
    Ok(Page(List {
        query,
        administrator,
        pending,
        lines,
        next: next.flatten(),
        frame,
    })
    .into_response())
}

/// An entry on the host's page.
struct EntryLine {
    id: &'static str,
    title: &'static str,
    class: &'static str,
    /// Why it would not run, or `""`.
    obstacle: &'static str,
}

/// A host that may be the same machine.
struct Alike {
    id: HostId,
    name: String,
}

#[derive(Template)]
#[template(path = "host/show.html")]
struct Show {
    frame: Frame,
    errors: Errors,
    id: HostId,
    name: String,
    standing: Standing,
    seen: String,
    code: String,
    administrator: bool,
    may_approve: bool,
    may_revoke: bool,
    recorded: bool,
    alike: Vec<Alike>,
    facts: Vec<(&'static str, String)>,
    facts_at: Option<Moment>,
    labels: Vec<String>,
    typed_labels: String,
    typed_owner: String,
    owner: String,
    agent_version: String,
    joined: Moment,
    decided: Option<(Moment, String)>,
    classes: Vec<(&'static str, bool)>,
    denied: Vec<String>,
    targets: Vec<String>,
    entries: Vec<EntryLine>,
    jobs: Vec<JobLine>,
}

/// Facts in the order of the page, with their labels.
const FACTS: [(&str, &str); 9] = [
    ("os", "host.fact_os"),
    ("kernel", "host.fact_kernel"),
    ("architecture", "host.fact_architecture"),
    ("cpus", "host.fact_cpus"),
    ("memory_total_kib", "host.fact_memory"),
    ("addresses", "host.fact_addresses"),
    ("site", "host.fact_site"),
    ("model", "host.fact_model"),
    ("systemd", "host.fact_systemd"),
];

fn fact(name: &str, value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(yes) => t(if *yes { "common.yes" } else { "common.no" }).to_owned(),
        Value::Number(kib) if name == "memory_total_kib" => {
            let mib = kib.as_u64()? / 1024;
            format!("{}.{} GiB", mib / 1024, mib % 1024 * 10 / 1024)
        }
        Value::Number(number) => number.to_string(),
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(", "),
        Value::Null | Value::Object(_) => return None,
    };
    let text = tierdesk_domain::field::one_line(&text);
    (!text.is_empty()).then(|| text.chars().take(300).collect())
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    id: HostId,
    errors: Errors,
    typed: Option<Described>,
) -> Result<Page<Show>, WebError> {
    let administrator = me.visitor.roles.administrator;
    let engineer = authorize(&me.caller.who, Action::Work).ok();
    let mut conn = app.desk.acquire().await?;
    let host = host::find(&mut conn, id).await?.ok_or(WebError::NotFound)?;
    let hashes = host::entries(&mut conn, id).await?;
    let alike = if host.state == HostState::Pending {
        host::alike(&mut conn, id).await?
    } else {
        Vec::new()
    };
    // Jobs belong to tickets: engineers see those whose tickets they may open.
    let jobs = match &engineer {
        Some(scope) => job::of_host(&mut conn, scope, id, JOBS).await?,
        None => Vec::new(),
    };
    let owner_mail = match host.owner {
        Some(owner) => person::find(&mut conn, owner)
            .await?
            .and_then(|it| it.email)
            .unwrap_or_default(),
        None => String::new(),
    };
    drop(conn);
    let facts = FACTS
        .iter()
        .filter_map(|(name, label)| Some((t(label), fact(name, host.facts.get(*name)?)?)))
        .collect();
    let entries = ENTRIES
        .iter()
        .map(|entry| EntryLine {
            id: entry.id,
            title: entry.title,
            class: entry.class.as_str(),
            obstacle: obstacle(entry, &host, &hashes).map_or("", |it| t(it.key())),
        })
        .collect();
    let targets = host
        .policy
        .denied_targets
        .iter()
        .map(|net| fill("host.not_to", &[("net", net)]))
        .chain(
            host.policy
                .allowed_targets
                .iter()
                .map(|net| fill("host.only_to", &[("net", net)])),
        )
        .collect();
    let typed = typed.unwrap_or(Described {
        labels: host.labels.join(" "),
        owner: owner_mail,
    });
    Ok(Page(Show {
        standing: Standing::of(&host, &frame),
        seen: seen(&host, &frame),
        may_approve: administrator
            && matches!(host.state, HostState::Pending | HostState::Suspended),
        may_revoke: administrator && host.state != HostState::Revoked,
        recorded: host.has_label(RECORDED),
        alike: alike
            .into_iter()
            .map(|(id, name, _)| Alike { id, name })
            .collect(),
        facts_at: host.facts_at.map(|at| frame.at(&at)),
        joined: frame.at(&host.created_at),
        decided: host
            .decided_at
            .zip(host.decided_by.clone())
            .map(|(at, by)| (frame.at(&at), by)),
        classes: Class::ALL
            .iter()
            .map(|class| (class.as_str(), host.policy.allowed_classes.contains(class)))
            .collect(),
        denied: host.policy.denied_entries.iter().cloned().collect(),
        jobs: jobs
            .into_iter()
            .map(|job| JobLine::new(job, false, &frame))
            .collect(),
        id,
        name: host.name,
        code: host.join_code,
        administrator,
        facts,
        labels: host.labels,
        typed_labels: typed.labels,
        typed_owner: typed.owner,
        owner: host.owner_name.unwrap_or_default(),
        agent_version: host.agent_version,
        targets,
        entries,
        errors,
        frame,
    }))
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    let page = page(&app, &me, frame, HostId(id), Errors::default(), None).await?;
    Ok(page.into_response())
}

async fn approve(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    app.desk
        .approve_host(&me.caller, HostId(id), frame.now)
        .await?;
    Ok(see(&format!("/hosts/{id}"), Some("said.host_approved")))
}

async fn revoke(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    app.desk
        .revoke_host(&me.caller, HostId(id), frame.now)
        .await?;
    Ok(see(&format!("/hosts/{id}"), Some("said.host_revoked")))
}

/// What the form holds.
#[derive(Debug, Clone, Deserialize)]
struct Described {
    #[serde(default)]
    labels: String,
    #[serde(default)]
    owner: String,
}

async fn describe(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(typed): Form<Described>,
) -> Result<Response, WebError> {
    let description = Description {
        labels: typed.labels.clone(),
        owner: typed.owner.clone(),
    };
    match app
        .desk
        .describe_host(&me.caller, HostId(id), &description, frame.now)
        .await
    {
        Ok(()) => Ok(see(&format!("/hosts/{id}"), Some("said.saved"))),
        Err(DeskError::Invalid(errors)) => {
            let page = page(&app, &me, frame, HostId(id), errors.into(), Some(typed)).await?;
            Ok(page.status(LOOK_AGAIN))
        }
        Err(error) => Err(error.into()),
    }
}
