//! What may run on a host: typed entries, parameter types, classes, verdict parsers.
