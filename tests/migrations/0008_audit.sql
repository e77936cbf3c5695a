insert into audit (at, actor_kind, action, object_kind, object_id) values ('2026-01-05T09:00Z', 'system', 'instance.installed', 'instance', '1');
