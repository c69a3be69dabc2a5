"""What one wide product does for those that follow it: GFLOP/s before and after, each in fresh processes.

python benchmarks/blas_pages.py
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from typing import Any

FOLLOWING = ((1000, 784, 128), (128, 784, 128), (32, 784, 32))  # rows, inputs, units
TRIED = ((1, 784, 512), (16, 784, 512), (32, 784, 256), (32, 784, 512), (64, 784, 1024))
PROCESSES = 5


def speed(rows: int, inputs: int, units: int, dtype: Any) -> float:
    """GFLOP/s of one product, the best of many."""
    import numpy as np

    x, w = np.ones((rows, inputs), dtype), np.ones((inputs, units), dtype)
    z = np.dot(x, w)
    best = float("inf")
    for _turn in range(max(20, 10_000 // rows)):
        start = time.perf_counter()
        np.dot(x, w, out=z)
        best = min(best, time.perf_counter() - start)
    return 2e-9 * rows * inputs * units / best


def one_process(wide: list[int], dtype: str) -> dict[str, Any]:
    import numpy as np

    before = [speed(*each, dtype) for each in FOLLOWING]
    rows, inputs, units = wide
    x, w = np.ones((rows, inputs), dtype), np.ones((inputs, units), dtype)
    start = time.perf_counter()
    np.dot(x, w)
    milliseconds = 1e3 * (time.perf_counter() - start)
    after = [speed(*each, dtype) for each in FOLLOWING]
    return {"before": before, "after": after, "milliseconds": milliseconds}


def main() -> None:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if sys.argv[1:2] == ["--process"]:
        print(json.dumps(one_process(json.loads(sys.argv[2]), sys.argv[3])))
        return
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    from course_nn._arrays import _prefetches_untouched_pages

    does = "runs" if _prefetches_untouched_pages() else "leaves out, because this BLAS needs none"
    print(f"{platform.machine()}; utils.warm_up_products {does} (32, 784) @ (784, 512).")
    print(f"Medians of {PROCESSES} processes, GFLOP/s of {', '.join(map(str, FOLLOWING))}:")
    for dtype in ("float32", "float64"):
        for wide in TRIED:
            runs = []
            for _process in range(PROCESSES):
                command = [sys.executable, __file__, "--process", json.dumps(wide), dtype]
                done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
                runs.append(json.loads(done.stdout))
            before, after = (
                " ".join(
                    f"{statistics.median(column):5.1f}" for column in zip(*(r[k] for r in runs))
                )
                for k in ("before", "after")
            )
            cost = statistics.median(run["milliseconds"] for run in runs)
            print(f"{dtype}, after {wide!s:16} ({cost:.1f} ms): {before} -> {after}", flush=True)


if __name__ == "__main__":
    main()
