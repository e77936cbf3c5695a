insert into bot_case (ticket_id, requester_id, state, intent, target, probes, started_at, updated_at) values
    ('00000000-0000-7000-8000-000000000061', '00000000-0000-7000-8000-000000000011', 'probing', 'connectivity',
     '{"host": {"name": "portal.example.org"}, "port": 443, "scheme": "https"}',
     '[{"vantage": "server", "probe": "tcp", "job": "00000000-0000-7000-8000-000000000081"}]', '2026-01-05T09:00Z', '2026-01-05T09:01Z');
