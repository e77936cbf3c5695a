-- The facts of 0014 are written anew, and all counts.
do $$
begin
    if exists (select from flow_fact) or (select next_zone from tally_book) is null then
        raise exception 'what happened between the tiers is not counted anew';
    end if;
end
$$;
insert into flow_fact (id, ticket_id, at, measure, team_id, tier, priority, value) values
    ('00000000-0000-7000-8000-000000000211', '00000000-0000-7000-8000-000000000061', '2026-01-05T10:00Z', 'handed_over',
     '00000000-0000-7000-8000-000000000031', 1, 3, 1);
update report set page = 'tiers';
