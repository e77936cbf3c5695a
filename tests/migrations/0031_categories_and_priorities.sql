-- What was there has its first version, and of one name there is one.
do $$
begin
    if not exists (select from configuration where kind = 'category' and id = '00000000-0000-7000-8000-000000000042'
                   and version = 1 and active and body = '{"above": null, "hint": "", "kind": "incident", "team": "00000000-0000-7000-8000-000000000031"}') then
        raise exception 'a category of before has no version';
    end if;
end
$$;
insert into category (id, name, created_at) values ('00000000-0000-7000-8000-0000000000fa', 'Printing', '2026-01-05T09:00Z');
insert into configuration (kind, id, version, name, valid_from, author_id, body) values
    ('category', '00000000-0000-7000-8000-0000000000fa', 1, 'Printing', '2026-01-05T09:00Z', null,
     '{"above": null, "hint": "", "kind": "incident", "team": null}');
