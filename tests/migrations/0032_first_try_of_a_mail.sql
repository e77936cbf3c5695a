insert into outbox (id, mail_id, kind, person_id, address, ticket_id, message_id, data, state, created_at, send_after, tried_at)
select gen_random_uuid(), gen_random_uuid(), kind, person_id, 'waited@example.org', ticket_id, 'waited@example.org', data, 'pending', created_at, send_after, created_at + interval '30 days'
from outbox limit 1;
