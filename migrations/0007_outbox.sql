-- What leaves the house: one row per mail and envelope recipient (decision 34).

create table outbox (
    id           uuid primary key,
    mail_id      uuid not null,
    kind         text not null,
    person_id    uuid references person,
    address      text not null,
    -- Where the recipient stands in the mail that all of them get.
    header       text not null default 'to' constraint outbox_header check (header in ('to', 'cc')),
    ticket_id    uuid references ticket,
    event_id     uuid references event,
    message_id   text not null,
    data         jsonb not null default '{}',
    -- Values that must not be read at rest (reset links), sealed with the instance's key and deleted after sending.
    sealed       bytea,
    state        text not null default 'pending' constraint outbox_state check (state in ('pending', 'sending', 'sent', 'failed', 'dropped', 'unknown')),
    created_at   timestamptz not null,
    send_after   timestamptz not null,
    lease_until  timestamptz,
    fence        int not null default 0,
    attempts     int not null default 0,
    last_error   text,
    finished_at  timestamptz
);
create unique index outbox_once on outbox (mail_id, address);
create index outbox_ready on outbox (send_after, id) where state in ('pending', 'sending');
create index outbox_ticket on outbox (ticket_id, id);
create index outbox_person on outbox (person_id);
create index outbox_event on outbox (event_id);

-- Where mail goes while no SMTP server is configured: a mailbox for developers and the demo. Links in mail open accounts,
-- so what a mail says is sealed here too.
create table dev_mail (
    id        uuid primary key,
    at        timestamptz not null,
    recipient text not null,
    subject   text not null,
    sealed    bytea not null
);
create index dev_mail_at on dev_mail (at desc, id desc);
create index dev_mail_recipient on dev_mail (recipient, at desc, id desc);
