"""The stock `baremetal` command line, warm: its own entry point, called in this process for each command.

A process a command costs most of a second before it has said anything; this way a scenario can try hundreds. What
was tried is noted under the name that the client itself gives the subcommand.
"""

import contextlib
import io
import json
import logging
import shlex
import sys
import time

from ironicclient import shell

PATIENCE = 60  # seconds
PAUSE = 0.05


class Baremetal:
    """One user of one API, at one microversion if one is named."""

    done, refusals = set(), set()

    def __init__(self, version=None):
        self.options = ["--os-baremetal-api-version", version] if version else []

    def ok(self, line, *more):
        """Runs it; it must succeed. What it printed."""
        code, said, complained = self.run(line, more)
        assert code == 0, f"baremetal {line} {more}: {code}\n{said}\n{complained}"
        self.done.add(subcommand(line))
        return said

    def json(self, line, *more):
        """Runs it with `-f json`; what it printed, parsed."""
        return json.loads(self.ok(line, *more, "-f", "json"))

    def refused(self, line, *more):
        """Runs it, without asking again after a conflict; it must fail. What it complained about."""
        code, said, complained = self.run(line, more, "--max-retries", "0")
        assert code != 0, f"baremetal {line} {more} succeeded:\n{said}"
        self.refusals.add(subcommand(line))
        return complained

    def run(self, line, more, *options):
        arguments = [*self.options, *options, *shlex.split(line), *more]
        # Each App adds handlers to the root logger, for the streams of its time.
        logging.getLogger().handlers.clear()
        said, complained = io.StringIO(), io.StringIO()
        sys.argv = ["baremetal", *arguments]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
            try:
                code = shell.main(arguments)
            except SystemExit as end:
                code = end.code
        return code, said.getvalue(), complained.getvalue()

    def column(self, line, name, *more):
        """One column of a list, in its order."""
        return [row[name] for row in self.json(line, *more)]

    def node(self, name, *options, driver="fake-hardware"):
        """Makes a node; what it is."""
        return self.json("node create --driver", driver, "--name", name, *options)

    def field(self, node, name):
        return self.json("node show", node, "--fields", name)[name]

    def until(self, node, name, value):
        """Looks until the field has this value."""
        deadline = time.monotonic() + PATIENCE
        while (seen := self.field(node, name)) != value:
            assert time.monotonic() < deadline, f"{name} of {node} is {seen!r}, not {value!r}"
            time.sleep(PAUSE)

    def move(self, node, *steps):
        """Takes a node through verbs, each with the state that it leads to."""
        for verb, reached in steps:
            self.ok(f"node {verb}", node)
            self.until(node, "provision_state", reached)

    def available(self, name, *options):
        """A node that may be deployed."""
        made = self.node(name, *options)
        self.move(name, ("manage", "manageable"), ("provide", "available"))
        return made


def subcommand(line):
    """What the client calls the subcommand of this line."""
    return shell.App().command_manager.find_command(shlex.split(line))[1]


def shown(record, *names):
    """These members of a record, in this order."""
    return [record[name] for name in names]


def report():
    """The only line that a scenario prints: what was tried."""
    print(json.dumps({"done": sorted(Baremetal.done), "refused": sorted(Baremetal.refusals)}))
