-- "All teams" is said, not concluded from an empty list: a manager whose last team goes sees no team.
alter table person add column manages_all boolean not null default false;
update person p set manages_all = true
where p.manager and not exists (select from manager_team t where t.person_id = p.id);
alter table person add constraint person_manages_all check (manager or not manages_all);
