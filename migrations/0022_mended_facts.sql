-- A fact between the tiers is a projection of events: a recount takes away what no event says.
grant delete on flow_fact to tierdesk_app;
