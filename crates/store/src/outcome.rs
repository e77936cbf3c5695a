//! What an action leaves behind besides what it is about: written at its end, in one statement, because each statement of
//! its own costs as much as the rows that it writes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::tally::{Counts, NO_DAY};
use uuid::Uuid;

use crate::audit::Entry;
use crate::clock::Projection;
use crate::draft::Sent;
use crate::notification::NewNotification;
use crate::outbox::NewMail;
use crate::tally::{Cell, delta};
use crate::ticket::NewTicket;
use crate::timeline::NewEvent;
use crate::{Result, timer};

/// A ticket that was filed, entries of timelines, rows of the audit log, mails, notifications, counts, clocks, deadlines and
/// notices.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The ticket that was filed.
    pub filed: Option<NewTicket>,
    /// Entries of timelines, in their order.
    pub events: Vec<NewEvent>,
    /// The form that was sent.
    pub sent: Option<Sent>,
    /// Rows of the audit log, in their order.
    pub audit: Vec<Entry>,
    /// Mails for the outbox. The same mail to the same address is put there once.
    pub mails: Vec<NewMail>,
    /// What people are told in the application.
    pub told: Vec<NewNotification>,
    /// What is added to counts of queues; in their order, so that two writers never wait for each other in a circle.
    pub counts: BTreeMap<Cell, i64>,
    /// What dashboards count, by the time it belongs to and the place.
    pub deltas: BTreeMap<(DateTime<Utc>, delta::Place), Counts>,
    /// Clocks as they are now, by ticket, metric and ordinal.
    pub clocks: BTreeMap<(TicketId, &'static str, i32), Projection>,
    /// Deadlines that are set, or moved if they exist.
    pub deadlines: BTreeMap<timer::Key<'static>, DateTime<Utc>>,
    /// Who is told after the commit, by channel and payload; what is said twice is heard once.
    pub notices: BTreeSet<(&'static str, String)>,
}

impl Outcome {
    fn is_empty(&self) -> bool {
        self.filed.is_none()
            && self.events.is_empty()
            && self.sent.is_none()
            && self.audit.is_empty()
            && self.mails.is_empty()
            && self.told.is_empty()
            && self.counts.is_empty()
            && self.deltas.is_empty()
            && self.clocks.is_empty()
            && self.deadlines.is_empty()
            && self.notices.is_empty()
    }

    /// Writes all of it, and says how many files the form brought that was sent. `ip` and `request_id` say from where the
    /// action came.
    ///
    /// # Errors
    /// When the database does not answer, or something names a person, ticket or event that is not there.
    pub async fn write(
        mut self,
        conn: &mut PgConnection,
        (ip, request_id): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<u64> {
        self.counts.retain(|_, n| *n != 0);
        self.deltas.retain(|_, counts| !counts.is_empty());
        if self.is_empty() {
            return Ok(0);
        }
        let place = |of: fn(&delta::Place) -> Option<Uuid>| {
            list(self.deltas.keys(), |(_, it)| of(it).unwrap_or_default())
        };
        let clock =
            |time: fn(&Projection) -> Option<DateTime<Utc>>| list(self.clocks.values(), time);
        let sent = self.sent.as_ref();
        let (ticket, description) = self.filed.map(|it| (it.ticket, it.description)).unzip();
        let ticket = ticket.as_ref();
        // Each connection adds to a shard of its own, as far as there are as many, so that writers do not wait for each other.
        // The description of a ticket is searched through the ticket; messages and notes through their entry.
        let files = sqlx::query_scalar!(
            r#"with written as (
                   insert into audit (at, actor_kind, actor_id, on_behalf_of, action, object_kind, object_id, detail, ip, request_id)
                   select $1, actor_kind, actor, on_behalf_of, action, object_kind, object, detail, $2, $3
                   from unnest($4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::jsonb[]) with ordinality
                        as it (actor_kind, actor, on_behalf_of, action, object_kind, object, detail, position)
                   order by position),
               mailed as (
                   insert into outbox (id, mail_id, kind, person_id, address, header, ticket_id, event_id, message_id, data, sealed, created_at, send_after)
                   select id, mail, kind, person, address, header, ticket, event, message, data, sealed, $1, $1
                   from unnest($11::uuid[], $12::uuid[], $13::text[], $14::uuid[], $15::text[], $16::text[], $17::uuid[], $18::uuid[],
                               $19::text[], $20::jsonb[], $21::bytea[])
                        as it (id, mail, kind, person, address, header, ticket, event, message, data, sealed)
                   on conflict (mail_id, address) do nothing),
               counted as (
                   insert into tally (day, team_id, tier, priority, measure, n, shard)
                   select $22::date, team, tier, priority, measure, n, pg_backend_pid() % 16
                   from unnest($23::uuid[], $24::smallint[], $25::smallint[], $26::text[], $27::bigint[]) with ordinality
                        as it (team, tier, priority, measure, n, position)
                   order by position
                   on conflict (measure, day, team_id, tier, priority, shard) do update set n = tally.n + excluded.n),
               kept as (
                   insert into tally_delta (id, at, team_id, tier, priority, category_id, organisation_id, person_id, counts)
                   select * from unnest($28::uuid[], $29::timestamptz[], $30::uuid[], $31::smallint[], $32::smallint[], $33::uuid[],
                                        $34::uuid[], $35::uuid[], $36::bytea[])),
               clocked as (
                   insert into ticket_clock (ticket_id, metric, cycle, state, target_seconds, due_at, risk_at, met_at, breached_at,
                                             warned_at, policy_id, policy_version)
                   select * from unnest($37::uuid[], $38::text[], $39::integer[], $40::text[], $41::bigint[], $42::timestamptz[],
                                        $43::timestamptz[], $44::timestamptz[], $45::timestamptz[], $46::timestamptz[], $47::uuid[], $48::integer[])
                   on conflict (ticket_id, metric, cycle) do update
                   set state = excluded.state, target_seconds = excluded.target_seconds, due_at = excluded.due_at,
                       risk_at = excluded.risk_at, met_at = excluded.met_at, breached_at = excluded.breached_at,
                       warned_at = excluded.warned_at, policy_id = excluded.policy_id, policy_version = excluded.policy_version),
               due as (
                   insert into timer (kind, object_id, cycle, fires_at)
                   select * from unnest($49::text[], $50::uuid[], $51::integer[], $52::timestamptz[])
                   on conflict (kind, object_id, cycle) do update set fires_at = excluded.fires_at, data = excluded.data, attempts = 0),
               entry as (
                   select * from unnest($53::uuid[], $54::uuid[], $55::text[], $56::text[], $57::text[], $58::uuid[], $59::uuid[], $60::integer[],
                                        $61::uuid[], $62::smallint[], $63::smallint[], $64::uuid[], $65::uuid[], $66::uuid[], $67::text[], $68::jsonb[])
                        as it (id, ticket, kind, visibility, actor_kind, actor, on_behalf_of, cycle,
                               team, tier, priority, category, organisation, content, body, data)),
               worded as (
                   insert into content (id, format, body, hash)
                   select content, 'markdown', body, sha256(convert_to(body, 'UTF8')) from entry where content is not null),
               happened as (
                   insert into event (id, ticket_id, at, kind, visibility, actor_kind, actor_id, on_behalf_of, cycle, team_id, tier, priority,
                                      category_id, organisation_id, content_id, data, search)
                   select id, ticket, $1, kind, visibility, actor_kind, actor, on_behalf_of, cycle, team, tier, priority,
                          category, organisation, content, data,
                          case when kind <> 'opened' then to_tsvector('english', left(body, 100000)) end
                   from entry),
               told as (
                   insert into notification (id, person_id, kind, ticket_id, event_id, in_charge_id, data, created_at)
                   select *, $1 from unnest($69::uuid[], $70::uuid[], $71::text[], $72::uuid[], $73::uuid[], $74::uuid[], $75::jsonb[])),
               forgotten as (
                   delete from draft where person_id = $76 and purpose = $77),
               given as (
                   update attachment set ticket_id = $79, event_id = $80, visibility = $81, draft_id = null, expires_at = null
                   where uploader_id = $76 and draft_id = $78 and expires_at > $1
                   returning id),
               noticed as (
                   select count(pg_notify(channel, payload)) as n from unnest($82::text[], $83::text[]) as it (channel, payload)),
               filed as (
                   insert into ticket (id, number, kind, title, status, impact, urgency, priority, category_id, team_id, tier, requester_id,
                                       organisation_id, host_id, channel, bot_holds, created_at, updated_at, next_clock_at, next_clock,
                                       sla_policy_id, sla_policy_version, next_risk_at, next_clock_risk_at, next_clock_seconds, vip, search)
                   select $84, $85, $86, $87, 'new', $88, $89, $90, $91, $92, $93, $94, $95, $96, $97, $98, $1, $1,
                          coalesce($99::timestamptz, 'infinity'), $100, $101, $102, coalesce($103::timestamptz, 'infinity'), $104, $105,
                          (select vip from person where person.id = $94),
                          setweight(to_tsvector('english', $87), 'A') || setweight(to_tsvector('english', left($106, 100000)), 'B')
                   where $84::uuid is not null)
               select (select count(*) from given) as "files!" from noticed"#,
            now,
            ip,
            request_id,
            &list(&self.audit, |it| it.actor.kind.as_str().to_owned()),
            &list(&self.audit, |it| it.actor.id) as &[Option<Uuid>],
            &list(&self.audit, |it| it.actor.on_behalf_of.map(|it| it.0)) as &[Option<Uuid>],
            &list(&self.audit, |it| it.action.clone()),
            &list(&self.audit, |it| it.object_kind.clone()),
            &list(&self.audit, |it| it.object_id.clone()),
            &list(&self.audit, |it| it.detail.clone()),
            &list(&self.mails, |_| Uuid::now_v7()),
            &list(&self.mails, |it| it.mail_id),
            &list(&self.mails, |it| it.kind.as_str().to_owned()),
            &list(&self.mails, |it| it.person.0),
            &list(&self.mails, |it| it.address.clone()),
            &list(&self.mails, |it| if it.reads_along { "cc" } else { "to" }.to_owned()),
            &list(&self.mails, |it| it.ticket.map(|it| it.0)) as &[Option<Uuid>],
            &list(&self.mails, |it| it.event.map(|it| it.0)) as &[Option<Uuid>],
            &list(&self.mails, |it| it.message_id.clone()),
            &list(&self.mails, |it| it.data.clone()),
            &list(&self.mails, |it| it.sealed.clone()) as &[Option<Vec<u8>>],
            NO_DAY,
            &list(self.counts.keys(), |it| it.team.0),
            &list(self.counts.keys(), |it| it.tier.number()),
            &list(self.counts.keys(), |it| it.priority.number()),
            &list(self.counts.keys(), |it| it.standing.as_str().to_owned()),
            &list(self.counts.values(), |n| *n),
            &list(self.deltas.keys(), |_| Uuid::now_v7()),
            &list(self.deltas.keys(), |(at, _)| *at),
            &place(|it| Some(it.team.0)),
            &list(self.deltas.keys(), |(_, it)| it.tier.number()),
            &list(self.deltas.keys(), |(_, it)| it.priority.number()),
            &place(|it| it.category.map(|it| it.0)),
            &place(|it| it.organisation.map(|it| it.0)),
            &place(|it| it.person.map(|it| it.0)),
            &list(self.deltas.values(), Counts::encode),
            &list(self.clocks.keys(), |(ticket, ..)| ticket.0),
            &list(self.clocks.keys(), |(_, metric, _)| (*metric).to_owned()),
            &list(self.clocks.keys(), |(.., ordinal)| *ordinal),
            &list(self.clocks.values(), |it| it.state.to_owned()),
            &list(self.clocks.values(), |it| it.target_seconds),
            &clock(|it| it.due_at) as &[Option<DateTime<Utc>>],
            &clock(|it| it.risk_at) as &[Option<DateTime<Utc>>],
            &clock(|it| it.met_at) as &[Option<DateTime<Utc>>],
            &clock(|it| it.breached_at) as &[Option<DateTime<Utc>>],
            &clock(|it| it.warned_at) as &[Option<DateTime<Utc>>],
            &list(self.clocks.values(), |it| it.policy.0.0),
            &list(self.clocks.values(), |it| it.policy.1),
            &list(self.deadlines.keys(), |(kind, _, _)| (*kind).to_owned()),
            &list(self.deadlines.keys(), |(_, object, _)| *object),
            &list(self.deadlines.keys(), |(_, _, cycle)| *cycle),
            &list(self.deadlines.values(), |at| *at),
            &list(&self.events, |it| it.id.0),
            &list(&self.events, |it| it.ticket.0),
            &list(&self.events, |it| it.kind.as_str().to_owned()),
            &list(&self.events, |it| it.visibility.as_str().to_owned()),
            &list(&self.events, |it| it.actor.kind.as_str().to_owned()),
            &list(&self.events, |it| it.actor.id) as &[Option<Uuid>],
            &list(&self.events, |it| it.actor.on_behalf_of.map(|it| it.0)) as &[Option<Uuid>],
            &list(&self.events, |it| it.cycle),
            &list(&self.events, |it| it.team.0),
            &list(&self.events, |it| it.tier.number()),
            &list(&self.events, |it| it.priority.number()),
            &list(&self.events, |it| it.category.map(|it| it.0)) as &[Option<Uuid>],
            &list(&self.events, |it| it.organisation.map(|it| it.0)) as &[Option<Uuid>],
            &list(&self.events, |it| it.body.as_ref().map(|_| Uuid::now_v7())) as &[Option<Uuid>],
            &list(&self.events, |it| it.body.clone()) as &[Option<String>],
            &list(&self.events, |it| it.data.clone()),
            &list(&self.told, |_| Uuid::now_v7()),
            &list(&self.told, |it| it.person.0),
            &list(&self.told, |it| it.kind.as_str().to_owned()),
            &list(&self.told, |it| it.ticket.map(|it| it.0)) as &[Option<Uuid>],
            &list(&self.told, |it| it.event.map(|it| it.0)) as &[Option<Uuid>],
            &list(&self.told, |it| it.in_charge) as &[Option<Uuid>],
            &list(&self.told, |it| it.data.clone()),
            sent.map(|it| it.person.0),
            sent.map(|it| it.purpose.as_str()),
            sent.and_then(|it| it.files).map(|it| it.0),
            sent.map(|it| it.ticket.0),
            sent.map(|it| it.event.0),
            sent.map(|it| it.visibility.as_str()),
            &list(&self.notices, |(channel, _)| (*channel).to_owned()),
            &list(&self.notices, |(_, payload)| payload.clone()),
            ticket.map(|it| it.id.0),
            ticket.map(|it| it.number.0),
            ticket.map(|it| it.kind.as_str()),
            ticket.map(|it| it.title.as_str()),
            ticket.map(|it| it.impact.number()),
            ticket.map(|it| it.urgency.number()),
            ticket.map(|it| it.priority.number()),
            ticket.and_then(|it| it.category).map(|it| it.0),
            ticket.map(|it| it.team.0),
            ticket.map(|it| it.tier.number()),
            ticket.map(|it| it.requester.0),
            ticket.and_then(|it| it.organisation).map(|it| it.0),
            ticket.and_then(|it| it.host).map(|it| it.0),
            ticket.map(|it| it.channel.as_str()),
            ticket.map(|it| it.bot_holds),
            ticket.and_then(|it| it.next_clock_at),
            ticket.and_then(|it| it.next_clock.as_deref()),
            ticket.and_then(|it| it.sla_policy).map(|it| it.0.0),
            ticket.and_then(|it| it.sla_policy).map(|it| it.1),
            ticket.and_then(|it| it.next_risk_at),
            ticket.and_then(|it| it.next_clock_risk_at),
            ticket.and_then(|it| it.next_clock_seconds),
            description,
        )
        .fetch_one(conn)
        .await?;
        Ok(files.unsigned_abs())
    }
}

/// One column of some rows.
fn list<T, C>(rows: impl IntoIterator<Item = T>, column: impl Fn(T) -> C) -> Vec<C> {
    rows.into_iter().map(column).collect()
}
