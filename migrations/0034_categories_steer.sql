-- Promises and rules that name a category mean those below it, so how categories belong under each other steers clocks.
create or replace view steering as
    select count(*) as versions from configuration
    where kind in ('calendar', 'sla_policy', 'escalation_rule', 'priority_matrix', 'category');
