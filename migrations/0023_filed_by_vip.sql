-- Whether the requester was a VIP when the ticket was filed: rules and promises go by that, and so do lists.
alter table ticket add column vip boolean not null default false;
update ticket t set vip = true from event e
where e.ticket_id = t.id and e.kind = 'opened' and e.data -> 'internal' ->> 'vip' = 'true';
