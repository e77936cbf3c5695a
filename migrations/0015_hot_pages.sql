-- What the busiest pages read, kept where they read it.

-- Of the clock that is due next (`next_clock`): from when on it is at risk, and what was promised, in seconds. A queue shows
-- both on every line, and would else look into ticket_clock fifty times.
alter table ticket
    add column next_clock_risk_at timestamptz,
    add column next_clock_seconds bigint;
update ticket set next_clock_risk_at = clock.risk_at, next_clock_seconds = clock.target_seconds
from ticket_clock clock
where ticket.next_clock is not null and clock.ticket_id = ticket.id and clock.metric = ticket.next_clock
  and clock.due_at = ticket.next_clock_at and clock.state in ('running', 'breached');

-- People are found by the beginnings of the words of their name and address. What stands between words is no part of them,
-- because PostgreSQL would read `ana.lind@example.org` or `Weber/Kim` as one word.
create function people_words(text) returns tsvector language sql immutable parallel safe strict as $$
    select to_tsvector('simple'::regconfig, translate($1, '.@_-+/''&:', '         '))
$$;
create index person_words on person using gin (people_words(name));
create index address_words on address using gin (people_words(email));

-- The words of a text, and two more that say when it was written: the beginning of its id, which is a time, to about fifty and
-- to about three days. So a search for a common word finds the newest texts without looking at the others.
create function search_words(words tsvector, id uuid) returns tsvector language sql immutable parallel safe as $$
    select words || array_to_tsvector(array['@' || left(id::text, 4), '@' || left(id::text, 5)])
$$;
drop index ticket_search;
drop index event_search;
create index ticket_search on ticket using gin (search_words(search, id));
create index event_search on event using gin (search_words(search, id)) where search is not null;
