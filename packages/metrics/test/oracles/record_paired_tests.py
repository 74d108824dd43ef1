"""Records paired tests and fitted temperatures: python record_paired_tests.py > paired-tests.json

Tango's interval is not in statsmodels: its score test is solved here without his closed form, the nuisance share by maximizing the likelihood numerically.
"""
import json

import numpy as np
import scipy
import statsmodels
import torch
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import norm
from statsmodels.stats.contingency_tables import mcnemar


def tango_interval(n, b, c, level):
    z = norm.ppf((1 + level) / 2)

    def score(difference):
        # `excess` is what both shares have beyond the difference.
        def gradient(excess):
            terms = [(b, excess + max(0, -difference), 1), (c, excess + max(0, difference), 1), (n - b - c, 1 - abs(difference) - 2 * excess, -2)]
            return sum(sign * count / value for count, value, sign in terms if count > 0)

        most = (1 - abs(difference)) / 2
        tiny = most * 1e-15
        if gradient(tiny) <= 0:
            excess = 0.0
        elif gradient(most - tiny) >= 0:
            excess = most
        else:
            excess = brentq(gradient, tiny, most - tiny, xtol=1e-18, rtol=1e-15)
        share = excess + max(0, -difference)
        return (c - b - n * difference) / np.sqrt(n * (2 * share + difference * (1 - difference)))

    observed = (c - b) / n
    edge = 1e-12
    low = -1.0 if observed == -1 else brentq(lambda d: score(d) - z, -1 + edge, observed - edge, xtol=1e-15)
    high = 1.0 if observed == 1 else brentq(lambda d: score(d) + z, observed + edge, 1 - edge, xtol=1e-15)
    return [low, high]


def fitted_temperature(labels, margins):
    signs = 2 * np.asarray(labels) - 1

    def loss(log_temperature):
        return np.mean(np.logaddexp(0, -signs * margins / np.exp(log_temperature)))

    with_scipy = float(np.exp(minimize_scalar(loss, bounds=(np.log(0.01), np.log(100)), method='bounded', options={'xatol': 1e-10}).x))
    logits = torch.tensor(np.stack([np.zeros_like(margins), margins], 1))
    targets = torch.tensor(labels)
    log_temperature = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], lr=0.5, max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-14)

    def closure():
        optimizer.zero_grad()
        value = torch.nn.functional.cross_entropy(logits / log_temperature.exp(), targets)
        value.backward()
        return value

    optimizer.step(closure)
    return {'scipy': with_scipy, 'torch': log_temperature.exp().item()}


random = np.random.RandomState(2017)


def scored(n, scale, noise):
    labels = random.randint(0, 2, n)
    margins = np.round(scale * ((2 * labels - 1) * 0.8 + noise * random.randn(n)), 4)
    return labels.tolist(), margins


samples = [('overconfident', *scored(120, 6.0, 1.0)), ('underconfident', *scored(120, 0.3, 1.5)), ('three rows', [0, 1, 1], np.array([-2.0, 3.0, -1.0]))]
temperatures = [
    {'name': name, 'labels': labels, 'margins': margins.tolist(), 'temperature': fitted_temperature(labels, margins)}
    for name, labels, margins in samples
]
exact = [[b, c, float(mcnemar([[0, b], [c, 0]], exact=True).pvalue)]
         for b, c in [(0, 1), (1, 0), (5, 5), (0, 10), (3, 12), (12, 3), (41, 70), (500, 600), (20000, 20400), (30, 700)]]
tango = [{'n': n, 'onlyFirstRight': b, 'onlySecondRight': c, 'level': level, 'interval': tango_interval(n, b, c, level)}
         for n, b, c, level in [(100, 0, 0, 0.9), (5000, 0, 0, 0.9), (12410, 58, 43, 0.9), (50, 1, 0, 0.95), (50, 0, 3, 0.95), (44, 1, 8, 0.95),
                                (10, 10, 0, 0.95), (10, 0, 10, 0.95), (10, 4, 6, 0.95), (1, 0, 0, 0.9), (1, 0, 1, 0.9), (2000, 900, 850, 0.99)]]
versions = {'statsmodels': statsmodels.__version__, 'scipy': scipy.__version__, 'torch': torch.__version__.split('+')[0], 'numpy': np.__version__}
print(json.dumps({'versions': versions, 'mcnemar': exact, 'tango': tango, 'temperatures': temperatures}))
