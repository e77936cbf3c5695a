-- Hand-overs that are answered and measured; skills, working hours and absences; who gets a ticket by itself.

-- One more kind of document, whatever kinds there are by now.
do $$
declare
    kinds text;
begin
    select string_agg(quote_literal(kind), ', ') into kinds
    from (select distinct (regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''', 'g'))[1] as kind
          from pg_constraint where conname = 'configuration_kind'
          union select 'routing') known;
    alter table configuration drop constraint configuration_kind;
    execute format('alter table configuration add constraint configuration_kind check (kind in (%s))', kinds);
end
$$;

create table skill (
    id               uuid primary key,
    name             text not null constraint skill_name_length check (length(name) between 1 and 60),
    description      text not null default '',
    -- Whether it counts only with a certificate that has not ended.
    needs_certificate boolean not null default false,
    created_at       timestamptz not null,
    retired_at       timestamptz
);
create unique index skill_name on skill (lower(name)) where retired_at is null;

-- What somebody must know to work on a category's tickets.
create table category_skill (
    category_id uuid not null references category,
    skill_id    uuid not null references skill,
    level       smallint not null constraint category_skill_level check (level between 1 and 3),
    primary key (category_id, skill_id)
);
create index category_skill_skill on category_skill (skill_id);

create table person_skill (
    id           uuid primary key,
    person_id    uuid not null references person,
    skill_id     uuid not null references skill,
    level        smallint not null constraint person_skill_level check (level between 1 and 3),
    certificate  text not null default '' constraint person_skill_certificate_length check (length(certificate) <= 100),
    -- The last day on which the certificate counts.
    expires_on   date,
    declared_at  timestamptz not null,
    declared_by  uuid not null references person,
    -- A skill counts once a manager or administrator confirmed it.
    confirmed_at timestamptz,
    confirmed_by uuid references person
);
create unique index person_skill_once on person_skill (person_id, skill_id);
create index person_skill_skill on person_skill (skill_id);
create index person_skill_unconfirmed on person_skill (declared_at, id) where confirmed_at is null;
create index person_skill_declared_by on person_skill (declared_by);
create index person_skill_confirmed_by on person_skill (confirmed_by);

-- Whose hours differ from those of their queue: another calendar, or the same one in a zone of their own.
create table working_hours (
    person_id   uuid primary key references person,
    calendar_id uuid,
    zone        text,
    changed_at  timestamptz not null
);

create table absence (
    id         uuid primary key,
    person_id  uuid not null references person,
    kind       text not null constraint absence_kind check (kind in ('absent', 'away')),
    from_at    timestamptz not null,
    until_at   timestamptz not null,
    -- For the person and administrators only.
    reason     text not null default '' constraint absence_reason_length check (length(reason) <= 500),
    entered_by uuid not null references person,
    entered_at timestamptz not null,
    constraint absence_has_length check (until_at > from_at)
);
create index absence_person on absence (person_id, until_at);
create index absence_until on absence (until_at);
create index absence_entered_by on absence (entered_by);

-- One row per queue that routing gives tickets in; whoever routes locks it.
create table routing_queue (
    team_id uuid not null references team,
    tier    smallint not null constraint routing_queue_tier check (tier between 1 and 3),
    turn    bigint not null default 0,
    primary key (team_id, tier)
);
create table routing_turn (
    team_id   uuid not null references team,
    tier      smallint not null,
    person_id uuid not null references person,
    turn      bigint not null,
    primary key (team_id, tier, person_id)
);
create index routing_turn_person on routing_turn (person_id);

-- What is counted between the tiers, one row per thing: a projection of events, and the list behind every number.
create table flow_fact (
    id          uuid primary key,
    ticket_id   uuid not null references ticket,
    at          timestamptz not null,
    measure     text not null,
    team_id     uuid not null references team,
    tier        smallint not null constraint flow_fact_tier check (tier between 1 and 3),
    category_id uuid references category,
    -- Seconds of business time for times, else 1.
    value       bigint not null
);
create unique index flow_fact_once on flow_fact (ticket_id, measure, at, team_id, tier);
create index flow_fact_measure on flow_fact (measure, at, id);
create index flow_fact_team on flow_fact (team_id, tier, measure, at, id);
create index flow_fact_category on flow_fact (category_id, measure, at, id);

-- The same by day, spread over shards so that writers do not wait for each other. `day` is the UTC date; a ticket without
-- category counts under the nil id. Times fall into buckets, so that percentiles need no single value.
create table flow_tally (
    day         date not null,
    team_id     uuid not null references team,
    tier        smallint not null,
    category_id uuid not null,
    measure     text not null,
    bucket      smallint not null,
    shard       smallint not null,
    n           bigint not null,
    total       bigint not null,
    primary key (day, measure, team_id, tier, category_id, bucket, shard)
);
create index flow_tally_team on flow_tally (team_id);

revoke update, delete on flow_fact from tierdesk_app;
