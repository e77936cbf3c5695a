//! Telling people on the desk's side what happened: in the application, by mail, or both, as each of them chose. Written
//! in the transaction of what happened (law 1).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tierdesk_domain::escalation::{MAX_NOTICES, Share};
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::{DocumentId, EventId, PersonId, TicketId};
use tierdesk_domain::notification::{Channel, NotificationKind};
use tierdesk_domain::text::fill;
use tierdesk_store::notification::{self, Listed, NewNotification};
use tierdesk_store::rate_limit;
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::work::Mail;
use crate::{Caller, Desk, Work};

/// How long notifications are kept.
const KEPT: TimeDelta = TimeDelta::days(180);
/// How many are thrown away in one go.
const SWEPT: i64 = 10_000;

/// What people are told.
#[derive(Debug, Clone)]
pub struct Telling {
    /// What.
    pub kind: NotificationKind,
    /// About which ticket.
    pub ticket: Option<TicketId>,
    /// About which event.
    pub event: Option<EventId>,
    /// Harmless facts for the sentence.
    pub data: Value,
    /// The path that asks for an acknowledgement.
    pub in_charge: Option<Uuid>,
    /// Where, when that is not theirs to choose.
    pub channel: Option<Channel>,
}

impl Telling {
    /// Something that happened to a ticket.
    pub(crate) fn of(kind: NotificationKind, ticket: TicketId, event: EventId) -> Self {
        Self {
            kind,
            ticket: Some(ticket),
            event: Some(event),
            data: json!({}),
            in_charge: None,
            channel: None,
        }
    }
}

impl Work<'_> {
    /// Tells people what a document, a rule or the promises, wants them to know. Of each share a person hears so much by one
    /// of them at once ([`MAX_NOTICES`]), then one every three minutes; the notice at the limit says that there are more. What
    /// asks for an acknowledgement still shows in the application, where one gives it. What is of no share always goes out.
    /// What a rule does to tickets is not limited, and their timelines say it.
    pub(crate) async fn tell_within_limits(
        &mut self,
        by: DocumentId,
        people: &[PersonId],
        mut telling: Telling,
        share: Option<Share>,
    ) -> Result<()> {
        let Some(share) = share else {
            return self.tell(people, telling).await;
        };
        let now = self.now;
        let (mut within, mut at_limit, mut beyond) = (Vec::new(), Vec::new(), Vec::new());
        // In one order for everybody: two workers never wait for each other in a circle.
        for person in people.iter().copied().collect::<BTreeSet<_>>() {
            let key = format!("{by}:{person}:{share}");
            let full = f64::from(MAX_NOTICES);
            let hour = 3600.0;
            if rate_limit::take(self.conn(), "rule.notice", &key, full, hour / full, now)
                .await?
                .is_none()
            {
                within.push(person);
            } else if rate_limit::take(self.conn(), "rule.more", &key, 1.0, hour, now)
                .await?
                .is_none()
            {
                at_limit.push(person);
            } else {
                beyond.push(person);
            }
        }
        self.tell(&within, telling.clone()).await?;
        if telling.in_charge.is_some() {
            let channel = Some(Channel::App);
            let quiet = Telling {
                channel,
                ..telling.clone()
            };
            self.tell(&beyond, quiet).await?;
        }
        telling.data["more"] = json!(true);
        if let Some(because) = telling.data["because"].as_str() {
            let more = match telling.in_charge {
                Some(_) => "escalation.more_in_charge",
                None => "escalation.more",
            };
            telling.data["because"] = json!(fill(more, &[("because", &because)]));
        }
        self.tell(&at_limit, telling).await
    }

    /// Tells active people something, each where they want to be told. Nobody is told about what they did themselves.
    pub(crate) async fn tell(&mut self, people: &[PersonId], telling: Telling) -> Result<()> {
        let doer = self.caller().person_id();
        let people: Vec<_> = people
            .iter()
            .copied()
            .filter(|it| Some(*it) != doer)
            .collect();
        if people.is_empty() {
            return Ok(());
        }
        let chosen = notification::channels(self.conn(), &people, telling.kind).await?;
        let channels: BTreeMap<_, _> = chosen
            .into_iter()
            .map(|(person, chosen)| {
                let channel = telling.channel.or(chosen);
                (person, channel.unwrap_or(telling.kind.channel()))
            })
            .collect();
        let shown = channels.iter().filter(|(_, channel)| channel.shows());
        for person in shown.map(|(person, _)| *person) {
            self.outcome.told.push(NewNotification {
                person,
                kind: telling.kind,
                ticket: telling.ticket,
                event: telling.event,
                in_charge: telling.in_charge,
                data: telling.data.clone(),
            });
            self.announce(notification::PERSON, person.to_string());
        }
        let Some(kind) = telling.kind.mail() else {
            return Ok(());
        };
        for (to, _) in channels.iter().filter(|(_, channel)| channel.mails()) {
            self.mail(Mail {
                kind,
                to: *to,
                ticket: telling.ticket,
                event: telling.event,
                data: telling.data.clone(),
                secret: None,
            })
            .await?;
        }
        Ok(())
    }
    /// A ticket is over: what anybody was told about it wants nothing of them any more and leaves their bell. The list keeps it.
    pub(crate) async fn settle_ticket(&mut self, ticket: TicketId) -> Result<()> {
        let now = self.now;
        let whose = notification::settle_ticket(self.conn(), ticket, now).await?;
        self.ring_anew(&whose);
        Ok(())
    }

    /// The same for what a path told these people, or everybody where none are named.
    pub(crate) async fn settle_path(
        &mut self,
        path: Uuid,
        people: Option<&[PersonId]>,
    ) -> Result<()> {
        let now = self.now;
        let whose = notification::settle_path(self.conn(), path, people, now).await?;
        self.ring_anew(&whose);
        Ok(())
    }

    /// Open pages of these people ask again what their bell shows.
    fn ring_anew(&mut self, people: &[PersonId]) {
        for person in people {
            self.announce(notification::PERSON, person.to_string());
        }
    }
}

impl Desk {
    /// A page of the caller's notifications, newest first, after the given key. What they may no longer read of a ticket is
    /// not in it.
    pub async fn notifications(
        &self,
        caller: &Caller,
        after: Option<(DateTime<Utc>, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Listed>> {
        let person = caller.person_id().ok_or(DeskError::Denied)?;
        let scope = self.scope(caller)?;
        let mut conn = self.acquire().await?;
        Ok(notification::page(&mut conn, &scope, person, after, limit).await?)
    }

    /// Marks one of the caller's notifications as read, or all of them.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for one that is not theirs.
    pub async fn read_notifications(
        &self,
        caller: &Caller,
        one: Option<Uuid>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let person = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin(caller, now).await?;
        if let Some(id) = one
            && !notification::is_of(work.conn(), person, id).await?
        {
            return Err(DeskError::NotFound);
        }
        notification::mark_read(work.conn(), person, one, now).await?;
        tierdesk_store::notify(work.conn(), notification::PERSON, &person.to_string()).await?;
        work.commit().await
    }

    /// Where the caller is told of each kind that they may choose for.
    pub async fn notification_choices(
        &self,
        caller: &Caller,
    ) -> Result<Vec<(NotificationKind, Channel)>> {
        let person = caller.person_id().ok_or(DeskError::Denied)?;
        let mut conn = self.acquire().await?;
        let chosen: BTreeMap<_, _> = notification::choices(&mut conn, person)
            .await?
            .into_iter()
            .collect();
        let kinds = NotificationKind::ALL.iter().filter(|it| it.is_a_choice());
        Ok(kinds
            .map(|kind| {
                let channel = chosen.get(kind).copied();
                (*kind, channel.unwrap_or(kind.channel()))
            })
            .collect())
    }

    /// Writes where the caller wants to be told.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for a kind that nobody may choose for.
    pub async fn choose_notifications(
        &self,
        caller: &Caller,
        choices: &[(NotificationKind, Channel)],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let person = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin(caller, now).await?;
        for (kind, channel) in choices {
            if !kind.is_a_choice() {
                return Err(vec![FieldError::new("channel", "error.choose_one")].into());
            }
            notification::choose(work.conn(), person, *kind, *channel).await?;
        }
        let chosen: BTreeMap<_, _> = choices
            .iter()
            .map(|(kind, channel)| (kind.as_str(), channel.as_str()))
            .collect();
        work.audit(
            "person.chose_notifications",
            "person",
            &person.to_string(),
            json!(chosen),
        );
        work.commit().await
    }

    /// Throws away old notifications. Returns how many.
    pub async fn sweep_notifications(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut conn = self.acquire().await?;
        Ok(notification::sweep(&mut conn, now - KEPT, SWEPT).await?)
    }
}
