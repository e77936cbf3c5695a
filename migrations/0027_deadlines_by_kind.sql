-- Deadlines are taken by their kind, so that a million clocks to look at stand in nobody else's way; the primary key finds
-- those of an object.
create index timer_due on timer (kind, fires_at, object_id);
drop index timer_fires;
drop index timer_object;

-- The deadline of an escalation path belongs to its ticket: whoever holds the ticket holds its deadlines.
delete from timer
where kind = 'in_charge' and not exists (
    select from in_charge run where run.id = timer.object_id and run.state in ('unconfirmed', 'running'));
update timer set object_id = run.ticket_id from in_charge run
where timer.kind = 'in_charge' and timer.object_id = run.id;
