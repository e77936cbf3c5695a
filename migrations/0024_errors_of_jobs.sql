-- A run that meets an error of ours while it is signed or while its deadline is settled rests before anybody looks at it again,
-- so that it keeps no other from its turn: how often that happened, and until when it rests.
alter table job
    add column errors   int not null default 0,
    add column retry_at timestamptz;
