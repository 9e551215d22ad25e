# SPDX-License-Identifier: LGPL-2.1-or-later
import dask
from distributed import Client, LocalCluster


@dask.delayed
def inc(x):
    return x + 1


if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        print(dask.compute(sum([inc(i) for i in range(10)]))[0], len(client.scheduler_info()["workers"]))
