"""How long `import lamina` takes, beside starting Python and beside importing NumPy.

Each figure is the median over fresh interpreters, taken in turn so that other work on the machine meets all
alike.
The aim is 0.1 s above the bare interpreter.
"""

import statistics
import subprocess
import sys
import time

STATEMENTS = {"bare interpreter": "pass", "import numpy": "import numpy", "import lamina": "import lamina"}
ROUNDS = 15


def seconds(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def main() -> None:
    rounds = [{name: seconds(statement) for name, statement in STATEMENTS.items()} for _ in range(ROUNDS)]
    medians = {name: statistics.median(one[name] for one in rounds) for name in STATEMENTS}
    for name, value in medians.items():
        print(f"{name:18s} {1e3 * value:7.1f} ms")
    print(f"import lamina adds {1e3 * (medians['import lamina'] - medians['bare interpreter']):.1f} ms")


if __name__ == "__main__":
    main()
