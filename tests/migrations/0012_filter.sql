-- An index only: the tickets of 0004 are its sample data.
select id from ticket where status in ('new', 'open', 'pending', 'on_hold') order by next_clock_at, id;
