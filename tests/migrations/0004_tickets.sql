insert into ticket (id, kind, title, status, impact, urgency, priority, team_id, tier, requester_id, channel, created_at, updated_at) values
    ('00000000-0000-7000-8000-000000000061', 'incident', 'Portal does not open', 'open', 3, 2, 4, '00000000-0000-7000-8000-000000000031', 1,
     '00000000-0000-7000-8000-000000000011', 'web', '2026-01-05T09:00Z', '2026-01-05T09:00Z');
insert into content (id, format, body, hash) values
    ('00000000-0000-7000-8000-000000000062', 'markdown', 'Since this morning', sha256('Since this morning'));
insert into event (id, ticket_id, at, kind, visibility, actor_kind, actor_id, cycle, team_id, tier, priority, content_id) values
    ('00000000-0000-7000-8000-000000000063', '00000000-0000-7000-8000-000000000061', '2026-01-05T09:00Z', 'opened', 'public', 'human',
     '00000000-0000-7000-8000-000000000011', 1, '00000000-0000-7000-8000-000000000031', 1, 4, '00000000-0000-7000-8000-000000000062');
