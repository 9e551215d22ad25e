# SPDX-License-Identifier: LGPL-2.1-or-later
import numpy as np
from scipy import integrate, optimize, sparse
from scipy.sparse.linalg import spsolve

print(optimize.minimize(lambda x: (x[0] - 1) ** 2 + (x[1] + 2) ** 2, [0, 0]).x.round(4).tolist())
print(round(integrate.quad(np.sin, 0, np.pi)[0], 10))
print(spsolve(sparse.diags([2.0, 1.0], [0, 1], shape=(50, 50), format="csc"), np.ones(50)).sum().round(8))
