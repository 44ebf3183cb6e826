"""The bytes of a model file: safetensors (docs/cells.md §1) whose metadata holds the description."""

import hashlib
import json
import os
import struct
import tempfile

import numpy as np

from exporting.graph import ExportError


def encode(description, tensors):
    """The bytes of the file and its digest."""
    digest = "sha256:" + "0" * 64
    text = json.dumps({**description, "digest": digest}, ensure_ascii=False, allow_nan=False)
    if text.count(digest) != 1:
        raise ExportError("the provenance may not hold a digest of 64 zeros")
    header, body = {"__metadata__": {"format": "pt", "runnel.model": text}}, []
    offset = 0
    for key in sorted(tensors):
        value = np.ascontiguousarray(tensors[key], dtype="<f4").reshape(np.shape(tensors[key]))
        header[key] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
        body.append(value.tobytes())
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    data = struct.pack("<Q", len(head)) + head + b"".join(body)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return data.replace(b"sha256:" + b"0" * 64, digest.encode(), 1), digest


def write(path, data):
    """All or nothing: the file appears whole or not at all."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
