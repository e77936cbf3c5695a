-- The system's own log. Rows are written with the action they describe and never change; a sealer chains them (decision 8).

create table audit (
    seq          bigint generated always as identity primary key,
    at           timestamptz not null,
    actor_kind   text not null,
    actor_id     uuid,
    on_behalf_of uuid,
    action       text not null,
    object_kind  text not null,
    object_id    text not null,
    detail       jsonb not null default '{}',
    ip           text not null default '',
    request_id   text not null default ''
);
create index audit_object on audit (object_kind, object_id, seq);
create index audit_actor on audit (actor_id, seq);
create index audit_action on audit (action, seq);

-- The chain: each link holds the hash of the one before it and of its row. Rows are linked in the order in which the sealer
-- sees them committed, which need not be that of their numbers.
create table audit_seal (
    position  bigint generated always as identity primary key,
    seq       bigint not null references audit,
    prev_hash bytea not null,
    hash      bytea not null,
    sealed_at timestamptz not null
);
create unique index audit_seal_seq on audit_seal (seq);

-- Named leases for the loops of which only one may run (decision 8), on the database's clock.
create table lease (
    name   text primary key,
    holder uuid not null,
    fence  bigint not null,
    until  timestamptz not null
);
