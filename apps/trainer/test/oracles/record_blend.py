"""Records scikit-learn's weights for a blend of two members: python record_blend.py > blend.json"""
import json

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

random = np.random.RandomState(3)
labels = np.arange(60) % 2
logits = np.stack([(2 * labels - 1) * scale + random.normal(scale=spread, size=60) for scale, spread in ((1.0, 1.5), (0.8, 2.0))], 1).round(3)
# C = 1 is the ridge of 1 that the trainer adds; the intercept is not shrunk by either.
model = LogisticRegression(C=1.0, solver='newton-cholesky', tol=1e-12, max_iter=1000).fit(logits, labels)
print(json.dumps({
    'versions': {'scikit-learn': sklearn.__version__, 'numpy': np.__version__},
    'labels': labels.tolist(), 'first': logits[:, 0].tolist(), 'second': logits[:, 1].tolist(),
    'weights': model.coef_[0].tolist(), 'bias': float(model.intercept_[0]),
}))
