do $$
begin
    if (select array_agg(object_id) from timer where kind = 'in_charge') <> array['00000000-0000-7000-8000-000000000061'::uuid] then
        raise exception 'the deadline of a path does not belong to its ticket';
    end if;
end
$$;
