# SPDX-License-Identifier: LGPL-2.1-or-later
import io

import pandas as pd

a = pd.read_csv(io.StringIO("k,v,t\na,1,2024-03-31 01:30\nb,2,2024-03-31 03:30\na,5,2024-10-27 02:30\n"), parse_dates=["t"])
print(a.groupby("k").v.sum().to_dict())
print(a.t.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin").astype(str).tolist())
a.to_pickle("a.pickle")
print(a.merge(pd.DataFrame({"k": ["a", "b"], "n": ["x", "y"]})).equals(pd.read_pickle("a.pickle").merge(pd.DataFrame({"k": ["a", "b"], "n": ["x", "y"]}))))
