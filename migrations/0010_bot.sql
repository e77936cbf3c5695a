-- The bot's work on a ticket: one row per ticket it found something to do for. Every active state has a deadline in
-- `timer` (kind 'bot').

create table bot_case (
    ticket_id   uuid primary key references ticket,
    requester_id uuid not null references person,
    state       text not null constraint bot_case_state check (state in
        ('link_sent', 'reminded', 'asked_target', 'probing', 'asked_works', 'helped', 'handed_over', 'undone', 'idle')),
    intent      text not null constraint bot_case_intent check (intent in ('password_reset', 'connectivity', 'none')),
    -- What cannot be reached, once it is known.
    target      jsonb,
    -- The probes asked for: where, what, and the job that runs it.
    probes      jsonb not null default '[]',
    -- How many of the requester's messages the bot has read.
    asks_read   int not null default 0,
    started_at  timestamptz not null,
    updated_at  timestamptz not null
);
create index bot_case_requester on bot_case (requester_id, started_at);
