-- The manager of 0001 named no team, which meant all of them.
do $$
begin
    if not (select manages_all from person where name = 'Mara Lind') then
        raise exception 'a manager of all teams lost them';
    end if;
end
$$;
