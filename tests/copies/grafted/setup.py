"""A wheel with a library that is linked with libtracer.so.1, for auditwheel to put a copy into."""

import os
from pathlib import Path

from setuptools import Extension, setup

ROOT = Path(__file__).resolve().parents[3]

setup(
    name="grafted",
    version="1",
    packages=["grafted"],
    ext_modules=[
        Extension(
            "grafted.piece",
            [os.path.relpath(ROOT / "tests/copies/piece.c", Path(__file__).parent)],
            include_dirs=[str(ROOT / "include")],
            library_dirs=[os.environ["LIBTRACER_LIB"]],
            libraries=["tracer"],
        )
    ],
)
