insert into ticket_clock (ticket_id, metric, cycle, state, target_seconds, due_at, risk_at, policy_id, policy_version) values
    ('00000000-0000-7000-8000-000000000061', 'resolution', 1, 'running', 28800, '2026-01-06T09:00Z', '2026-01-05T15:00Z', '00000000-0000-7000-8000-000000000071', 1);
insert into timer (kind, object_id, cycle, fires_at) values ('clock', '00000000-0000-7000-8000-000000000061', 1, '2026-01-06T09:00Z');
