"""Builds the extension: on the stable ABI of CPython 3.9, so that one wheel serves 3.9 and later.

SWIFTAMQP_INCLUDE is the folder of swiftamqp.h, SWIFTAMQP_LIBRARY that of libswiftamqp.so; scripts/build-wheel sets both.
"""

import os
from pathlib import Path

from setuptools import Extension, setup

here = Path(__file__).resolve().parent
# Relative, as setuptools asks for.
sources = sorted(f"src/{path.name}" for path in (here / "src").glob("*.c"))
include = os.environ.get("SWIFTAMQP_INCLUDE", str(here.parent.parent / "include"))
library = os.environ.get("SWIFTAMQP_LIBRARY")

core = Extension(
    "swiftamqp._core",
    sources=sources,
    depends=sorted(f"src/{path.name}" for path in (here / "src").glob("*.h")),
    include_dirs=[include],
    library_dirs=[library] if library else [],
    libraries=["swiftamqp"],
    py_limited_api=True,
    extra_compile_args=["-std=c11", "-Wall", "-Wextra", "-Wno-cast-function-type", "-Wno-missing-field-initializers"],
    # The library lies beside it in a wheel.
    extra_link_args=["-Wl,-rpath,$ORIGIN/lib"],
)

setup(ext_modules=[core], options={"bdist_wheel": {"py_limited_api": "cp39"}})
