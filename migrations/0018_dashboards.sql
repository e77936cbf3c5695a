-- What dashboards count: by local day, team, tier, priority, category and organisation, from events that say all of these.

-- What the ticket was about when it happened, beside where it happened. Reports count by these.
alter table event
    add column category_id     uuid,
    add column organisation_id uuid;
update event set category_id = t.category_id, organisation_id = t.organisation_id from ticket t where t.id = event.ticket_id;

-- When a human first took it, gave it to somebody, or answered.
alter table ticket add column acknowledged_at timestamptz;
update ticket set acknowledged_at = (
    select min(at) from event
    where ticket_id = ticket.id and actor_kind = 'human'
      and (kind = 'assigned' and data ->> 'to' is not null or kind = 'reply' or kind = 'resolved' and data ->> 'by' = 'human'));

-- `tally` keeps what stands now in the queues; what happened is counted below.
delete from tally where measure not in ('open', 'queue', 'queue_free', 'queue_waiting');

-- What an action counted, written in its transaction and never changed, so that no action waits for another one's counts.
-- A worker folds these rows into blocks. `counts` is a string of records (measure int2, slot int2, number int8): putting two
-- such strings one after the other adds them up. Ids that are none are all zeros.
create table tally_delta (
    id              uuid primary key,
    at              timestamptz not null,
    team_id         uuid not null,
    tier            smallint not null,
    priority        smallint not null,
    category_id     uuid not null,
    organisation_id uuid not null,
    person_id       uuid not null,
    counts          bytea not null
);
create index tally_delta_at on tally_delta (at);

-- Sums over blocks of 1, 8 and 64 days of the reporting zone; grain 0 is what stands now, on 1970-01-01.
-- Each slice has team, tier and priority; slice 1 category and organisation too, slice 2 the engineer, slice 3 the category,
-- slice 4 the organisation. `times` holds the records of how long things took, which most readers do not want.
create table tally_block (
    slice           smallint not null constraint tally_block_slice check (slice between 0 and 4),
    grain           smallint not null constraint tally_block_grain check (grain in (0, 1, 8, 64)),
    day             date not null,
    team_id         uuid not null,
    tier            smallint not null,
    priority        smallint not null,
    category_id     uuid not null,
    organisation_id uuid not null,
    person_id       uuid not null,
    counts          bytea not null,
    times           bytea not null,
    primary key (slice, grain, day, team_id, tier, priority, category_id, organisation_id, person_id)
);
create index tally_block_category on tally_block (category_id, grain, day) where slice = 1;
create index tally_block_organisation on tally_block (organisation_id, grain, day) where slice = 1;

-- Days of what zone the blocks have, how often they were folded, and whether they are to be counted anew.
create table tally_book (
    only_one   boolean primary key default true constraint tally_book_only_one check (only_one),
    zone       text not null default 'UTC',
    fold       bigint not null default 0,
    -- Set while the worker counts everything anew, in this zone.
    next_zone  text
);
insert into tally_book (next_zone) select case when exists (select from event) then 'UTC' end;

-- The list behind the number of tickets at risk.
create index ticket_risk on ticket (next_risk_at, id) where status in ('new', 'open', 'pending', 'on_hold');
