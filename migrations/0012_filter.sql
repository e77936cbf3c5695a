-- Lists across queues: the open tickets, the next due clock first.
create index ticket_next_clock on ticket (next_clock_at, id)
    where status in ('new', 'open', 'pending', 'on_hold');
