-- Enrolled machines, and the tokens they join with.

create table host (
    id              uuid primary key,
    name            text not null constraint host_name_length check (length(name) between 1 and 253),
    state           text not null constraint host_state check (state in ('pending', 'active', 'suspended', 'revoked')),
    public_key      bytea not null,
    machine_id_hash bytea,
    -- Four words that both sides show while a host waits for approval.
    join_code       text not null,
    labels          text[] not null default '{}',
    owner_id        uuid references person,
    organisation_id uuid references organisation,
    site            text,
    agent_version   text not null default '',
    operating_system text not null default '',
    facts           jsonb not null default '{}',
    facts_at        timestamptz,
    policy          jsonb not null default '{}',
    boot_id         text,
    -- How often it named things of other hosts; three times and it is suspended (AT-ENR-2).
    mismatches      int not null default 0,
    enrolled_by     uuid,
    created_at      timestamptz not null,
    decided_at      timestamptz,
    decided_by      uuid references person,
    last_seen_at    timestamptz
);
create unique index host_key on host (public_key);
create index host_by_name on host (lower(name), id);
create index host_machine on host (machine_id_hash) where machine_id_hash is not null;
create index host_pending on host (created_at) where state = 'pending';
create index host_owner on host (owner_id);
create index host_organisation on host (organisation_id);
create index host_decided_by on host (decided_by);
create index host_labels on host using gin (labels);

create table enrolment_token (
    id            uuid primary key,
    token_hash    bytea not null,
    created_by    uuid not null references person,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    uses_left     int not null constraint enrolment_token_uses check (uses_left >= 0),
    expected_name text,
    labels        text[] not null default '{}',
    revoked_at    timestamptz
);
create unique index enrolment_token_hash on enrolment_token (token_hash);
create index enrolment_token_created_by on enrolment_token (created_by);

-- The entries a host said it can run, each by the hash of its meaning (decision 24).
create table host_entry (
    host_id    uuid not null references host,
    entry      text not null,
    entry_hash text not null,
    primary key (host_id, entry)
);

-- Nonces of signed requests that were already accepted; swept when they are too old to matter.
create table host_nonce (
    host_id uuid not null references host,
    nonce   text not null,
    at      timestamptz not null,
    primary key (host_id, nonce)
);
create index host_nonce_at on host_nonce (at);
