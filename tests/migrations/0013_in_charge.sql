insert into configuration (kind, id, version, name, valid_from, author_id, body) values
    ('on_call_schedule', '00000000-0000-7000-8000-000000000131', 1, 'Network nights', '2026-01-05T09:00Z', null, '{"zone": "Europe/Lisbon", "layers": []}');
insert into on_call_override (id, schedule_id, person_id, from_at, to_at, made_at) values
    ('00000000-0000-7000-8000-000000000132', '00000000-0000-7000-8000-000000000131', '00000000-0000-7000-8000-000000000012', '2026-01-06T09:00Z', '2026-01-07T09:00Z', '2026-01-05T09:00Z');
insert into in_charge (id, ticket_id, cycle, rule_id, rule_version, team_id, path_version, state, started_at, level_at) values
    ('00000000-0000-7000-8000-000000000133', '00000000-0000-7000-8000-000000000061', 1, '00000000-0000-7000-8000-000000000134', 1,
     '00000000-0000-7000-8000-000000000031', 1, 'running', '2026-01-05T09:00Z', '2026-01-05T09:00Z');
insert into notification (id, person_id, kind, ticket_id, event_id, in_charge_id, created_at) values
    ('00000000-0000-7000-8000-000000000135', '00000000-0000-7000-8000-000000000012', 'in_charge', '00000000-0000-7000-8000-000000000061',
     '00000000-0000-7000-8000-000000000063', '00000000-0000-7000-8000-000000000133', '2026-01-05T09:00Z');
insert into notification_choice (person_id, kind, channel) values ('00000000-0000-7000-8000-000000000012', 'assigned', 'app');
insert into timer (kind, object_id, cycle, fires_at) values
    ('in_charge', '00000000-0000-7000-8000-000000000133', 1, '2026-01-05T10:00Z'),
    ('in_charge', '00000000-0000-7000-8000-000000000136', 1, '2026-01-05T10:00Z');
