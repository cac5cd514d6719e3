"""How a host is reached: verbs to its helper over SSH or a local process. Imports no Odoo.

with HostClient(SshTransport(address, key)) as host:
    answer = host.call("disk")
"""

from .client import Answer, HostClient
from .errors import (
    HostKeyMismatch,
    HostNotConfigured,
    HostProtocolError,
    HostUnreachable,
)
from .host_key import fingerprint, scan
from .local import LocalTransport
from .private_key import public_line
from .sftp import NoFilesTaken, upload
from .ssh import Address, SshTransport
