# SPDX-License-Identifier: LGPL-2.1-or-later
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV

x, y = make_classification(300, random_state=0)
g = GridSearchCV(RandomForestClassifier(10, random_state=0), {"max_depth": [2, 4]}, n_jobs=2).fit(x, y)
print(g.best_params_, round(g.best_score_, 6))
