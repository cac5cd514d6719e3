"""What a database consists of, as a set of lines that can be compared before and after."""

# Filled by any run of Odoo, whatever is installed, or compared in the catalog.
LIVELY_TABLES = (
    "bus_bus",
    "ir_attachment",
    "ir_cron_progress",
    "ir_cron_trigger",
    "ir_model_constraint",
    "ir_model_data",
    "ir_profile",
    "orm_signaling_%",
    "res_users_log",
)

CATALOG = """
    SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
       -- Odoo declares this one twice, restricting and cascading: the model set up last wins,
       -- and any module that inherits "base" changes it.
       AND conname <> 'rule_group_rel_group_id_fkey'
    UNION ALL
    SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'trigger ' || tgrelid::regclass || ' ' || tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'type ' || typname FROM pg_type
     WHERE typnamespace = 'public'::regnamespace AND typcategory <> 'A'
    UNION ALL
    SELECT 'sequence ' || sequencename FROM pg_sequences WHERE schemaname = 'public'
    UNION ALL
    SELECT 'parameter ' || key FROM ir_config_parameter
    UNION ALL
    -- Odoo leaves those of foreign keys on models that stay.
    SELECT 'declared constraint ' || name FROM ir_model_constraint WHERE type <> 'f'
    UNION ALL
    -- Of our own modules: stock ones name some after models of any module, and leave them.
    SELECT 'external id ' || module || '.' || name FROM ir_model_data
     WHERE module LIKE 'ipai\\_%' OR module = 'payment_account_enhanced'
"""

TABLES = """
    SELECT relname FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
       AND NOT relname LIKE ANY (%s)
"""


def footprint(cr):
    """Return the set of lines: columns, constraints, triggers, …, and the rows of each table.

    :param cr: a cursor of the database.
    """
    cr.execute(CATALOG)
    lines = {line for (line,) in cr.fetchall()}
    cr.execute(TABLES, [list(LIVELY_TABLES)])
    return lines | {f"rows {table} {_count(cr, table)}" for (table,) in cr.fetchall()}


def _count(cr, table):
    cr.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 a name from pg_class
    return cr.fetchone()[0]
