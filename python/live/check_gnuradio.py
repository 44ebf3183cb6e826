"""GNU Radio's own PUB sink, with and without tags and key, against the same samples as format array: the labels must be
equal, bit for bit. /usr/bin/python3 python/live/check_gnuradio.py .build/release/runnel (Debian's gnuradio is needed.)
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

import numpy
import zmq
from zmq.utils.monitor import recv_monitor_message

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUNNEL = os.path.abspath(sys.argv[1])
LEAD, RATE = 0.6, 36000.0

CONFIGURATION = """
streams:
  radio: {{connect: "{endpoint}", rate: 360 Hz, channels: [{channels}], {format}}}
models:
  beats: {{file: {root}/models/ecg-beats.safetensors}}
pipelines:
  beats: {{from: radio, channels: [MLII], model: beats}}
outputs:
  labels: {{bind: "tcp://127.0.0.1:*"}}
"""

WAYS = [
    ("bare items", [], "format: gnuradio, dtype: f32"),
    ("a key", ["--key", "ecg"], "format: gnuradio, dtype: f32, topic: ecg"),
    ("tags", ["--tags"], "format: gnuradio, dtype: f32, pass_tags: true"),
    ("tags and a key", ["--tags", "--key", "ecg"], "format: gnuradio, dtype: f32, pass_tags: true, topic: ecg"),
    ("complex items with tags", ["--tags", "--complex"], "format: gnuradio, dtype: f32, pass_tags: true"),
    ("tags, found by auto", ["--tags"], "format: auto, dtype: f32"),
]


class Daemon:
    """`runnel run`, and somebody who listens to it."""

    def __init__(self, folder, endpoint, format, channels):
        path = os.path.join(folder, "runnel.yaml")
        with open(path, "w") as file:
            file.write(CONFIGURATION.format(endpoint=endpoint, format=format, root=ROOT, channels=channels))
        self.process = subprocess.Popen([RUNNEL, "run", "-c", path], stderr=subprocess.PIPE, text=True)
        self.log = []
        labels = re.search(r"tcp://\S+", self.line("publishes labels at")).group()
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.setsockopt(zmq.RCVHWM, 0)
        monitor = self.socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self.socket.subscribe(b"l/")
        self.socket.connect(labels)
        recv_monitor_message(monitor)
        self.socket.disable_monitor()

    def line(self, words):
        for line in self.process.stderr:
            self.log.append(line)
            if words in line:
                return line
        sys.exit(f"'{words}' never came:\n{''.join(self.log)}")

    def end(self):
        self.line("is gone")
        self.process.send_signal(signal.SIGTERM)
        self.log += self.process.communicate()[1].splitlines(True)
        text = "".join(self.log)
        used, lost = (int(re.search(p, text).group(1)) for p in (r"= (\d+) used", r"lost: (\d+) rows"))
        first = int(re.search(r"at index (\d+):", text).group(1))
        labels = []
        while self.socket.poll(300):
            label = json.loads(self.socket.recv_multipart()[1])
            if "label" in label and not label.get("repeat"):
                labels.append([label[key] for key in ("at", "first", "last", "decided", "label", "p", "scores")])
        self.socket.close()
        return used, lost, first, labels


def reference(folder, columns, first):
    """The labels of the same rows, sent by pyzmq."""
    endpoint = f"ipc://{folder}/reference"
    channels = ", ".join(["{name: MLII, unit: mV}", "other"][: columns.shape[1]])
    daemon = Daemon(folder, endpoint, "format: array", channels)
    with zmq.Context() as context, context.socket(zmq.XPUB) as socket:
        socket.setsockopt(zmq.XPUB_NODROP, 1)
        socket.bind(endpoint)
        socket.recv()
        for start in range(0, len(columns), 100):
            rows = numpy.ascontiguousarray(columns[start : start + 100])
            head = {"dtype": str(rows.dtype), "shape": rows.shape}
            if first is not None:
                head["first"] = first + start
            socket.send_json(head, zmq.SNDMORE)
            socket.send(rows)
    return daemon.end()[3]


def check(name, options, format, array):
    with tempfile.TemporaryDirectory() as folder:
        endpoint = f"ipc://{folder}/samples"
        isComplex = "--complex" in options
        channels = "{name: MLII, unit: mV}" + (", other" if isComplex else "")
        daemon = Daemon(folder, endpoint, format, channels)
        subprocess.run(
            ["/usr/bin/python3", f"{ROOT}/python/live/gnu_radio.py", array, endpoint, "--lead", str(LEAD), "--rate", str(RATE)]
            + options, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        used, lost, first, labels = daemon.end()
        column = numpy.load(array)[:, 0].astype("f4")
        column = numpy.concatenate([numpy.zeros(int(LEAD * RATE), "f4"), column])
        columns = numpy.stack([column, -column], axis=1) if isComplex else column[:, None]
        isTagged = "--tags" in options
        # Without an index nothing says where it joined; it heard the end, so these were the last rows.
        wanted = reference(folder, columns[len(columns) - used :], first if isTagged else None)
        where = f"from index {first}, {lost} lost" if isTagged else "no index"
        same = labels == wanted and len(labels) > 20 and (not isTagged or first + used + lost == len(columns))
        print(f"{name}: {used} rows ({where}), {len(labels)} labels, {'the same' if same else 'NOT THE SAME: FAILED'}")
        return same


def main():
    with tempfile.TemporaryDirectory() as folder:
        record = os.path.join(folder, "bed7")
        subprocess.run([RUNNEL, "synth", "ecg", "-o", record, "--seconds", "60", "--seed", "11", "--format", "16"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        array = os.path.join(folder, "ecg.npy")
        numpy.save(array, (numpy.fromfile(record + ".dat", "<i2") / 200).astype("f4")[:, None])
        results = [check(*way, array) for way in WAYS]
    sys.exit(0 if all(results) else 1)


main()
