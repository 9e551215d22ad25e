# SPDX-License-Identifier: LGPL-2.1-or-later
import numpy as np

r = np.random.default_rng(1)
a = r.standard_normal((200, 200))
print(np.allclose(np.linalg.inv(a) @ a, np.eye(200)), np.allclose(np.fft.ifft(np.fft.fft(a)).real, a))
m = np.memmap("m.bin", dtype="f8", mode="w+", shape=(1000,))
m[:] = np.arange(1000)
m.flush()
print(np.memmap("m.bin", dtype="f8", mode="r").sum(), a.sum().round(6))
