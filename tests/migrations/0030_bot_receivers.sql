insert into configuration (kind, id, version, name, valid_from, author_id, body) values
    ('bot_receivers', '00000000-0000-7000-8000-0000000000f9', 1, 'The bot''s hand-overs', '2026-01-05T09:00Z', null,
     '{"network": "00000000-0000-7000-8000-000000000031", "servers": null}');
