"""Records scikit-learn's metrics: python record_metrics.py > metrics.json

Intervals repeat bootstrapIntervals in Python: rows sorted by (probability, label), indexes floor(n * u / 2**32) from MT19937 as numpy's
RandomState seeds it, scikit-learn's metrics of each resample, numpy.quantile.
"""
import json
import warnings

import numpy as np
import scipy
import scipy.stats
import sklearn
from sklearn import metrics

warnings.simplefilter('ignore')


def measure(labels, probabilities):
    predicted = (probabilities > 0.5).astype(int)
    auc = metrics.roc_auc_score(labels, probabilities) if len(set(labels)) == 2 else float('nan')
    return {
        'n': len(labels),
        'accuracy': metrics.accuracy_score(labels, predicted),
        'precision': metrics.precision_score(labels, predicted),
        'recall': metrics.recall_score(labels, predicted),
        'f1': metrics.f1_score(labels, predicted),
        'rocAuc': auc,
        'logLoss': metrics.log_loss(labels, probabilities, labels=[0, 1]),
        'confusionMatrix': metrics.confusion_matrix(labels, predicted, labels=[0, 1]).tolist(),
    }


def intervals(labels, probabilities, resamples, seed, level):
    order = np.lexsort((labels, probabilities))
    labels, probabilities = labels[order], probabilities[order]
    n = len(labels)
    raw = np.random.RandomState(seed)._bit_generator.random_raw(resamples * n).reshape(resamples, n)
    rows = np.floor(raw.astype(np.float64) * n / 2**32).astype(int)
    samples = [measure(labels[r], probabilities[r]) for r in rows]
    names = ['accuracy', 'precision', 'recall', 'f1', 'rocAuc', 'logLoss']
    return {name: np.nanquantile([s[name] for s in samples], [(1 - level) / 2, (1 + level) / 2]).tolist() for name in names}


def without_nan(value):
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and np.isnan(value) else value


random = np.random.RandomState(2011)


def scored(n, positive_share, separation, digits=None):
    labels = (random.rand(n) < positive_share).astype(int)
    logits = random.randn(n) + separation * (2 * labels - 1)
    probabilities = 1 / (1 + np.exp(-logits))
    return labels, np.round(probabilities, digits) if digits is not None else probabilities


def given(labels, probabilities):
    return np.array(labels), np.array(probabilities, dtype=np.float64)


inputs = {
    'balanced': scored(200, 0.5, 1.0),
    'imbalanced': scored(150, 0.05, 0.5),
    'many ties': scored(200, 0.4, 0.7, digits=1),
    'wrong way round': scored(60, 0.5, -1.0, digits=2),
    'chance': scored(100, 0.5, 0.0),
    'perfect': given([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]),
    'all tied at one half': given([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]),
    'nothing predicted positive': given([0, 1, 1], [0.1, 0.4, 0.3]),
    'everything predicted positive': given([0, 1, 1], [0.6, 0.9, 0.8]),
    'only negatives': given([0, 0, 0], [0.1, 0.7, 0.4]),
    'only positives': given([1, 1], [0.9, 0.2]),
    'certain and right': given([0, 1], [0.0, 1.0]),
    'certain and wrong': given([0, 1, 1, 0], [1.0, 0.0, 1.0, 0.0]),
    'one row': given([1], [0.75]),
    'smallest numbers': given([0, 1, 1], [5e-324, 1e-20, 1 - 2**-53]),
}
cases = [
    {'name': name, 'labels': l.tolist(), 'probabilities': p.tolist(), 'metrics': without_nan(measure(l, p))}
    for name, (l, p) in inputs.items()
]
bootstraps = [
    {'name': name, 'resamples': r, 'seed': seed, 'level': level, 'intervals': intervals(*inputs[name], r, seed, level)}
    for name, r, seed, level in [('balanced', 200, 0, 0.95), ('many ties', 101, 4294967295, 0.9), ('perfect', 50, 7, 0.99)]
]
wilson = [
    {'successes': k, 'n': n, 'level': level, 'interval': [ci.low, ci.high]}
    for k, n, level in [(0, 10, 0.95), (10, 10, 0.95), (7, 10, 0.9), (1, 1, 0.95), (22900, 25000, 0.95), (1, 12410, 0.999)]
    for ci in [scipy.stats.binomtest(k, n).proportion_ci(level, 'wilson')]
]
quantiles = [[p, scipy.stats.norm.ppf(p)] for p in [1e-300, 1e-12, 0.001, 0.025, 0.0749, 0.3, 0.5, 0.6, 0.925, 0.975, 0.9999]]
versions = {'scikit-learn': sklearn.__version__, 'numpy': np.__version__, 'scipy': scipy.__version__}
print(json.dumps({'versions': versions, 'cases': cases, 'bootstraps': bootstraps, 'wilson': wilson, 'normalQuantiles': quantiles}))
