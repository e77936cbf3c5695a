-- A mail may wait for weeks until a mail server is set. The days after which it is given up count from the first try.
alter table outbox add column tried_at timestamptz;
update outbox set tried_at = created_at where attempts > 0;
