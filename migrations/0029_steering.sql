-- How many versions there are of what steers clocks, rules and priorities. Versions are only ever added, so an equal number
-- means that nothing changed.
create view steering as
    select count(*) as versions from configuration where kind in ('calendar', 'sla_policy', 'escalation_rule', 'priority_matrix');
