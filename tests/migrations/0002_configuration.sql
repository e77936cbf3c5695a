insert into configuration (kind, id, version, name, valid_from, author_id, body) values
    ('priority_matrix', '00000000-0000-7000-8000-000000000041', 1, 'Matrix', '2026-01-05T09:00Z', null, '{"rows": [["P1","P2","P3"],["P2","P3","P4"],["P3","P4","P4"]]}');
insert into category (id, name, team_id, created_at) values
    ('00000000-0000-7000-8000-000000000042', 'Network', '00000000-0000-7000-8000-000000000031', '2026-01-05T09:00Z');
