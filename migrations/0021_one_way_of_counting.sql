-- What happens between the tiers is counted with everything else: in blocks of days of the reporting zone.

drop table flow_tally;

-- A fact says what its ticket was about, as events do. The worker writes the facts anew from the events, also of the time
-- before there were any, and then counts everything anew.
truncate flow_fact;
alter table flow_fact
    add column priority        smallint not null constraint flow_fact_priority check (priority between 1 and 4),
    add column organisation_id uuid;
update tally_book set next_zone = coalesce(next_zone, zone) where exists (select from event);

-- The page is one that can be saved.
alter table report drop constraint report_page;
alter table report add constraint report_page
    check (page in ('overview', 'promises', 'times', 'flow', 'tiers', 'workload', 'skills'));
