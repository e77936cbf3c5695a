insert into outbox (id, mail_id, kind, person_id, address, ticket_id, message_id, created_at, send_after) values
    ('00000000-0000-7000-8000-000000000091', '00000000-0000-7000-8000-000000000092', 'ticket_received', '00000000-0000-7000-8000-000000000011',
     'priya@example.org', '00000000-0000-7000-8000-000000000061', 'a@example.org', '2026-01-05T09:00Z', '2026-01-05T09:00Z');
