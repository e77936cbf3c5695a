insert into configuration (kind, id, version, name, valid_from, author_id, body) values
    ('routing', '00000000-0000-7000-8000-0000000000e1', 1, 'L2 Network', '2026-01-05T09:00Z', null,
     '{"team": "00000000-0000-7000-8000-000000000031", "tier": "L2", "mode": "round_robin"}');
insert into skill (id, name, created_at) values ('00000000-0000-7000-8000-0000000000e2', 'VPN', '2026-01-05T09:00Z');
insert into category_skill (category_id, skill_id, level) values
    ('00000000-0000-7000-8000-000000000042', '00000000-0000-7000-8000-0000000000e2', 2);
insert into person_skill (id, person_id, skill_id, level, declared_at, declared_by) values
    ('00000000-0000-7000-8000-0000000000e3', '00000000-0000-7000-8000-000000000012', '00000000-0000-7000-8000-0000000000e2', 2,
     '2026-01-05T09:00Z', '00000000-0000-7000-8000-000000000012');
insert into absence (id, person_id, kind, from_at, until_at, entered_by, entered_at) values
    ('00000000-0000-7000-8000-0000000000e4', '00000000-0000-7000-8000-000000000012', 'absent', '2026-02-02T00:00Z', '2026-02-09T00:00Z',
     '00000000-0000-7000-8000-000000000012', '2026-01-05T09:00Z');
insert into flow_fact (id, ticket_id, at, measure, team_id, tier, value) values
    ('00000000-0000-7000-8000-0000000000e5', '00000000-0000-7000-8000-000000000061', '2026-01-05T10:00Z', 'handed_over',
     '00000000-0000-7000-8000-000000000031', 1, 1);
