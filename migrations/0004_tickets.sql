-- Tickets and everything that happened to them.

create sequence ticket_number start 10001;

create table ticket (
    id              uuid primary key,
    number          bigint not null default nextval('ticket_number'),
    kind            text not null constraint ticket_kind check (kind in ('incident', 'request', 'problem', 'change')),
    title           text not null constraint ticket_title_length check (length(title) between 1 and 255),
    status          text not null constraint ticket_status check (status in ('new', 'open', 'pending', 'on_hold', 'resolved', 'closed')),
    impact          smallint not null constraint ticket_impact check (impact between 1 and 3),
    urgency         smallint not null constraint ticket_urgency check (urgency between 1 and 3),
    priority        smallint not null constraint ticket_priority check (priority between 1 and 4),
    category_id     uuid references category,
    team_id         uuid not null references team,
    tier            smallint not null constraint ticket_tier check (tier between 1 and 3),
    assignee_id     uuid references person,
    requester_id    uuid not null references person,
    organisation_id uuid references organisation,
    host_id         uuid references host,
    channel         text not null constraint ticket_channel check (channel in ('web', 'sign_in_help', 'mail', 'api', 'alert', 'import')),
    -- While the bot holds a ticket no queue shows it; a deadline in `timer` ends that whatever happens.
    bot_holds       boolean not null default false,
    -- How often it was reopened, plus one. Rules fire once per cycle.
    cycle           int not null default 1,
    resolution_code text constraint ticket_resolution_code check (resolution_code in ('fixed', 'workaround', 'answered', 'duplicate', 'not_reproducible', 'wont_fix', 'withdrawn')),
    resolved_by     text constraint ticket_resolved_by check (resolved_by in ('human', 'bot', 'runbook', 'requester')),
    spam            boolean not null default false,
    version         int not null default 1,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    resolved_at     timestamptz,
    closed_at       timestamptz,
    auto_close_at   timestamptz,
    -- Projections of the clocks: the earliest running due time ('infinity' when none runs), and which clock it is.
    next_clock_at   timestamptz not null default 'infinity',
    -- From when on the first of the running, unbroken promises is at risk.
    next_risk_at    timestamptz not null default 'infinity',
    next_clock      text,
    sla_policy_id   uuid,
    sla_policy_version int,
    search          tsvector not null default ''
);
create unique index ticket_by_number on ticket (number);
create index ticket_queue on ticket (team_id, tier, next_clock_at, id)
    where status in ('new', 'open', 'pending', 'on_hold') and not bot_holds;
create index ticket_queue_risk on ticket (team_id, tier, next_risk_at) include (next_clock_at, bot_holds)
    where status in ('new', 'open', 'pending', 'on_hold');
create index ticket_assignee on ticket (assignee_id, next_clock_at, id) include (team_id, tier, bot_holds)
    where status in ('new', 'open', 'pending', 'on_hold');
create index ticket_requester on ticket (requester_id, updated_at desc, id);
create index ticket_organisation on ticket (organisation_id, updated_at desc, id);
create index ticket_category on ticket (category_id);
create index ticket_host on ticket (host_id, created_at desc);
create index ticket_created on ticket (created_at desc, id);
create index ticket_open on ticket (created_at, id) where status in ('new', 'open', 'pending', 'on_hold');
create index ticket_search on ticket using gin (search);

-- Words, separate from the event that brought them, so that they can be replaced by a tombstone (decision 7).
create table content (
    id          uuid primary key,
    format      text not null constraint content_format check (format in ('markdown', 'text')),
    body        text not null,
    hash        bytea not null,
    replaced_at timestamptz,
    replaced_by uuid references person,
    replaced_why text
);
create index content_replaced_by on content (replaced_by);

create table event (
    id           uuid primary key,
    ticket_id    uuid not null references ticket,
    at           timestamptz not null,
    kind         text not null,
    visibility   text not null constraint event_visibility check (visibility in ('public', 'internal')),
    actor_kind   text not null constraint event_actor_kind check (actor_kind in ('human', 'bot', 'rule', 'mail', 'api_token', 'host_agent', 'alert_source', 'import', 'system')),
    actor_id     uuid,
    on_behalf_of uuid references person,
    cycle        int not null,
    -- Where it happened: the queue and the priority at that moment. Reports count by these.
    team_id      uuid not null references team,
    tier         smallint not null constraint event_tier check (tier between 1 and 3),
    priority     smallint not null constraint event_priority check (priority between 1 and 4),
    content_id   uuid references content,
    data         jsonb not null default '{}',
    search       tsvector
);
create index event_ticket on event (ticket_id, at, id);
create index event_kind_at on event (kind, at, id);
create index event_team on event (team_id);
create index event_content on event (content_id);
create index event_on_behalf_of on event (on_behalf_of);
create index event_search on event using gin (search) where search is not null;

-- Requesters' pages read this, which cannot see an internal row (law 3).
create view public_event as
    select id, ticket_id, at, kind, actor_kind, actor_id, on_behalf_of, cycle, content_id,
           -- Data of public events may be shown, except what is kept under this key.
           data - 'internal' as data
    from event
    where visibility = 'public';

create table participant (
    id        uuid primary key,
    ticket_id uuid not null references ticket,
    person_id uuid references person,
    email     text,
    role      text not null constraint participant_role check (role in ('requester', 'cc_pending', 'cc', 'watcher', 'mention')),
    added_at  timestamptz not null,
    constraint participant_somebody check (person_id is not null or email is not null)
);
create unique index participant_person on participant (ticket_id, person_id, role) where person_id is not null;
create index participant_by_person on participant (person_id);

create table ticket_link (
    from_ticket uuid not null references ticket,
    to_ticket   uuid not null references ticket,
    kind        text not null constraint ticket_link_kind check (kind in ('duplicate', 'merged_into', 'parent', 'problem', 'change', 'caused_by_alert', 'follow_up')),
    created_at  timestamptz not null,
    primary key (from_ticket, to_ticket, kind),
    constraint ticket_link_not_self check (from_ticket <> to_ticket)
);
create index ticket_link_to on ticket_link (to_ticket);

create table attachment (
    id          uuid primary key,
    ticket_id   uuid references ticket,
    event_id    uuid references event,
    uploader_id uuid not null references person,
    -- Before the ticket exists, a form's draft holds the file.
    draft_id    uuid,
    visibility  text not null default 'public' constraint attachment_visibility check (visibility in ('public', 'internal')),
    name        text not null constraint attachment_name_length check (length(name) between 1 and 255),
    media_type  text not null,
    size        bigint not null,
    sha256      bytea not null,
    stored_as   text not null,
    created_at  timestamptz not null,
    expires_at  timestamptz
);
create index attachment_ticket on attachment (ticket_id);
create index attachment_event on attachment (event_id);
create index attachment_uploader on attachment (uploader_id);
create index attachment_expires on attachment (expires_at) where expires_at is not null;

create table draft (
    id         uuid primary key,
    person_id  uuid not null references person,
    -- What the draft is for: 'new', or 'reply:TICKET' / 'note:TICKET'.
    purpose    text not null,
    body       jsonb not null,
    updated_at timestamptz not null
);
create unique index draft_purpose on draft (person_id, purpose);

create table read_mark (
    person_id uuid not null references person,
    ticket_id uuid not null references ticket,
    read_at   timestamptz not null,
    primary key (person_id, ticket_id)
);
create index read_mark_ticket on read_mark (ticket_id);

-- Who has a ticket open right now; rows older than a minute mean nothing.
create unlogged table presence (
    ticket_id uuid not null,
    person_id uuid not null,
    doing     text not null constraint presence_doing check (doing in ('looking', 'replying')),
    at        timestamptz not null,
    primary key (ticket_id, person_id)
);

-- The scope of a reader (authorize makes it), said once for all queries.
create function ticket_in_scope(
    everything boolean, unrestricted boolean, teams uuid[], person uuid, organisation uuid,
    ticket_team uuid, ticket_requester uuid, ticket_organisation uuid
) returns boolean language sql stable as $$
    select everything
        or ticket_team = any (teams)
        or coalesce(ticket_requester = person, false)
        or coalesce(ticket_organisation = organisation, false)
        or (unrestricted and not exists (select from team where id = ticket_team and restricted))
$$;

-- The same for internal entries: not as requester, not as colleague.
create function ticket_internal_in_scope(
    everything boolean, unrestricted boolean, teams uuid[], ticket_team uuid
) returns boolean language sql stable as $$
    select everything
        or ticket_team = any (teams)
        or (unrestricted and not exists (select from team where id = ticket_team and restricted))
$$;
