"""Start, stop and status of the small Odoo, as a service manager has them: ``VERB CONFIG``."""

import configparser
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main():
    parser = configparser.ConfigParser()
    parser.read(sys.argv[2])
    shop = dict(parser["options"])
    pid_file = Path(shop["pid"])
    pid = int(pid_file.read_text()) if pid_file.exists() else None
    if sys.argv[1] == "status":
        sys.exit(0 if is_alive(pid) else 3)
    with open(shop["counts"], "a") as counts:
        counts.write(f"{sys.argv[1]}\n")
    if sys.argv[1] == "start":
        start(shop, pid, pid_file)
    else:
        stop(pid)


def start(shop, pid, pid_file):
    if is_alive(pid):
        sys.exit("it runs already")
    program = Path(__file__).with_name("fake_odoo.py")
    with open(shop["log"], "a") as log:
        process = subprocess.Popen(
            [sys.executable, program, f"--config={sys.argv[2]}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    pid_file.write_text(str(process.pid))


def stop(pid):
    if is_alive(pid):
        os.kill(pid, signal.SIGTERM)
    while is_alive(pid):
        time.sleep(0.01)


def is_alive(pid):
    """Whether a process runs; one that ended and that nobody waited for does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


if __name__ == "__main__":
    main()
