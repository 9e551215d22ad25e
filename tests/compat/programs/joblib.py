# SPDX-License-Identifier: LGPL-2.1-or-later
from joblib import Memory, Parallel, delayed


def square(x):
    return x * x


if __name__ == "__main__":
    for backend in ("loky", "threading", "multiprocessing"):
        print(backend, sum(Parallel(n_jobs=2, backend=backend)(delayed(square)(i) for i in range(50))))
    memory = Memory("cache", verbose=0)
    print(memory.cache(square)(3), memory.cache(square).check_call_in_cache(3))
