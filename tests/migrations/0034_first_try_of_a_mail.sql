update outbox set tried_at = created_at where state <> 'pending';
