#!/usr/bin/python3
"""Puts hardware managers of a site's own where a ramdisk's Python finds them.

    image/managers.py DIR TREE

DIR holds wheels, or modules and packages as pip installs them, each with its NAME-VERSION.dist-info, whose
entry_points.txt names the managers. What cannot work is refused before anything is written: no manager, a module that
is not there or is no Python, a file that the ramdisk has already. Prints a line for the manifest for each file.
"""

import ast
import configparser
import hashlib
import pathlib
import sys
import zipfile

GROUP = "ironic_python_agent.hardware_managers"
PLACE = "usr/lib/python3/dist-packages"


def die(why):
    sys.exit("image/managers.py: " + why)


def read(folder):
    """Every file by its path below the folder; wheels are opened."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if "__pycache__" in path.parts or not path.is_file():
            continue
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                names = [name for name in wheel.namelist() if not name.endswith("/")]
                files.update((name, wheel.read(name)) for name in names)
        else:
            files[path.relative_to(folder).as_posix()] = path.read_bytes()
    return files


def managers(files):
    """What the entry points name: `NAME = MODULE:CLASS`."""
    for path, content in files.items():
        if path.endswith(".dist-info/entry_points.txt"):
            points = configparser.ConfigParser(delimiters=("=",))
            points.read_string(content.decode())
            if points.has_section(GROUP):
                yield from points.items(GROUP)


def check(folder, files, place):
    found = list(managers(files))
    if not found:
        die("%s has no NAME-VERSION.dist-info/entry_points.txt with a [%s]" % (folder, GROUP))
    for name, target in found:
        module = target.partition(":")[0].strip().replace(".", "/")
        if module + ".py" not in files and module + "/__init__.py" not in files:
            die("%s names the manager %s = %s, and there is no %s.py" % (folder, name, target, module))
    for path, content in files.items():
        if path.startswith("/") or ".." in path.split("/"):
            die("%s has %s, which lies outside of it" % (folder, path))
        if (place / path).exists():
            die("%s has %s, which the ramdisk has already" % (folder, path))
        if path.endswith(".py"):
            try:
                ast.parse(content, path)
            except (SyntaxError, ValueError) as error:
                die("%s: %s is no Python: %s" % (folder, path, error))


def main():
    if len(sys.argv) != 3:
        die("usage: image/managers.py DIR TREE")
    folder, place = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]) / PLACE
    if not folder.is_dir():
        die("%s is no folder" % folder)
    files = read(folder)
    check(folder, files, place)
    for path, content in files.items():
        target = place / path
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o644)
        print("site", path, hashlib.sha256(content).hexdigest())


main()
