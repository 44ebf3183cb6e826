"""Checks that print a line each, and the runnel that they are about."""

import argparse
import importlib.metadata
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
failures = []


def check(name, fine, detail=""):
    print(f"{'ok' if fine else 'FAILED':6} {name}{': ' + detail if detail else ''}")
    if not fine:
        failures.append(name)


class Runnel:
    """The program, in a folder of its own."""

    def __init__(self, program, folder):
        self.program, self.folder = os.path.abspath(program), folder

    def run(self, *arguments, code=0):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, cwd=self.folder)
        if done.returncode != code:
            raise RuntimeError(f"runnel {' '.join(map(str, arguments))} exited {done.returncode}: {done.stderr.strip()}")
        return done.stdout


def main(document, tools, compare):
    """Says the versions of the tools, runs compare(runnel), and exits: 0 where every check was fine."""
    parser = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runnel", default=os.path.join(ROOT, ".build", "release", "runnel"))
    options = parser.parse_args()
    print(", ".join(f"{tool} {importlib.metadata.version(tool)}" for tool in tools))
    with tempfile.TemporaryDirectory() as folder:
        compare(Runnel(options.runnel, folder))
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    print(f"{name}: {len(failures)} differ" if failures else f"{name}: all agree")
    sys.exit(1 if failures else 0)
