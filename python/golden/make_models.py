"""All model files of Tests/Golden/models: python golden/make_models.py, from the folder python/. Minutes.

`make_torch_models.py` and `make_keras_models.py` make them and can be run alone, with the names of a few files. Four are
not made any more: conv-lstm, lstm-2-layers, lstm-odd and conv-dilated were written by the first exporter, when the
description had fewer keys. They stay as they are, so that files of that time are read for ever.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    for script in ("make_torch_models.py", "make_keras_models.py"):
        subprocess.run([sys.executable, os.path.join(HERE, script)], check=True)


if __name__ == "__main__":
    main()
