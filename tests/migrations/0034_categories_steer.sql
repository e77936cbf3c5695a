do $$
begin
    if (select versions from steering)
            <> (select count(*) from configuration where kind in ('calendar', 'sla_policy', 'escalation_rule', 'priority_matrix', 'category')) then
        raise exception 'what steers the desk is not counted right';
    end if;
end
$$;
