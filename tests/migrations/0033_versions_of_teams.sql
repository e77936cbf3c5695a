-- What was there has its first version.
do $$
begin
    if not exists (select from configuration where kind = 'team' and id = '00000000-0000-7000-8000-000000000031'
                   and version = 1 and name = 'Network' and active and body = '{"description": "", "restricted": false}') then
        raise exception 'a team of before has no version';
    end if;
end
$$;
insert into team (id, name, description, restricted, created_at)
    values ('00000000-0000-7000-8000-0000000000fb', 'Security', 'Keys and locks', true, '2026-01-05T09:00Z');
insert into configuration (kind, id, version, name, valid_from, author_id, body) values
    ('team', '00000000-0000-7000-8000-0000000000fb', 1, 'Security', '2026-01-05T09:00Z', null,
     '{"description": "Keys and locks", "restricted": true}');
