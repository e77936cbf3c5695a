-- The application works as `tierdesk_app`, which can neither change the schema nor rewrite history.

do $$
begin
    if not exists (select from pg_roles where rolname = 'tierdesk_app') then
        create role tierdesk_app nologin;
    end if;
exception when duplicate_object or unique_violation then null;
end
$$;
do $$
begin
    execute format('grant tierdesk_app to %I', current_user);
end
$$;

grant usage on schema public to tierdesk_app;
grant select, insert, update, delete on all tables in schema public to tierdesk_app;
grant usage on all sequences in schema public to tierdesk_app;
alter default privileges in schema public grant select, insert, update, delete on tables to tierdesk_app;
alter default privileges in schema public grant usage on sequences to tierdesk_app;

-- Append-only by grant: what happened can be added to, not edited.
revoke update, delete on audit, audit_seal, rule_firing from tierdesk_app;
revoke delete on event from tierdesk_app;
revoke update on event from tierdesk_app;
revoke delete on content from tierdesk_app;
revoke update, delete on configuration from tierdesk_app;

-- The signer has a role of its own: it alone reads private keys and writes envelopes (decision 30).
do $$
begin
    if not exists (select from pg_roles where rolname = 'tierdesk_signer') then
        create role tierdesk_signer nologin;
    end if;
exception when duplicate_object or unique_violation then null;
end
$$;
do $$
begin
    execute format('grant tierdesk_signer to %I', current_user);
end
$$;
revoke insert, update on job_envelope from tierdesk_app;
revoke update, delete on job_late_result from tierdesk_app;
revoke all on signer_key from tierdesk_app;
grant select (id, public_key, created_at, retired_at) on signer_key to tierdesk_app;
grant usage on schema public to tierdesk_signer;
grant select, insert, update on signer_key to tierdesk_signer;
grant select, insert on job_envelope to tierdesk_signer;
grant select, update on job to tierdesk_signer;
grant select on host, host_entry to tierdesk_signer;
