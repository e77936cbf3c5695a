insert into host (id, name, state, public_key, join_code, created_at) values
    ('00000000-0000-7000-8000-000000000051', 'web01', 'active', '\x01', 'one two three four', '2026-01-05T09:00Z');
