"""What a check's statement may name. The catalogue of the database decides, not a parser.

PostgreSQL itself refuses whatever is not one query and whatever writes (see ``snapshot``). What it
lets a reader do is still too much: sleep, read the server's files, end other sessions, open
connections, look at secrets. So **every word** of the text is looked up, wherever it stands (in
quotes, in a comment, without a bracket): a word that is the name of such a function or relation is
refused. This refuses too much rather than too little.

It does not see into views and stable functions that somebody with more rights put into the
database. Whoever wants more certainty gives the checks a role that may read just what they need.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .base import CheckError

_WORD = re.compile(r"[^\W\d][\w$]*")
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*\n|/\*(?:(?!/\*|\*/).)*\*/|\()*([A-Za-z]*)", re.DOTALL)
_QUERY_STARTS = ("select", "with", "values", "table")
_UNICODE_ESCAPE = re.compile(r"u&\s*[\"']", re.IGNORECASE)

#: Volatile in the catalogue, and harmless: they read a clock, dice or the size of a table.
_HARMLESS = (
    "clock_timestamp",
    "gen_random_uuid",
    "pg_database_size",
    "pg_indexes_size",
    "pg_relation_size",
    "pg_table_size",
    "pg_total_relation_size",
    "random",
    "timeofday",
)

#: Server-wide views and functions: other sessions, roles, settings, files, statistics with data.
_OUTSIDE = re.compile(
    r"pg_(?:stat|authid|auth_members|shadow|user|hba|ident|file|largeobject|lock|blocking|safe_snap"
    r"|ls_|read_|show_|prepared|cursors|config|conf_|settings|db_role_setting|shmem|backend|toast"
    r"|foreign_|subscription|replication|publication|current_logfile|tablespace|temp)\w*"
    r"|current_setting|inet_\w+|dblink\w*|lo_\w+|ts_stat|ts_rewrite"
    r"|(?:query|table|cursor|schema|database)_to_xml\w*|postgres_fdw\w*|file_fdw\w*"
    r"|_pg_user_mapping\w*|_pg_foreign_\w+|user_mapping\w*|foreign_\w+_options"
)

#: Tables in which Odoo keeps nothing but secrets, or secrets that no check needs.
SECRET_TABLES = frozenset(
    {
        "auth_oauth_provider",
        "auth_totp_device",
        "auth_totp_wizard",
        "change_password_own",
        "change_password_user",
        "fetchmail_server",
        "iap_account",
        "ir_config_parameter",
        "ir_mail_server",
        "payment_provider",
        "payment_token",
        "res_config_settings",
        "res_users_apikeys",
        "res_users_apikeys_show",
        "res_users_identitycheck",
    }
)

#: Columns that open a door, in whatever table.
SECRET_COLUMN = re.compile(
    r"\w*(?:password|passwd|secret|(?:access|refresh|account|signup)_token|api_?key)"
)

# Functions that take an "internal" argument cannot be called from SQL: "system" is one of them.
_FUNCTIONS = """
    SELECT DISTINCT proname
      FROM pg_catalog.pg_proc
      JOIN pg_catalog.pg_language ON pg_language.oid = prolang
     WHERE lower(proname) = ANY(%s)
       AND NOT proname = ANY(%s)
       AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
       AND NOT 'internal'::regtype = ANY(proargtypes)
       AND (provolatile = 'v' OR prosecdef
            OR NOT (lanpltrusted OR lanname IN ('internal', 'c')))
     ORDER BY proname
"""

_FOREIGN = """
    SELECT relname
      FROM pg_catalog.pg_class
     WHERE lower(relname) = ANY(%s) AND relkind = 'f'
     ORDER BY relname
"""


def refuse_by_text(text: str) -> None:
    """Raise `CheckError` for what the text alone shows: no query, an escape, a server-wide name."""
    first = _FIRST_WORD.match(text).group(1).lower()
    if first not in _QUERY_STARTS:
        raise CheckError(
            f"The statement starts with '{first or text.strip()[:20]}' and is not a SELECT.",
            "Write one SELECT (or WITH … SELECT) that only reads; a check never changes data.",
        )
    if _UNICODE_ESCAPE.search(text):
        raise CheckError(
            "The statement spells a name or text with Unicode escapes (U&).",
            "Write the characters themselves.",
        )
    words = words_of(text)
    _refuse(sorted(word for word in words if _OUTSIDE.fullmatch(word)), "outside this database")
    _refuse(sorted(words & SECRET_TABLES), "where Odoo keeps secrets")
    refuse_columns(words)


def refuse_by_catalogue(text: str, cursor: Any) -> None:
    """Raise `CheckError` for functions that the database marks as acting, and for foreign tables.

    ``cursor`` is an open psycopg2 cursor on the database in question.
    """
    words = sorted(words_of(text))
    cursor.execute(_FUNCTIONS, (words, list(_HARMLESS)))
    _refuse([name for (name,) in cursor.fetchall()], "acts or reaches outside the database")
    cursor.execute(_FOREIGN, (words,))
    _refuse([name for (name,) in cursor.fetchall()], "is a table of another server")


def refuse_columns(names: Iterable[str]) -> None:
    """Raise `CheckError` when one of these columns is a secret, such as ``access_token``."""
    _refuse(sorted(name for name in names if SECRET_COLUMN.fullmatch(name)), "a secret of Odoo")


def words_of(text: str) -> set[str]:
    """Return every word of the text in lower case, as PostgreSQL folds names."""
    return {word.lower() for word in _WORD.findall(text)}


def _refuse(names: list[str], why: str) -> None:
    if names:
        raise CheckError(
            f"The statement names {', '.join(names)} ({why}), which a check may not use.",
            "Leave it out, and name the columns you need instead of '*'. If the word is a value or "
            "a name of your own, write it another way.",
        )
