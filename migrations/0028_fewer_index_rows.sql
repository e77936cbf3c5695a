-- Filing a ticket wrote index rows that nobody reads: those of two indexes for lists which look at the ticket's own row now,
-- and those of columns that are mostly empty.
drop index ticket_clock_due;
drop index ticket_clock_risk;
drop index ticket_host;
create index ticket_host on ticket (host_id, created_at desc) where host_id is not null;
drop index event_on_behalf_of;
create index event_on_behalf_of on event (on_behalf_of) where on_behalf_of is not null;
drop index content_replaced_by;
create index content_replaced_by on content (replaced_by) where replaced_by is not null;
drop index notification_in_charge;
create index notification_in_charge on notification (in_charge_id) where in_charge_id is not null;
