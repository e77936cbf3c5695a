-- Teams are edited as versioned documents (decision 10). What each says by now is its first version.
insert into configuration (kind, id, version, name, valid_from, active, body)
    select 'team', id, version, name, created_at, retired_at is null,
           jsonb_build_object('description', description, 'restricted', restricted)
    from team;
