"""board.py BOARDS NAME KEY: prints one value of a board: `arch`, a dotted path of board.toml, `cmdline`, or
`kernel.config`. A board stands on `base` (one level), and every board on `common`."""

import sys
import tomllib
from pathlib import Path


def layers(boards: Path, name: str) -> list[Path]:
    """Folders from the ground up."""
    own = boards / name
    base = tomllib.loads((own / "board.toml").read_text()).get("base")
    if base and "base" in tomllib.loads((boards / base / "board.toml").read_text()):
        sys.exit(f"board {name}: its base {base} has a base itself; one level is all")
    return [boards / "common"] + ([boards / base] if base else []) + [own]


def merged(folders: list[Path]) -> dict:
    values: dict = {}
    for folder in folders:
        for key, value in tomllib.loads((folder / "board.toml").read_text()).items():
            both_tables = isinstance(value, dict) and isinstance(values.get(key), dict)
            values[key] = {**values[key], **value} if both_tables else value
    return values


def lines(folders: list[Path], file: str) -> list[str]:
    found = []
    for folder in folders:
        if (folder / file).exists():
            found += [line.strip() for line in (folder / file).read_text().splitlines()]
    return [line for line in found if line and not line.startswith("#")]


def main(boards: str, name: str, key: str) -> None:
    folders = layers(Path(boards), name)
    if key == "cmdline":
        print(" ".join(lines(folders, "cmdline")))
    elif key == "kernel.config":
        print("\n".join(lines(folders, "kernel.config")))
    else:
        value = merged(folders)
        for part in key.split("."):
            if part not in value:
                sys.exit(f"board {name} does not say {key}")
            value = value[part]
        print(value)


main(*sys.argv[1:])
