-- People, how they are reached, what they may do, and how they prove who they are.

create table instance (
    key   text primary key,
    value jsonb not null
);

create table organisation (
    id             uuid primary key,
    name           text not null constraint organisation_name_length check (length(name) between 1 and 200),
    -- Colleagues see each other's tickets only where this says so (decision 15).
    colleagues_see boolean not null default false,
    created_at     timestamptz not null
);
create unique index organisation_name on organisation (lower(name));

create table person (
    id              uuid primary key,
    name            text not null constraint person_name_length check (length(name) between 1 and 200),
    kind            text not null default 'human' constraint person_kind check (kind in ('human', 'service', 'privileged')),
    organisation_id uuid references organisation,
    site            text,
    language        text not null default 'en',
    time_zone       text not null default 'UTC',
    vip             boolean not null default false,
    manager         boolean not null default false,
    administrator   boolean not null default false,
    theme           text not null default 'system' constraint person_theme check (theme in ('system', 'light', 'dark')),
    density         text not null default 'compact' constraint person_density check (density in ('compact', 'comfortable')),
    single_keys     boolean not null default true,
    version         int not null default 1,
    created_at      timestamptz not null,
    deactivated_at  timestamptz
);
create index person_organisation on person (organisation_id);
create index person_by_name on person (lower(name), id);

-- Person is not address: one person has several, each with its own proof (decision 5).
create table address (
    id          uuid primary key,
    person_id   uuid not null references person,
    email       text not null constraint address_email_shape check (email = lower(email) and email like '%_@_%' and length(email) <= 254),
    is_primary  boolean not null default false,
    verified_at timestamptz,
    changed_at  timestamptz not null,
    source      text not null constraint address_source check (source in ('invitation', 'person', 'administrator', 'mail', 'import', 'demo'))
);
create unique index address_email on address (email);
create index address_person on address (person_id);
create unique index address_primary on address (person_id) where is_primary;

create table credential (
    person_id     uuid primary key references person,
    password_hash text not null,
    -- Tokens are bound to this number, so that a new password makes older ones useless.
    version       int not null default 1,
    changed_at    timestamptz not null
);

create table session (
    id_hash       bytea primary key,
    person_id     uuid not null references person,
    created_at    timestamptz not null,
    last_seen_at  timestamptz not null,
    expires_at    timestamptz not null,
    auth_strength text not null constraint session_auth_strength check (auth_strength in ('password', 'password_second_factor', 'passkey')),
    auth_time     timestamptz not null,
    ip            text not null default '',
    user_agent    text not null default '',
    flash         jsonb,
    ended_at      timestamptz
);
create index session_person on session (person_id, created_at);
create index session_expires on session (expires_at);

-- Single-use secrets that were mailed: resets, invitations, the first administrator's set-up.
create table person_token (
    id                 uuid primary key,
    purpose            text not null constraint person_token_purpose check (purpose in ('reset', 'invitation', 'setup')),
    person_id          uuid references person,
    token_hash         bytea not null,
    credential_version int,
    email              text,
    ticket_id          uuid,
    created_at         timestamptz not null,
    expires_at         timestamptz not null,
    used_at            timestamptz,
    superseded_at      timestamptz
);
create unique index person_token_hash on person_token (token_hash);
create index person_token_person on person_token (person_id, purpose, created_at);
create index person_token_ticket on person_token (ticket_id);

-- Token buckets; kept here so that a restart or a second node forgets nothing.
create table rate_limit (
    bucket      text not null,
    key         text not null,
    tokens      double precision not null,
    refilled_at timestamptz not null,
    primary key (bucket, key)
);
create index rate_limit_refilled on rate_limit (refilled_at);

create table team (
    id          uuid primary key,
    name        text not null constraint team_name_length check (length(name) between 1 and 100),
    description text not null default '',
    restricted  boolean not null default false,
    version     int not null default 1,
    created_at  timestamptz not null,
    retired_at  timestamptz
);
create unique index team_name on team (lower(name));

create table membership (
    person_id uuid not null references person,
    team_id   uuid not null references team,
    tier      smallint not null constraint membership_tier check (tier between 1 and 3),
    primary key (person_id, team_id, tier)
);
create index membership_team on membership (team_id, tier);

-- The teams a manager answers for; none named means all (decision 15).
create table manager_team (
    person_id uuid not null references person,
    team_id   uuid not null references team,
    primary key (person_id, team_id)
);
create index manager_team_team on manager_team (team_id);
