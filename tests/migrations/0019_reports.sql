insert into report (id, owner_id, name, page, view, schedule, created_at, updated_at) values
    ('00000000-0000-7000-8000-000000000191', '00000000-0000-7000-8000-000000000011', 'Weekly', 'overview',
     '{"when": {"preset": "last_week"}, "compare": "before"}',
     '{"rhythm": "weekly", "on": 1, "at": "07:30", "zone": "Europe/Berlin"}', '2026-01-05T09:00Z', '2026-01-05T09:00Z');
insert into report_recipient (report_id, person_id) values
    ('00000000-0000-7000-8000-000000000191', '00000000-0000-7000-8000-000000000011');
