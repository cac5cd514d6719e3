"""What the demo's command refuses before it begins to work."""

import socket

import pytest

from tools.demo import __main__ as demo
from tools.say import Missing


def test_a_port_in_use_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Missing, match=f"port {port} is in use.*--port"):
            demo._refuse_taken_port(port)
    demo._refuse_taken_port(port)
