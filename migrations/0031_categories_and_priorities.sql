-- Categories are edited as versioned documents (decision 10), and of one name there is one in use.

-- Nobody could add or rename one so far; where somebody did behind the product's back, the later one says which it is.
update category set name = left(name, 80) || ' (' || twice.n || ')'
    from (select id, row_number() over (partition by lower(name) order by position, id) as n
          from category where retired_at is null) twice
    where twice.id = category.id and twice.n > 1;
create unique index category_name on category (lower(name)) where retired_at is null;

-- What each says by now is its first version.
insert into configuration (kind, id, version, name, valid_from, active, body)
    select 'category', id, version, name, created_at, retired_at is null,
           jsonb_build_object('above', parent_id, 'hint', hint, 'kind', kind, 'team', team_id)
    from category;
