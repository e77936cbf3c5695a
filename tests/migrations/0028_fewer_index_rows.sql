do $$
begin
    if (select count(*) from pg_indexes where indexname in ('ticket_host', 'event_on_behalf_of', 'content_replaced_by', 'notification_in_charge')
            and indexdef like '% IS NOT NULL%') <> 4 then
        raise exception 'an index keeps rows for what is empty';
    end if;
end
$$;
