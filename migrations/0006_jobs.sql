-- Diagnostics that were asked for, and what came of them.

create table job (
    id            uuid primary key,
    host_id       uuid not null references host,
    ticket_id     uuid references ticket,
    entry         text not null,
    entry_hash    text not null,
    params        jsonb not null,
    class         text not null constraint job_class check (class in ('R0', 'R1', 'C2', 'C3')),
    state         text not null constraint job_state check (state in ('queued', 'leased', 'running', 'succeeded', 'failed', 'timed_out', 'cancelled', 'refused', 'expired', 'interrupted', 'lost')),
    actor_kind    text not null,
    actor_id      uuid,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    lease_until   timestamptz,
    fence         int not null default 0,
    attempt       int not null default 0,
    nonce         bytea,
    started_at    timestamptz,
    finished_at   timestamptz,
    exit_code     int,
    duration_ms   bigint,
    verdict       text constraint job_verdict check (verdict in ('healthy', 'problem', 'unknown')),
    summary       text,
    facts         jsonb not null default '{}',
    refusal       text,
    redactions    int not null default 0,
    dropped_bytes bigint not null default 0,
    cancel_asked_at timestamptz,
    -- What was uploaded in this attempt, in bytes.
    output_bytes  bigint not null default 0
);
create index job_claim on job (host_id, created_at) where state = 'queued';
create index job_waiting on job (expires_at) where state = 'queued';
create index job_leased on job (lease_until) where state in ('leased', 'running');
create index job_ticket on job (ticket_id, created_at);
create index job_host on job (host_id, created_at desc);

create table job_chunk (
    job_id  uuid not null references job,
    attempt int not null,
    seq     int not null,
    -- Where it begins in its stream, counting what the host dropped.
    start   bigint not null,
    stream  text not null constraint job_chunk_stream check (stream in ('stdout', 'stderr')),
    bytes   bytea not null constraint job_chunk_size check (octet_length(bytes) <= 32768),
    at      timestamptz not null,
    primary key (job_id, attempt, seq)
);

-- What the signer signed for one attempt. Only the signer writes here; everybody else can only hand it out.
create table job_envelope (
    job_id    uuid not null references job,
    attempt   int not null,
    payload   bytea not null,
    signature bytea not null,
    signed_at timestamptz not null,
    primary key (job_id, attempt)
);

-- Results that came late, twice or for another attempt: kept as evidence, they change nothing (AT-JOB-3).
create table job_late_result (
    id       uuid primary key,
    job_id   uuid not null references job,
    attempt  int not null,
    at       timestamptz not null,
    body     jsonb not null
);
create index job_late_result_job on job_late_result (job_id);

-- Keys that sign jobs. The private half is sealed with the instance's secret, and only the signer's role may read it.
create table signer_key (
    id         uuid primary key,
    public_key bytea not null,
    sealed     bytea not null,
    created_at timestamptz not null,
    retired_at timestamptz
);
create unique index signer_key_public on signer_key (public_key);
