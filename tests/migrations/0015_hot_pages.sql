update ticket set next_clock = 'resolution', next_clock_at = '2026-01-06T09:00Z', next_clock_risk_at = '2026-01-06T07:00Z',
    next_clock_seconds = 28800 where id = '00000000-0000-7000-8000-000000000061';
