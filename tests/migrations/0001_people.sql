insert into organisation (id, name, created_at) values ('00000000-0000-7000-8000-000000000001', 'Harbour', '2026-01-05T09:00Z');
insert into person (id, name, organisation_id, created_at) values
    ('00000000-0000-7000-8000-000000000011', 'Priya Nair', '00000000-0000-7000-8000-000000000001', '2026-01-05T09:00Z'),
    ('00000000-0000-7000-8000-000000000012', 'Ana Ferreira', null, '2026-01-05T09:00Z');
insert into person (id, name, manager, created_at) values ('00000000-0000-7000-8000-000000000013', 'Mara Lind', true, '2026-01-05T09:00Z');
insert into address (id, person_id, email, is_primary, changed_at, source) values
    ('00000000-0000-7000-8000-000000000021', '00000000-0000-7000-8000-000000000011', 'priya@example.org', true, '2026-01-05T09:00Z', 'person');
insert into team (id, name, created_at) values ('00000000-0000-7000-8000-000000000031', 'Network', '2026-01-05T09:00Z');
insert into membership (person_id, team_id, tier) values ('00000000-0000-7000-8000-000000000012', '00000000-0000-7000-8000-000000000031', 2);
