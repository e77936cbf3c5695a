do $$
begin
    if exists (select from job where errors <> 0 or retry_at is not null) then
        raise exception 'a run rests that nobody looked at';
    end if;
end
$$;
update job set errors = 2, retry_at = '2026-01-05T09:01Z';
