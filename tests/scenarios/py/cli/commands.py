"""The subcommands that the client itself says that it has."""

import json

from ironicclient import shell

print(json.dumps(sorted(name for name, _ in shell.App().command_manager)))
