-- Rights only: nothing to keep.
select 1;
