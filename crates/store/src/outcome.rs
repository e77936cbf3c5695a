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
use crate::outbox::NewMail;
use crate::tally::{Cell, delta};
use crate::{Result, timer};

/// Rows of the audit log, mails, counts, deadlines and notices.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Rows of the audit log, in their order.
    pub audit: Vec<Entry>,
    /// Mails for the outbox. The same mail to the same address is put there once.
    pub mails: Vec<NewMail>,
    /// What is added to counts of queues; in their order, so that two writers never wait for each other in a circle.
    pub counts: BTreeMap<Cell, i64>,
    /// What dashboards count, by the time it belongs to and the place.
    pub deltas: BTreeMap<(DateTime<Utc>, delta::Place), Counts>,
    /// The clocks of tickets that were filed.
    pub clocks: Vec<(TicketId, Projection)>,
    /// Deadlines that are set, or moved if they exist.
    pub deadlines: BTreeMap<timer::Key<'static>, DateTime<Utc>>,
    /// Who is told after the commit, by channel and payload; what is said twice is heard once.
    pub notices: BTreeSet<(&'static str, String)>,
}

impl Outcome {
    fn is_empty(&self) -> bool {
        self.audit.is_empty()
            && self.mails.is_empty()
            && self.counts.is_empty()
            && self.deltas.is_empty()
            && self.clocks.is_empty()
            && self.deadlines.is_empty()
            && self.notices.is_empty()
    }

    /// Writes all of it. `ip` and `request_id` say from where the action came.
    ///
    /// # Errors
    /// When the database does not answer, or a mail names a person, ticket or event that is not there.
    pub async fn write(
        mut self,
        conn: &mut PgConnection,
        (ip, request_id): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.counts.retain(|_, n| *n != 0);
        self.deltas.retain(|_, counts| !counts.is_empty());
        if self.is_empty() {
            return Ok(());
        }
        let place = |of: fn(&delta::Place) -> Option<Uuid>| {
            list(self.deltas.keys(), |(_, it)| of(it).unwrap_or_default())
        };
        let clock =
            |time: fn(&Projection) -> Option<DateTime<Utc>>| list(&self.clocks, |(_, it)| time(it));
        // Each connection adds to a shard of its own, as far as there are as many, so that writers do not wait for each other.
        sqlx::query!(
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
                   select * from unnest($43::uuid[], $44::text[], $45::integer[], $46::text[], $47::bigint[], $48::timestamptz[],
                                        $49::timestamptz[], $50::timestamptz[], $51::timestamptz[], $52::timestamptz[], $53::uuid[], $54::integer[])),
               due as (
                   insert into timer (kind, object_id, cycle, fires_at)
                   select * from unnest($37::text[], $38::uuid[], $39::integer[], $40::timestamptz[])
                   on conflict (kind, object_id, cycle) do update set fires_at = excluded.fires_at, data = excluded.data, attempts = 0)
               select count(pg_notify(channel, payload)) as "n!" from unnest($41::text[], $42::text[]) as it (channel, payload)"#,
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
            &list(self.deadlines.keys(), |(kind, _, _)| (*kind).to_owned()),
            &list(self.deadlines.keys(), |(_, object, _)| *object),
            &list(self.deadlines.keys(), |(_, _, cycle)| *cycle),
            &list(self.deadlines.values(), |at| *at),
            &list(&self.notices, |(channel, _)| (*channel).to_owned()),
            &list(&self.notices, |(_, payload)| payload.clone()),
            &list(&self.clocks, |(ticket, _)| ticket.0),
            &list(&self.clocks, |(_, it)| it.metric.as_str().to_owned()),
            &list(&self.clocks, |(_, it)| it.ordinal),
            &list(&self.clocks, |(_, it)| it.state.to_owned()),
            &list(&self.clocks, |(_, it)| it.target_seconds),
            &clock(|it| it.due_at) as &[Option<DateTime<Utc>>],
            &clock(|it| it.risk_at) as &[Option<DateTime<Utc>>],
            &clock(|it| it.met_at) as &[Option<DateTime<Utc>>],
            &clock(|it| it.breached_at) as &[Option<DateTime<Utc>>],
            &clock(|it| it.warned_at) as &[Option<DateTime<Utc>>],
            &list(&self.clocks, |(_, it)| it.policy.0.0),
            &list(&self.clocks, |(_, it)| it.policy.1),
        )
        .fetch_one(conn)
        .await?;
        Ok(())
    }
}

/// One column of some rows.
fn list<T, C>(rows: impl IntoIterator<Item = T>, column: impl Fn(T) -> C) -> Vec<C> {
    rows.into_iter().map(column).collect()
}
