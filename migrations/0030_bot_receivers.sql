-- Whom the bot hands tickets to is configuration.

-- One more kind of document, whatever kinds there are by now.
do $$
declare
    kinds text;
begin
    select string_agg(quote_literal(kind), ', ') into kinds
    from (select distinct (regexp_matches(pg_get_constraintdef(oid), '''([a-z_]+)''', 'g'))[1] as kind
          from pg_constraint where conname = 'configuration_kind'
          union select 'bot_receivers') known;
    alter table configuration drop constraint configuration_kind;
    execute format('alter table configuration add constraint configuration_kind check (kind in (%s))', kinds);
end
$$;
