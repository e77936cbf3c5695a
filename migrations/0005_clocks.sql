-- Clocks, deadlines and counts: projections of events, written with them and compared with a recount by a test (decision 13).

create table ticket_clock (
    ticket_id      uuid not null references ticket,
    metric         text not null constraint ticket_clock_metric check (metric in ('first_response', 'next_response', 'resolution', 'pick_up', 'time_in_tier')),
    cycle          int not null,
    state          text not null constraint ticket_clock_state check (state in ('running', 'paused', 'met', 'breached', 'stopped')),
    target_seconds bigint not null,
    due_at         timestamptz,
    risk_at        timestamptz,
    met_at         timestamptz,
    breached_at    timestamptz,
    warned_at      timestamptz,
    policy_id      uuid not null,
    policy_version int not null,
    primary key (ticket_id, metric, cycle)
);
create index ticket_clock_due on ticket_clock (due_at) where state = 'running';
create index ticket_clock_risk on ticket_clock (risk_at) where state = 'running';

-- Everything that must happen by itself later. One row per (kind, object, cycle); one sweeper acts on those that passed.
create table timer (
    kind      text not null,
    object_id uuid not null,
    cycle     int not null default 0,
    fires_at  timestamptz not null,
    data      jsonb not null default '{}',
    attempts  int not null default 0,
    primary key (kind, object_id, cycle)
);
create index timer_fires on timer (fires_at);
create index timer_object on timer (object_id);

create table rule_firing (
    rule_id      uuid not null,
    ticket_id    uuid not null references ticket,
    cycle        int not null,
    rule_version int not null,
    fired_at     timestamptz not null,
    late_by_seconds bigint not null default 0,
    effects      jsonb not null,
    primary key (rule_id, ticket_id, cycle)
);
create index rule_firing_ticket on rule_firing (ticket_id);

-- Counts by day, spread over shards so that writers do not wait for each other. `day` is the UTC date.
create table tally (
    day      date not null,
    team_id  uuid not null references team,
    tier     smallint not null,
    priority smallint not null,
    measure  text not null,
    shard    smallint not null,
    n        bigint not null,
    primary key (measure, day, team_id, tier, priority, shard)
);
create index tally_team on tally (team_id);
