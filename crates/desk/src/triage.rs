//! Triage: the first look at every new ticket, before a human sees it.
//!
//! The decision is an event that names the rule document, its version, every rule that fired and the very words, and who
//! can undo it. A deadline of its own makes sure that a ticket reaches people whatever becomes of the bot.

use serde_json::{Value, json};
use tierdesk_domain::authorize::Action;
use tierdesk_domain::bot::{self, Identity, Plan, ResetFacts, State};
use tierdesk_domain::id::{DocumentId, TicketId};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::{Channel, Priority, Status};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_domain::triage::{Decision, Fired, Intent, RuleBook, RuleDocument, decide};
use tierdesk_store::bot::{self as memory, Case};
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::ticket::Ticket;
use uuid::Uuid;

use crate::Work;
use crate::bot::{BOT, TRIAGE, TRIAGE_DEADLINE, probing, reset};
use crate::error::{DeskError, Result};

/// The kind of the rules' documents in the table of configuration.
const RULES: &str = "triage_rules";

/// Stores the rules that ship with the product: where none are stored, and as the next version where only older shipped
/// ones are. Rules that somebody wrote stay as they are.
pub(crate) async fn install(work: &mut Work<'_>) -> Result<()> {
    let stored = configuration::current::<RuleDocument>(work.conn(), RULES).await?;
    let body: RuleDocument =
        serde_json::from_str(RuleBook::standard_document()).map_err(|error| {
            DeskError::Broken(format!("the shipped triage rules cannot be read: {error}"))
        })?;
    let (id, version) = match stored.as_slice() {
        [] => (DocumentId(Uuid::now_v7()), 1),
        [one]
            if one.author.is_none()
                && one.body.id == body.id
                && one.body.version < body.version =>
        {
            (one.id, one.version + 1)
        }
        _ => return Ok(()),
    };
    let document = Document {
        id,
        version,
        name: body.id.clone(),
        active: true,
        valid_from: work.now,
        author: None,
        body,
    };
    configuration::insert(work.conn(), RULES, &document).await?;
    Ok(())
}

/// The rules in force, with the document they are kept in; the shipped ones where nobody stored any.
async fn rules(work: &mut Work<'_>) -> Result<(Option<(DocumentId, i32)>, RuleBook)> {
    let now = work.now;
    let stored = configuration::current::<RuleDocument>(work.conn(), RULES).await?;
    let broken = |error| DeskError::Broken(format!("the triage rules cannot be used: {error}"));
    match stored
        .into_iter()
        .find(|it| it.active && it.valid_from <= now)
    {
        Some(document) => {
            let cited = (document.id, document.version);
            Ok((
                Some(cited),
                RuleBook::compile(document.body).map_err(broken)?,
            ))
        }
        None => Ok((None, RuleBook::standard().map_err(broken)?)),
    }
}

/// Looks at a new ticket and does what policy allows. Doing it again changes nothing.
pub(crate) async fn look(work: &mut Work<'_>, id: TicketId) -> Result<()> {
    let mut ticket = match work.ticket(id, Action::WorkTicket).await {
        Err(DeskError::NotFound) => return Ok(()),
        other => other?,
    };
    if !ticket.bot_holds
        || ticket.status != Status::New
        || memory::case(work.conn(), id).await?.is_some()
    {
        return Ok(());
    }
    let (cited, book) = rules(work).await?;
    let description = memory::description(work.conn(), id).await?;
    let decision = decide(&book, &ticket.title, &description);
    let facts = reset_facts(work, &ticket).await?;
    let plan = bot::plan(&decision, &facts, work.now);
    record(work, &ticket, &decision, cited, plan).await?;
    work.clear_timer(TRIAGE_DEADLINE, id.0).await?;
    let mut case = Case {
        ticket: id,
        requester: ticket.requester,
        state: State::Idle,
        intent: decision.intent,
        target: None,
        probes: Vec::new(),
        asks_read: 0,
        started_at: work.now,
        updated_at: work.now,
    };
    match plan {
        // It would wait for its requester, where nobody sees it.
        Plan::StartReset if ticket.priority == Priority::P1 => {
            case.state = State::HandedOver;
            crate::bot::say(work, &ticket, t("bot.passed_on")).await?;
            crate::bot::pass_on(work, &mut ticket, t("bot.urgent_why")).await?;
        }
        Plan::StartReset => reset::start(work, &mut ticket, &mut case).await?,
        Plan::Connectivity => probing::begin(work, &mut ticket, &mut case, &description).await?,
        Plan::RefuseReset(refusal) => {
            case.state = State::HandedOver;
            crate::bot::say(work, &ticket, t("bot.reset_refused")).await?;
            crate::bot::pass_on(work, &mut ticket, refusal.sentence()).await?;
        }
        Plan::Leave => ticket.bot_holds = false,
    }
    memory::save(work.conn(), &case).await?;
    work.save(&mut ticket, false).await
}

/// The bot did not look in time: the ticket goes to people as it is, and its timeline says so.
pub(crate) async fn overdue(work: &mut Work<'_>, id: TicketId) -> Result<()> {
    let mut ticket = match work.ticket(id, Action::WorkTicket).await {
        Err(DeskError::NotFound) => return Ok(()),
        other => other?,
    };
    if !ticket.bot_holds || memory::case(work.conn(), id).await?.is_some() {
        return Ok(());
    }
    work.clear_timer(TRIAGE, id.0).await?;
    work.clear_timer(BOT, id.0).await?;
    crate::bot::pass_on(work, &mut ticket, t("bot.late")).await?;
    work.save(&mut ticket, false).await
}

/// Everything that policy asks about a reset for the ticket's requester: from what is on file, never from the text.
pub(crate) async fn reset_facts(work: &mut Work<'_>, ticket: &Ticket) -> Result<ResetFacts> {
    let since = work.now - bot::PER_DAY_WINDOW;
    let account = memory::account(work.conn(), ticket.requester)
        .await?
        .ok_or(DeskError::NotFound)?;
    let started = memory::resets_since(work.conn(), ticket.requester, since).await?;
    Ok(ResetFacts {
        requester: ticket.requester,
        account: ticket.requester,
        identity: match ticket.channel {
            Channel::Web => Identity::SignedIn,
            Channel::SignInHelp => Identity::AddressGiven,
            Channel::Mail | Channel::Api | Channel::Alert | Channel::Import => Identity::Unproven,
        },
        kind: account.kind,
        active: account.active,
        has_password: account.password.is_some(),
        engineer: account.engineer,
        manager: account.manager,
        administrator: account.administrator,
        address: account.address,
        started,
        mails: work.desk().settings.mail.leads_somewhere(),
    })
}

/// Writes the decision to the timeline, with everything it was made from.
async fn record(
    work: &mut Work<'_>,
    ticket: &Ticket,
    decision: &Decision,
    cited: Option<(DocumentId, i32)>,
    plan: Plan,
) -> Result<()> {
    let says = match (plan, decision.intent) {
        (Plan::RefuseReset(refusal), _) => {
            fill("bot.says_refused", &[("why", &refusal.sentence())])
        }
        (_, Intent::PasswordReset) => t("bot.says_password").to_owned(),
        (_, Intent::Connectivity) => t("bot.says_connectivity").to_owned(),
        (_, Intent::None) => t("bot.says_none").to_owned(),
    };
    let fact = |label: &str, value: String| json!({"label": label, "value": value});
    let rules = fill(
        "bot.fact_rules_value",
        &[("name", &decision.document), ("version", &decision.version)],
    );
    let score = fill(
        "bot.fact_score_value",
        &[
            ("password", &decision.password_reset),
            ("connection", &decision.connectivity),
            ("needed", &decision.threshold),
        ],
    );
    let mut facts = vec![
        fact(t("bot.fact_rules"), rules),
        fact(t("bot.fact_score"), score),
    ];
    if !decision.against.is_empty() {
        let against = decision
            .against
            .iter()
            .map(said)
            .collect::<Vec<_>>()
            .join("; ");
        facts.push(fact(t("bot.fact_against"), against));
    }
    if !decision.hints.is_empty() {
        let hints = decision
            .hints
            .iter()
            .map(|hint| hint.words())
            .collect::<Vec<_>>()
            .join(", ");
        facts.push(fact(t("bot.fact_hints"), hints));
    }
    if plan != Plan::Leave {
        facts.push(fact(
            t("bot.fact_undo"),
            t("bot.fact_undo_value").to_owned(),
        ));
    }
    let leading = decision.leading();
    let words: Vec<&str> = leading
        .into_iter()
        .flat_map(|fired| fired.words.iter().map(|quote| quote.text.as_str()))
        .collect();
    let data = json!({
        "intent": decision.intent,
        "rule": leading.map(|fired| &fired.rule),
        "words": words,
        "says": says,
        "version": decision.version,
        "document": cited.map(|(id, version)| json!({"id": id, "version": version})),
        "facts": facts,
        "decision": serde_json::to_value(decision).unwrap_or(Value::Null),
    });
    work.event(ticket, EventKind::Triage, Visibility::Internal, None, data)
        .await?;
    work.audit(
        "ticket.triaged",
        "ticket",
        &ticket.number.0.to_string(),
        json!({"intent": decision.intent, "rule": leading.map(|fired| &fired.rule), "version": decision.version}),
    );
    Ok(())
}

fn said(fired: &Fired) -> String {
    let words = fired
        .words
        .iter()
        .map(|quote| format!("“{}”", quote.text))
        .collect::<Vec<_>>()
        .join(" ");
    format!("{}: {words}", fired.rule)
}
