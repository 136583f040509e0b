"""Talks on the serial console of a BMC through pyghmi; prints what was shown.

A program of its own: pyghmi has one session for equal accounts, and a console does not start on one that is open.
"""

import sys
import time

from pyghmi.ipmi import console

shown = []
line = console.Console(
    bmc="127.0.0.1", userid="admin", password="secret", port=int(sys.argv[1]), iohandler=shown.append, force=True
)


def text():
    return b"".join(data for data in shown if isinstance(data, bytes)).decode()


def read(words):
    deadline = time.monotonic() + 60
    while words not in text():
        assert time.monotonic() < deadline, (words, shown)
        console.Console.wait_for_rsp(1)


read("twin login:")
line.send_data("hello\r")
read("you said: hello")
line.close()
print(text())
