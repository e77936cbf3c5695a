//! PostgreSQL: every query of the product, and its migrations.
