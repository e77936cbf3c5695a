-- Who is told in the application, who is on call, and who is in charge while nobody answers.

-- Two more kinds of documents, whatever kinds there are by now.
do $$
declare
    kinds text;
begin
    select string_agg(quote_literal(kind), ', ') into kinds
    from (select distinct (regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''', 'g'))[1] as kind
          from pg_constraint where conname = 'configuration_kind'
          union select 'on_call_schedule' union select 'escalation_path') known;
    alter table configuration drop constraint configuration_kind;
    execute format('alter table configuration add constraint configuration_kind check (kind in (%s))', kinds);
end
$$;

-- Somebody else takes a part of a schedule's time. One that is taken back stays, for the record.
create table on_call_override (
    id          uuid primary key,
    schedule_id uuid not null,
    person_id   uuid not null references person,
    from_at     timestamptz not null,
    to_at       timestamptz not null,
    made_by     uuid references person,
    made_at     timestamptz not null,
    removed_by  uuid references person,
    removed_at  timestamptz,
    constraint on_call_override_order check (from_at < to_at)
);
create index on_call_override_schedule on on_call_override (schedule_id, to_at) where removed_at is null;
create index on_call_override_person on on_call_override (person_id);
create index on_call_override_made_by on on_call_override (made_by);
create index on_call_override_removed_by on on_call_override (removed_by);

-- An escalation path on its way: whom a rule's firing told on a ticket, and how far that has come. A running one has a
-- deadline in `timer` (kind 'in_charge').
create table in_charge (
    id           uuid primary key,
    ticket_id    uuid not null references ticket,
    cycle        int not null,
    rule_id      uuid not null,
    rule_version int not null,
    -- The team whose path it is; its document has the team's id.
    team_id      uuid not null references team,
    path_version int not null,
    -- 'unconfirmed': a requester chose P1, nobody is alerted before a human confirms it (decision 17).
    state        text not null constraint in_charge_state check (state in ('unconfirmed', 'running', 'acknowledged', 'ended', 'exhausted')),
    started_at   timestamptz not null,
    -- The last level that was told (0: none yet), when its time came, and how often it was told.
    level        int not null default 0,
    level_at     timestamptz not null,
    notices      int not null default 0,
    ended_at     timestamptz,
    ended_by     uuid references person
);
create unique index in_charge_once on in_charge (rule_id, ticket_id, cycle);
create unique index in_charge_active on in_charge (ticket_id) where state in ('unconfirmed', 'running');
create index in_charge_ticket on in_charge (ticket_id, started_at);
create index in_charge_team on in_charge (team_id);
create index in_charge_ended_by on in_charge (ended_by);

-- What somebody is told in the application. The words are in the message catalogue, by kind.
create table notification (
    id           uuid primary key,
    person_id    uuid not null references person,
    kind         text not null constraint notification_kind check (kind in
        ('assigned', 'answered', 'reopened', 'escalated', 'handed_back', 'rule_fired', 'at_risk', 'in_charge', 'on_call')),
    ticket_id    uuid references ticket,
    event_id     uuid references event,
    -- The path that asks for an acknowledgement.
    in_charge_id uuid references in_charge,
    data         jsonb not null default '{}',
    created_at   timestamptz not null,
    read_at      timestamptz
);
create index notification_person on notification (person_id, created_at desc, id desc);
create index notification_unread on notification (person_id) where read_at is null;
create index notification_ticket on notification (ticket_id);
create index notification_event on notification (event_id);
create index notification_in_charge on notification (in_charge_id);
create index notification_created on notification (created_at);

-- Where somebody wants to be told of a kind; a kind without a row is told as the product does by itself.
create table notification_choice (
    person_id uuid not null references person,
    kind      text not null constraint notification_choice_kind check (kind in
        ('assigned', 'answered', 'reopened', 'escalated', 'handed_back', 'rule_fired', 'at_risk')),
    channel   text not null constraint notification_choice_channel check (channel in ('mail', 'app', 'both')),
    primary key (person_id, kind)
);
