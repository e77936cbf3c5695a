insert into job (id, host_id, ticket_id, entry, entry_hash, params, class, state, actor_kind, created_at, expires_at) values
    ('00000000-0000-7000-8000-000000000081', '00000000-0000-7000-8000-000000000051', '00000000-0000-7000-8000-000000000061',
     'net.ping', 'abc', '{"host": "localhost"}', 'R0', 'queued', 'human', '2026-01-05T09:00Z', '2026-01-05T09:30Z');
