-- No ticket before this was filed by a VIP.
do $$
begin
    if exists (select from ticket where vip) then
        raise exception 'a ticket became that of a VIP';
    end if;
end
$$;
