"""Where the makers of golden files write: Tests/Golden, or the folder after `--into` on the command line."""

import os
import sys

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Tests", "Golden")
if "--into" in sys.argv:
    place = sys.argv.index("--into")
    _, GOLDEN = sys.argv[place : place + 2]
    del sys.argv[place : place + 2]  # what is left are names


def folder(name):
    path = os.path.join(GOLDEN, name)
    os.makedirs(path, exist_ok=True)
    return path
