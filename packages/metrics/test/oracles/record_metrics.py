"""Records scikit-learn's metrics and curves: python record_metrics.py > metrics.json

Intervals repeat bootstrapIntervals in Python: rows sorted by (probability, label), indexes floor(n * u / 2**32) from MT19937 as numpy's
RandomState seeds it, scikit-learn's metrics of each resample, numpy.quantile. Those of pairedBootstrap likewise, rows sorted by (first, label, second).
scikit-learn has no calibration error: its calibration_curve gives the bins, and the rows in each are counted between numpy's edges.
"""
import json
import warnings

import numpy as np
import scipy
import scipy.stats
import sklearn
from sklearn import metrics
from sklearn.calibration import calibration_curve

warnings.simplefilter('ignore')


NAMES = ['accuracy', 'precision', 'recall', 'f1', 'rocAuc', 'logLoss', 'prAuc', 'brier', 'expectedCalibrationError', 'mcc']


def reliability(labels, probabilities, bins):
    counts = np.bincount(np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], probabilities), minlength=bins)
    shares, means = calibration_curve(labels, probabilities, n_bins=bins, pos_label=1)
    return {'counts': counts.tolist(), 'meanProbabilities': means.tolist(), 'positiveShares': shares.tolist()}


def calibration_error(labels, probabilities, bins=15):
    curve = reliability(labels, probabilities, bins)
    counts = np.array([count for count in curve['counts'] if count > 0])
    return float(counts @ np.abs(np.subtract(curve['positiveShares'], curve['meanProbabilities'])) / len(labels))


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
        'prAuc': metrics.average_precision_score(labels, probabilities) if np.any(labels) else float('nan'),
        'brier': metrics.brier_score_loss(labels, probabilities, pos_label=1, labels=[0, 1]),
        'expectedCalibrationError': calibration_error(labels, probabilities),
        'mcc': metrics.matthews_corrcoef(labels, predicted),
        'confusionMatrix': metrics.confusion_matrix(labels, predicted, labels=[0, 1]).tolist(),
    }


def resampled_rows(n, resamples, seed):
    raw = np.random.RandomState(seed)._bit_generator.random_raw(resamples * n).reshape(resamples, n)
    return np.floor(raw.astype(np.float64) * n / 2**32).astype(int)


def percentiles(samples, level):
    return {name: np.nanquantile([s[name] for s in samples], [(1 - level) / 2, (1 + level) / 2]).tolist() for name in NAMES}


def intervals(labels, probabilities, resamples, seed, level):
    order = np.lexsort((labels, probabilities))
    labels, probabilities = labels[order], probabilities[order]
    return percentiles([measure(labels[r], probabilities[r]) for r in resampled_rows(len(labels), resamples, seed)], level)


def paired_intervals(labels, first, second, resamples, seed, level):
    order = np.lexsort((second, labels, first))
    labels, first, second = labels[order], first[order], second[order]
    samples = []
    for r in resampled_rows(len(labels), resamples, seed):
        before, after = measure(labels[r], first[r]), measure(labels[r], second[r])
        samples.append({name: after[name] - before[name] for name in NAMES})
    return percentiles(samples, level)


def curves(labels, probabilities):
    fpr, tpr, thresholds = metrics.roc_curve(labels, probabilities, pos_label=1, drop_intermediate=False)
    precisions, recalls, pr_thresholds = metrics.precision_recall_curve(labels, probabilities, pos_label=1)
    return {
        # The threshold above all, infinity, has no place in JSON.
        'roc': {'falsePositiveRates': fpr.tolist(), 'truePositiveRates': tpr.tolist(), 'thresholds': thresholds[1:].tolist()},
        'precisionRecall': {'precisions': precisions.tolist(), 'recalls': recalls.tolist(), 'thresholds': pr_thresholds.tolist()},
        'reliability': [{'bins': bins, **reliability(labels, probabilities, bins)} for bins in [15, 10, 1]],
    }


def without_nan(value):
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_nan(inner) for inner in value]
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
second = {name: np.clip(inputs[name][1] + np.round(random.randn(len(inputs[name][1])) * 0.2, 1), 0, 1) for name in ['balanced', 'many ties']}
paired = [
    {'name': name, 'second': second[name].tolist(), 'resamples': r, 'seed': seed, 'level': level,
     'intervals': paired_intervals(*inputs[name], second[name], r, seed, level)}
    for name, r, seed, level in [('balanced', 100, 0, 0.95), ('many ties', 61, 5, 0.9)]
]
drawn = [{'name': name, **curves(*inputs[name])} for name in ['imbalanced', 'many ties', 'perfect', 'all tied at one half', 'one row']]
without_positives = {'prAuc': metrics.average_precision_score(*inputs['only negatives'])}
wilson = [
    {'successes': k, 'n': n, 'level': level, 'interval': [ci.low, ci.high]}
    for k, n, level in [(0, 10, 0.95), (10, 10, 0.95), (7, 10, 0.9), (1, 1, 0.95), (22900, 25000, 0.95), (1, 12410, 0.999)]
    for ci in [scipy.stats.binomtest(k, n).proportion_ci(level, 'wilson')]
]
quantiles = [[p, scipy.stats.norm.ppf(p)] for p in [1e-300, 1e-12, 0.001, 0.025, 0.0749, 0.3, 0.5, 0.6, 0.925, 0.975, 0.9999]]
versions = {'scikit-learn': sklearn.__version__, 'numpy': np.__version__, 'scipy': scipy.__version__}
print(json.dumps({'versions': versions, 'cases': cases, 'curves': [without_nan(one) for one in drawn], 'withoutPositives': without_positives,
                  'bootstraps': bootstraps, 'paired': paired, 'wilson': wilson, 'normalQuantiles': quantiles}))
