-- Views of dashboards that managers saved, and whom they are mailed to.

create table report (
    id          uuid primary key,
    owner_id    uuid not null references person,
    name        text not null constraint report_name_length check (length(name) between 1 and 100),
    -- The page of figures it opens.
    page        text not null constraint report_page check (page in ('overview', 'promises', 'times', 'flow', 'workload', 'skills')),
    view        jsonb not null,
    -- When it is mailed; none where it is only saved.
    schedule    jsonb,
    -- Whether the mail brings the counts as CSV.
    csv         boolean not null default false,
    version     int not null default 1,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    -- When it was mailed last.
    mailed_at   timestamptz,
    -- Set where it is mailed no more, because its owner may not see the figures any longer.
    stopped_at  timestamptz
);
create index report_owner on report (owner_id, name, id);

create table report_recipient (
    report_id uuid not null references report on delete cascade,
    person_id uuid not null references person,
    primary key (report_id, person_id)
);
create index report_recipient_person on report_recipient (person_id);
