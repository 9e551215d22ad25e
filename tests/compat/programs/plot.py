# SPDX-License-Identifier: LGPL-2.1-or-later
import hashlib

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt

plt.plot([1, 3, 2])
plt.title("häuser $x^2$")
plt.savefig("a.png", metadata={"Software": None})
with open("a.png", "rb") as f:
    data = f.read()
print(data[:8], hashlib.sha256(data).hexdigest())
