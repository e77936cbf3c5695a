-- Documents that steer the desk: every edit is a new version, and events cite the one that applied (decision 10).

create table configuration (
    kind       text not null constraint configuration_kind check (kind in
        ('calendar', 'sla_policy', 'escalation_rule', 'priority_matrix', 'triage_rules', 'team', 'category')),
    id         uuid not null,
    version    int not null,
    name       text not null,
    valid_from timestamptz not null,
    author_id  uuid references person,
    active     boolean not null default true,
    body       jsonb not null,
    primary key (kind, id, version)
);
create index configuration_author on configuration (author_id);

create table category (
    id         uuid primary key,
    parent_id  uuid references category,
    name       text not null constraint category_name_length check (length(name) between 1 and 100),
    -- What a requester reads beside the choice.
    hint       text not null default '',
    kind       text not null default 'incident' constraint category_ticket_kind check (kind in ('incident', 'request', 'problem', 'change')),
    team_id    uuid references team,
    position   int not null default 0,
    version    int not null default 1,
    created_at timestamptz not null,
    retired_at timestamptz
);
create index category_parent on category (parent_id);
create index category_team on category (team_id);
