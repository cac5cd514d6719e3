"""What paramiko writes to the log: nothing. Its problems reach people as exceptions."""

import logging

#: paramiko logs each refused connection with a traceback; to a check of Odoo's log that would be
#: an error of the shop.
LOG_CHANNEL = "ipai_release_transport"
logging.getLogger(LOG_CHANNEL).setLevel(logging.CRITICAL + 1)
