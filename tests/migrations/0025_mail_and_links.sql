do $$
begin
    if exists (select from outbox where (state = 'sending') <> (began_at is not null)) then
        raise exception 'a mail that may be under way counts as not begun, or the other way round';
    end if;
end
$$;
