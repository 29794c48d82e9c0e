"""The models that read letters: files in rapidocr's wheel, used only if they are the very ones that were tried.

Only its files are taken and none of its code, which would fetch a file anew that has changed. The bytes that are
checked are the bytes that are used.
"""

from __future__ import annotations

from typing import Any

DETECT, READ = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
DIGESTS = {
    DETECT: "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    READ: "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
}
"""SHA-256 of the files in rapidocr 3.10."""
THREADS = 1
"""Slides are done side by side; a model that takes all cores would only make them wait for each other."""


class WrongModel(Exception):
    """A model file is not the one that was tried.

    Parameters
    ----------
    file
        Its name.
    what
        What is the matter with it.
    """

    def __init__(self, file: str, what: str) -> None:
        super().__init__(f"{file} {what}")
        self.file, self.what = file, what


def folder() -> str:
    """Return where the model files are; nothing of the package is run for that."""
    import os
    from importlib.util import find_spec

    found = find_spec("rapidocr")
    if found is None or found.origin is None:
        raise WrongModel("rapidocr", "is not installed")
    return os.path.join(os.path.dirname(found.origin), "models")


def checked(file: str, place: str | None = None) -> bytes:
    """Return the bytes of a model file.

    Parameters
    ----------
    file
        Its name.
    place
        The folder that it is in; that of the package by default.

    Raises
    ------
    WrongModel
        If it is not there, or not the one that was tried.
    """
    import hashlib
    import os

    try:
        with open(os.path.join(place or folder(), file), "rb") as opened:
            data = opened.read()
    except OSError:
        raise WrongModel(file, "cannot be read") from None
    if hashlib.sha256(data).hexdigest() != DIGESTS[file]:
        raise WrongModel(file, "has changed on the disk")
    return data


def session(file: str) -> Any:
    """Return a model, ready to be run.

    Raises
    ------
    WrongModel
        As `checked`.
    """
    data = checked(file)
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = THREADS
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
