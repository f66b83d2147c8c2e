"""All entries of the layers' contract suite, collected from the files beside this one."""

from __future__ import annotations

import importlib
from pathlib import Path

FILES = sorted(path.stem for path in Path(__file__).parent.glob("layer_cases_*.py"))
CASES = [case for name in FILES for case in importlib.import_module(name).CASES]

# the first entry of each class stands for it where a check takes long
FIRST = list({case.kind: case for case in reversed(CASES)}.values())[::-1]
