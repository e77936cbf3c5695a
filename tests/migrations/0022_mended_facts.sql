-- Facts as a recount finds them, and may mend them.
do $$
begin
    if not has_table_privilege('tierdesk_app', 'flow_fact', 'delete') then
        raise exception 'the recount cannot take a wrong fact away';
    end if;
end
$$;
