//! What the workspace shows.

use std::collections::HashMap;

use askama::Template;
use tierdesk_desk::Desk;
use tierdesk_desk::draft::Purpose;
use tierdesk_desk::handover::has_way_back;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::bot::State;
use tierdesk_domain::id::{CategoryId, FormId, PersonId, TeamId};
use tierdesk_domain::sla::{Metric, Subject};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::{Impact, Kind, ResolutionCode, Status, Urgency};
use tierdesk_store::queue::QueueCount;
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{PgConnection, attachment, queue, surroundings, team, ticket_clock, timeline};

use super::handover::{Offer, codes, qualities};
use crate::attachment::{File, Files};
use crate::clock_chip::ClockChip;
use crate::error::Written;
use crate::extract::Me;
use crate::filters;
use crate::form::Errors;
use crate::frame::Frame;
use crate::live::here;
use crate::moment::Moment;
use crate::navigation::queue_address;
use crate::timeline::{Entry, Reader};
use crate::visitor::initials;
use crate::{WebError, words};

/// The newest entries that a page shows.
pub(crate) const ENTRIES: i64 = 500;

/// What the form calls no category.
pub(super) const NO_CATEGORY: &str = "none";

/// The texts that people write into the page's forms, in the order of those, with the words beside them.
const WRITTEN: [(&str, &str); 9] = [
    ("body", "ticket.message"),
    ("known", "ticket.escalate_known"),
    ("tried", "ticket.escalate_tried"),
    ("evidence", "ticket.escalate_evidence"),
    ("ask", "ticket.escalate_ask"),
    ("bounce_reason", "ticket.bounce_reason"),
    ("reason", "ticket.hand_back_reason"),
    ("answer", "ticket.resolve_message"),
    ("why", "ticket.reopen_message"),
];

/// The texts among what was typed into one of the page's forms.
pub(super) fn written(typed: &HashMap<&'static str, String>) -> Vec<Written> {
    WRITTEN
        .iter()
        .filter_map(|(field, label)| {
            let words = typed.get(field).filter(|it| !it.trim().is_empty())?;
            Some(Written {
                field,
                label: t(label),
                words: words.clone(),
            })
        })
        .collect()
}

/// One option of a form.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) title: String,
    pub(crate) line: String,
    pub(crate) chosen: bool,
}

/// The requester as the panel shows them.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) initials: String,
    pub(crate) site: String,
    pub(crate) email: String,
    pub(crate) local_time: String,
    pub(crate) other_tickets: u64,
}

/// What was typed into the form that came back, by field.
#[derive(Debug, Default)]
pub(crate) struct Typed(pub(crate) HashMap<&'static str, String>);

impl Typed {
    /// The text of a field, or `""`.
    pub(crate) fn of(&self, field: &str) -> &str {
        self.0.get(field).map_or("", String::as_str)
    }
}

#[derive(Template)]
#[template(path = "ticket/workspace.html")]
pub(crate) struct Workspace {
    pub(crate) frame: Frame,
    pub(crate) number: i64,
    pub(crate) version: i32,
    title: String,
    status: Status,
    status_word: &'static str,
    status_slug: &'static str,
    priority: i16,
    tier: i16,
    queue: String,
    queue_address: String,
    kind: &'static str,
    channel: &'static str,
    category: String,
    filed: Moment,
    impact: &'static str,
    urgency: &'static str,
    assignee: String,
    assignee_initials: String,
    /// The assignee's id for forms that must not overwrite somebody else's choice, or `""`.
    pub(crate) expected: String,
    yours: bool,
    /// Whether routing gave it to the reader, who has yet to begin with it.
    may_begin: bool,
    requester: Person,
    clocks: Vec<ClockChip>,
    head_clocks: Vec<ClockChip>,
    /// Where the clocks are explained.
    clocks_address: String,
    next_title: String,
    next_line: String,
    entries: Vec<Entry>,
    counts: [u64; 5],
    cut: bool,
    /// The newest event this page knows, so that a conflict can show what came after it.
    seen: String,
    presence: String,
    /// The escalation path that asks for an acknowledgement, in words, or `""`.
    asks: String,
    /// Whether the reader may acknowledge.
    may_acknowledge: bool,
    /// Whether the requester chose P1 and nobody has confirmed it.
    unconfirmed: bool,
    /// Diagnostics that have not ended.
    running: Vec<crate::job::Line>,
    pub(crate) may_work: bool,
    may_note: bool,
    may_hand_back: bool,
    /// What the page offers about the hand-over that the ticket came with.
    handover: Offer,
    bounce_codes: Vec<Choice>,
    qualities: Vec<Choice>,
    /// Whether the bot is at work here and this reader may stop it.
    may_undo_bot: bool,
    /// Whether this reader may send the requester a link to a new password.
    may_send_reset: bool,
    who_acts: Vec<Choice>,
    targets: Vec<Choice>,
    impacts: Vec<Choice>,
    urgencies: Vec<Choice>,
    kinds: Vec<Choice>,
    categories: Vec<Choice>,
    codes: Vec<Choice>,
    reply_draft: String,
    note_draft: String,
    /// What goes with the message that is being written.
    attached: Files,
    /// `reply` or `note`.
    pub(crate) mode: &'static str,
    /// The dialog that the server opens again, or `""`.
    pub(crate) open: &'static str,
    pub(crate) errors: Errors,
    pub(crate) typed: Typed,
    /// What happened since the page was loaded, when somebody else was faster.
    pub(crate) meanwhile: Vec<Entry>,
    pub(crate) conflict: bool,
    /// Whether the reader tried what only those may do who work on the ticket now.
    pub(crate) out_of_reach: bool,
}

impl Workspace {
    /// Everything about a ticket that this reader may see.
    pub(crate) async fn load(
        desk: &Desk,
        conn: &mut PgConnection,
        me: &Me,
        ticket: Ticket,
        frame: Frame,
    ) -> Result<Self, WebError> {
        let who = &me.caller.who;
        let scope = authorize(who, Action::ReadInternal(ticket.facts()))?;
        let may_work = authorize(who, Action::WorkTicket(ticket.facts())).is_ok();
        let may_note = authorize(who, Action::AddNote(ticket.facts())).is_ok();
        let reader_id = me.visitor.principal.person;
        let keys = [Purpose::Reply(ticket.id), Purpose::Note(ticket.id)].map(Purpose::key);
        let form = FormId::composer(ticket.id);
        let drafts = [keys[0].as_str(), keys[1].as_str()];
        let around =
            surroundings::of_ticket(conn, &scope, &ticket, reader_id, drafts, form, frame.now)
                .await?
                .ok_or(WebError::NotFound)?;
        let [reply_draft, note_draft] = around
            .drafts
            .map(|draft| draft.filter(|_| may_note).unwrap_or_default());
        let teams: HashMap<TeamId, String> = around.teams.into_iter().collect();
        let presence = here(&around.present);
        let requester = Person {
            initials: initials(&around.requester),
            name: around.requester,
            site: around.site.unwrap_or_default(),
            email: around.email.unwrap_or_default(),
            local_time: local_time(&around.time_zone, &frame),
            other_tickets: around.others,
        };
        let assignee = around.assignee.unwrap_or_default();
        let events = timeline::all(conn, &scope, ticket.id, ENTRIES).await?;
        let rulebook = desk.rulebook(conn).await?;
        let about = Subject {
            priority: ticket.priority,
            kind: ticket.kind,
            category: ticket.category,
            organisation: ticket.organisation,
            vip: around.vip,
        };
        let kept = ticket_clock::of_ticket(conn, ticket.id).await?;
        let pick_up = kept.iter().find(|it| it.metric == Metric::PickUp.as_str());
        let waits_for_a_start = pick_up.is_some_and(|it| it.met_at.is_none());
        let clocks: Vec<_> = kept
            .iter()
            .map(|clock| ClockChip::of_ticket(clock, &about, &rulebook.book, frame.now, frame.zone))
            .collect();
        let running = if around.diagnosing {
            crate::job::unfinished(conn, ticket.id, may_work, &frame).await?
        } else {
            Vec::new()
        };
        let queues = if may_work {
            queue::all(conn).await?
        } else {
            Vec::new()
        };
        let engineers = if may_work {
            team::who_acts(conn, ticket.team, ticket.tier).await?
        } else {
            Vec::new()
        };
        let may_send_reset = may_work
            && ticket.status.is_open()
            && !ticket.bot_holds
            && around.has_password
            && frame.mails()
            && authorize(who, Action::SendReset(around.account)).is_ok();
        let may_undo_bot = may_work && around.bot.is_some_and(State::is_active);

        let files = if around.files {
            attachment::all(conn, &scope, ticket.id, (reader_id, form), frame.now).await?
        } else {
            Vec::new()
        };
        let (files, waiting): (Vec<File>, Vec<File>) = files
            .into_iter()
            .map(File::from)
            .partition(|file| file.event.is_some());
        let reader = Reader {
            now: frame.now,
            zone: frame.zone,
            requester: &requester.name,
            teams: &teams,
            files: &files,
            desk: true,
        };
        let entries = reader.read(&events);
        let team_name = teams.get(&ticket.team).cloned().unwrap_or_default();
        let yours = ticket.assignee == Some(reader_id);
        let (next_title, next_line) = next_step(&ticket, yours, &assignee, &requester.name, &frame);
        let asks = around.asks.filter(|_| ticket.status.is_open());
        let may_acknowledge = asks.as_ref().is_some_and(|it| it.reader || may_work);
        let asks = asks.map_or(String::new(), |it| {
            fill(
                "in_charge.asks_line",
                &[("level", &it.level), ("people", &it.people.join(", "))],
            )
        });
        let unconfirmed = tierdesk_desk::in_charge::waits_for_confirmation(
            &ticket,
            events
                .iter()
                .any(|event| event.kind == tierdesk_domain::timeline::EventKind::Priority),
        );
        let cut = events.len() as i64 >= ENTRIES;
        // Most tickets never moved; for those nobody needs to ask the database.
        let handed = cut
            || events
                .iter()
                .any(|event| event.kind == tierdesk_domain::timeline::EventKind::Escalated);
        let handover = Offer::of(&ticket, &events, reader_id, may_work);
        let may_hand_back = may_work
            && ticket.status.is_open()
            && handed
            && !handover.answer
            && has_way_back(conn, &ticket).await?;
        Ok(Self {
            may_hand_back,
            may_begin: yours && waits_for_a_start && !handover.answer,
            handover,
            bounce_codes: codes(),
            qualities: qualities(),
            number: ticket.number.0,
            clocks_address: format!("/tickets/{}/clocks", ticket.number.0),
            version: ticket.version,
            status: ticket.status,
            status_word: words::status(ticket.status),
            status_slug: words::status_slug(ticket.status),
            priority: ticket.priority.number(),
            tier: ticket.tier.number(),
            queue: format!("{} {team_name}", ticket.tier),
            queue_address: queue_address(ticket.tier, &team_name),
            kind: words::kind(ticket.kind),
            channel: words::channel(ticket.channel),
            categories: category_choices(&around.categories, around.category.as_deref(), &ticket),
            category: around.category.unwrap_or_default(),
            filed: frame.at(&ticket.created_at),
            impact: words::impact(ticket.impact),
            urgency: words::urgency(ticket.urgency),
            assignee_initials: initials(&assignee),
            expected: ticket.assignee.map(|id| id.to_string()).unwrap_or_default(),
            yours,
            head_clocks: clocks
                .iter()
                .filter(|chip| matches!(chip.state, "ok" | "risk" | "breached"))
                .take(2)
                .cloned()
                .collect(),
            clocks,
            next_title,
            next_line,
            counts: counts(&entries),
            cut,
            seen: events
                .last()
                .map(|event| event.id.to_string())
                .unwrap_or_default(),
            entries,
            presence,
            asks,
            may_acknowledge,
            unconfirmed,
            running,
            may_undo_bot,
            may_send_reset,
            may_work,
            may_note,
            who_acts: engineer_choices(engineers, reader_id, ticket.assignee),
            targets: target_choices(queues, &ticket),
            impacts: Impact::ALL
                .iter()
                .rev()
                .map(|it| choice(it.as_str(), words::impact(*it), *it == ticket.impact))
                .collect(),
            urgencies: Urgency::ALL
                .iter()
                .rev()
                .map(|it| choice(it.as_str(), words::urgency(*it), *it == ticket.urgency))
                .collect(),
            kinds: Kind::ALL
                .iter()
                .map(|it| choice(it.as_str(), words::kind(*it), *it == ticket.kind))
                .collect(),
            codes: ResolutionCode::ALL
                .iter()
                .filter(|it| **it != ResolutionCode::Withdrawn)
                .map(|it| choice(it.as_str(), words::code(*it), *it == ResolutionCode::Fixed))
                .collect(),
            mode: if may_work && ticket.status.is_open() {
                "reply"
            } else {
                "note"
            },
            reply_draft,
            note_draft,
            attached: Files {
                form: form.to_string(),
                waiting,
                action: format!("/tickets/{}/message", ticket.number.0),
            },
            open: "",
            errors: Errors::default(),
            typed: Typed::default(),
            meanwhile: Vec::new(),
            conflict: false,
            out_of_reach: false,
            title: ticket.title,
            assignee,
            requester,
            frame,
        })
    }

    /// Shows what happened after the event that the sender's page knew.
    pub(crate) fn show_conflict(&mut self, seen: &str) {
        self.conflict = true;
        let anchor = format!("e-{seen}");
        let from = self
            .entries
            .iter()
            .position(|entry| entry.id == anchor)
            .map_or(self.entries.len().saturating_sub(5), |at| at + 1);
        self.meanwhile = self.entries[from..].to_vec();
    }

    /// How many entries a page shows at most.
    pub(crate) fn shown() -> i64 {
        ENTRIES
    }

    fn may_reply(&self) -> bool {
        self.may_work && self.status.is_open()
    }

    fn may_reopen(&self) -> bool {
        self.may_work && self.status == Status::Resolved
    }

    /// Whether the form that came back is on the page as it is now.
    fn shows_form(&self) -> bool {
        match self.open {
            "" => self.may_note,
            "reopen" => self.may_reopen(),
            "hand-back" => self.may_reply() && self.may_hand_back,
            "bounce" => self.may_reply() && self.handover.answer,
            _ => self.may_reply(),
        }
    }

    /// What was written into a form that the page has no longer.
    fn written(&self) -> Vec<Written> {
        if self.shows_form() {
            return Vec::new();
        }
        written(&self.typed.0)
    }

    fn waits(&self) -> bool {
        matches!(self.status, Status::Pending | Status::OnHold)
    }

    /// The text of the composer: what came back, else the draft of the mode.
    fn composer_text(&self) -> &str {
        match (self.typed.of("body"), self.mode) {
            ("", "note") => &self.note_draft,
            ("", _) if self.reply_draft.is_empty() => &self.note_draft,
            ("", _) => &self.reply_draft,
            (typed, _) => typed,
        }
    }

    /// A draft of a note that stands alone opens as a note, and so do files of which nothing says what they are for, so that
    /// nothing is sent to the requester by mistake.
    fn is_note(&self) -> bool {
        self.mode == "note"
            || (self.typed.of("mode").is_empty()
                && self.reply_draft.is_empty()
                && (!self.note_draft.is_empty() || !self.attached.waiting.is_empty()))
    }
}

pub(super) fn choice(value: &str, title: &str, chosen: bool) -> Choice {
    Choice {
        value: value.to_owned(),
        title: title.to_owned(),
        line: String::new(),
        chosen,
    }
}

/// The requester's time of day and where that is.
fn local_time(zone: &str, frame: &Frame) -> String {
    let zone: chrono_tz::Tz = zone.parse().unwrap_or(frame.zone);
    format!(
        "{} {}",
        frame.now.with_timezone(&zone).format("%H:%M"),
        zone.name()
    )
}

fn engineer_choices(
    engineers: Vec<(PersonId, String)>,
    reader: PersonId,
    assignee: Option<PersonId>,
) -> Vec<Choice> {
    engineers
        .into_iter()
        .map(|(id, name)| Choice {
            value: id.to_string(),
            title: if id == reader {
                t("common.you").to_owned()
            } else {
                name
            },
            line: String::new(),
            chosen: assignee == Some(id),
        })
        .collect()
}

/// The categories that a ticket may have: those that are not retired, the one that it has, and none.
fn category_choices(
    categories: &[(CategoryId, String)],
    present: Option<&str>,
    ticket: &Ticket,
) -> Vec<Choice> {
    let offered = |id: &CategoryId| categories.iter().any(|it| it.0 == *id);
    let retired = ticket.category.filter(|id| !offered(id)).zip(present);
    let none = choice(
        NO_CATEGORY,
        t("ticket.no_category"),
        ticket.category.is_none(),
    );
    categories
        .iter()
        .map(|(id, name)| (*id, name.as_str()))
        .chain(retired)
        .map(|(id, name)| choice(&id.to_string(), name, ticket.category == Some(id)))
        .chain([none])
        .collect()
}

/// Where a ticket can be escalated to: every queue at its tier or above, but its own.
fn target_choices(queues: Vec<QueueCount>, ticket: &Ticket) -> Vec<Choice> {
    let mut targets: Vec<_> = queues
        .into_iter()
        .filter(|it| it.tier >= ticket.tier && (it.team, it.tier) != (ticket.team, ticket.tier))
        .collect();
    // The own team's next tier is what is meant most often.
    targets.sort_by_key(|it| (it.team != ticket.team, it.tier));
    targets
        .into_iter()
        .enumerate()
        .map(|(i, it)| Choice {
            value: format!("{}:{}", it.team, it.tier),
            title: format!("{} {}", it.tier, it.team_name),
            line: tierdesk_domain::text::count("ticket.assign_open", it.open),
            chosen: i == 0,
        })
        .collect()
}

/// Who has it, what it waits for: the strip above the timeline.
fn next_step(
    ticket: &Ticket,
    yours: bool,
    assignee: &str,
    requester: &str,
    frame: &Frame,
) -> (String, String) {
    let owner = match (yours, assignee) {
        (true, _) => t("ticket.next_yours").to_owned(),
        (false, "") => t("ticket.next_take").to_owned(),
        (false, name) => fill("ticket.next_other", &[("name", &name)]),
    };
    match ticket.status {
        Status::Closed => (t("ticket.next_closed").to_owned(), String::new()),
        Status::Resolved => match ticket.auto_close_at {
            Some(at) => (
                fill("ticket.next_closes", &[("time", &frame.at(&at).short)]),
                String::new(),
            ),
            None => (words::status(ticket.status).to_owned(), String::new()),
        },
        Status::Pending => (fill("ticket.next_waits", &[("name", &requester)]), owner),
        Status::OnHold => (t("ticket.next_hold").to_owned(), owner),
        Status::New | Status::Open if ticket.bot_holds => {
            (t("ticket.next_bot").to_owned(), String::new())
        }
        Status::New | Status::Open => match (&ticket.next_clock, ticket.next_clock_at) {
            (Some(clock), Some(at)) if clock.ends_with("response") => {
                let by = fill("ticket.clock_by", &[("time", &frame.at(&at).short)]);
                (
                    fill("ticket.next_answer", &[("name", &requester), ("by", &by)]),
                    owner,
                )
            }
            (Some(_), Some(at)) => (
                owner,
                fill("ticket.next_resolve", &[("time", &frame.at(&at).short)]),
            ),
            _ if assignee.is_empty() => (owner, t("ticket.next_take_advice").to_owned()),
            _ => (owner, String::new()),
        },
    }
}

/// Everything, conversation, internal, diagnostics, changes: the numbers on the filters.
fn counts(entries: &[Entry]) -> [u64; 5] {
    let of = |kinds: &[&str]| {
        entries
            .iter()
            .filter(|entry| kinds.contains(&entry.kind))
            .count() as u64
    };
    [
        entries.len() as u64,
        of(&["ask", "reply"]),
        of(&["note", "handover"]),
        of(&["diag"]),
        of(&["event", "handover", "bot"]),
    ]
}
