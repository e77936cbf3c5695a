-- When a worker began to talk to the mail server about a mail, for as long as nobody said what became of it: only such a mail may
-- have arrived. One that was claimed and no more did not leave. Of those that are under way now nobody knows.
alter table outbox add column began_at timestamptz;
update outbox set began_at = now() where state = 'sending';

-- What is over is thrown away after a while, and found by its end.
create index outbox_finished on outbox (finished_at) where finished_at is not null;
create index person_token_expires on person_token (expires_at);
