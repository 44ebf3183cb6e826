"""Runs runnel on a model file, compares what it says with what the framework says, counts and sums up."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback
import warnings

import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LIMIT = 1e-5  # of max(1e-3, the largest output of the framework)


class Refused(Exception):
    """The network was not taken, with the sentence that says why."""


class Failed(Exception):
    """The network was taken and does not do what it did."""


def runnel(binary, *arguments):
    """What a command of runnel prints."""
    result = subprocess.run([binary, *arguments], capture_output=True, text=True)
    if result.returncode != 0:
        raise Failed(f"runnel {' '.join(arguments)} ended with {result.returncode}: {result.stderr.strip()}")
    return result.stdout


class Place:
    """A folder for one network, and the binary that runs in it."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, frames, *options, model="m.safetensors"):
        """Scores that `runnel model run` gives for frames (T, D) or windows (W, T, D)."""
        np.save(self.path("x.npy"), frames)
        files = ["--input", self.path("x.npy"), "--output", self.path("y.npy")]
        runnel(self.binary, "model", "run", self.path(model), *files, *options)
        return np.load(self.path("y.npy"))

    def run_in_parts(self, rng, frames, *options):
        """The same for a stream, in two runs with the state in a file between them, each in random chunks."""
        cut = int(rng.integers(1, len(frames)))
        state = self.path("s.npz")
        chunk = lambda: ["--chunk", str(int(rng.integers(1, 50)))]
        first = self.run(frames[:cut], *chunk(), "--state-out", state, *options)
        return np.concatenate([first, self.run(frames[cut:], *chunk(), "--state-in", state, *options)])


def difference(found, wanted):
    """The largest difference, of max(1e-3, the largest value wanted); both are scores of a stream or of windows."""
    if found.shape != wanted.shape:
        raise Failed(f"shape {found.shape}, expected {wanted.shape}")
    if found.size == 0:
        raise Failed("no step came out")
    if not np.isfinite(wanted).all():
        raise Failed("the framework's own outputs are not finite")
    return float(np.abs(found - wanted).max()) / max(1e-3, float(np.abs(wanted).max()))


def compare(place, seed, frames, wanted, *options):
    """Runs frames whole, and a stream in parts too. The difference; raises Failed where parts differ from the whole."""
    found = place.run(frames, *options)
    if frames.ndim == 2:
        # Behind the last frame a framework pads on; a stream goes on.
        wanted = wanted[: len(found)]
        if not np.array_equal(found, place.run_in_parts(np.random.default_rng(seed), frames, *options)):
            raise Failed("chunks differ from the whole in their bits")
    return difference(found, wanted)


def main(document, trial, tool, count, check=lambda reasons: [], more=lambda parser: None):
    """Draws networks by seed, prints a line for each and a line for all, and exits: 0 where all agree.

    trial(seed, place, arguments) returns (difference, text), or a list of such, or raises Refused or Failed.
    check(reasons) returns sentences about refusals that should not be; reasons: sentence by sentence, how often.
    """
    parser = argparse.ArgumentParser(description=document.splitlines()[0])
    parser.add_argument("--runnel", default=os.path.join(ROOT, ".build", "release", "runnel"))
    parser.add_argument("--count", type=int, default=count, help="networks to draw")
    parser.add_argument("--seed", type=int, default=1, help="of the first")
    parser.add_argument("--quiet", action="store_true", help="only what failed, and how far it is")
    more(parser)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    if not os.access(arguments.runnel, os.X_OK):
        sys.exit(f"{arguments.runnel} is not there; make build")
    worst, failed, refused, agreed, began = 0.0, [], [], 0, time.monotonic()
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        for name, amount, text in tried(trial, seed, arguments):
            wrong = amount is not None and not amount <= LIMIT
            if amount is None:
                refused.append(text)
            elif wrong:
                failed.append(name)
            else:
                agreed, worst = agreed + 1, max(worst, amount)
            if wrong or not arguments.quiet:
                verdict = "refused" if amount is None else "FAILED" if wrong else "ok"
                print(f"{name}: {verdict}: {text if amount in (None, np.inf) else f'{amount:.2e} {text}'}", flush=True)
        done = seed - arguments.seed + 1
        if arguments.quiet and done % 10 == 0 and done < arguments.count:
            print(f"… {done} of {arguments.count}, {time.monotonic() - began:.0f} s", flush=True)
    complaints = check(refused)
    for sentence in complaints:
        print(f"FAILED: {sentence}")
    print(
        f"{'FAILED' if failed or complaints else 'ok'}: {tool}: {arguments.count} networks, {agreed} runs agree, "
        f"{len(refused)} refused, {len(failed)} failed; largest difference {worst:.2g}, limit {LIMIT:g} "
        f"({time.monotonic() - began:.0f} s)"
    )
    if failed:
        print("failed: " + ", ".join(failed))
    sys.exit(int(bool(failed or complaints)))


def tried(trial, seed, arguments):
    """(name, difference or None where it was refused, text) of each run of one network."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            results = trial(seed, Place(arguments.runnel, folder), arguments)
        except Refused as reason:
            return [(f"seed {seed}", None, str(reason))]
        except Failed as reason:
            return [(f"seed {seed}", np.inf, str(reason))]
        except Exception:  # a script that breaks must not hide the other networks
            return [(f"seed {seed}", np.inf, traceback.format_exc())]
    if isinstance(results, tuple):
        results = [("", *results)]
    return [(f"seed {seed} {name}".strip(), amount, text) for name, amount, text in results]
