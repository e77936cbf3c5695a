-- The sample ticket of 0004 is found by the hours of its id.
do $$
begin
    if not exists (select from ticket where search_words(search, id) @@ '''@000000'''::tsquery) then
        raise exception 'the index does not know the hours of a ticket';
    end if;
end
$$;
