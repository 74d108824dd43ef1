"""Records what scikit-learn answers on a synthetic corpus: python record_linear.py > linear.json

Words, hashes, buckets and log-count ratios are written once more in Python; MurmurHash3 and the logistic regression are scikit-learn's.
"""
import json
import random
import struct
import unicodedata

import numpy as np
import scipy.sparse
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.utils import murmurhash3_32

POSITIVE = ['superb', 'moving', 'wonderful', "couldn't", 'café']
NEGATIVE = ['dull', 'awful', 'boring', "wasn't", 'naïve']
NEUTRAL = ['the', 'film', 'was', 'a', 'plot', 'and', 'actor', 'scene', '10', '!', ',', '<br />']
TOKENIZED = [
    'A film, a FILM!', "I couldn’t care less; it wasn't 'good'", 'one<br /><br />two', 'cafe\u0301 CAFÉ', 'snake_case 1st 3.5', '電影 great', '😀😀 ...', '', ' \t\n',
]
OPTIONS = {'minReviews': 2, 'smoothing': 0.5, 'inverseRegularization': 3.0}


def words(text):
    text = unicodedata.normalize('NFC', text.replace('<br />', ' ')).lower().replace('’', "'")
    inner = lambda c: unicodedata.category(c)[0] in 'LMN'
    found, i = [], 0
    while i < len(text):
        if text[i].isspace():
            i += 1
            continue
        j = i + 1
        if inner(text[i]):
            while j < len(text) and (inner(text[j]) or (text[j] == "'" and j + 1 < len(text) and inner(text[j + 1]))):
                j += 1
        found.append(text[i:j])
        i = j
    return found


def hash_word(word):
    return murmurhash3_32(word.encode('utf-16-le'), seed=0, positive=True)


def hash_ngrams(text):
    hashes = [hash_word(word) for word in words(text)]
    grams = [hashes[i:i + n] for i in range(len(hashes)) for n in (1, 2, 3) if i + n <= len(hashes)]
    return sorted({murmurhash3_32(struct.pack(f'<{len(g)}I', *g), seed=0, positive=True) for g in grams})


def tag(h):
    return 1 + (h & 0xfff) % 255


def corpus():
    source = random.Random(5)
    texts, labels = [], []
    for row in range(60):
        label = row % 2
        opinion = POSITIVE if label else NEGATIVE
        pick = lambda: source.choice(opinion if source.random() < 0.35 else NEUTRAL + POSITIVE + NEGATIVE)
        texts.append(' '.join(pick() for _ in range(source.randint(1, 14))))
        labels.append(label)
    return texts, np.array(labels)


def fit(texts, labels):
    hashed = [hash_ngrams(text) for text in texts]
    counts = {}
    for row in hashed:
        for h in row:
            counts[h] = counts.get(h, 0) + 1
    owners = {}
    for h in sorted(counts):
        if counts[h] >= OPTIONS['minReviews'] and counts[h] > counts.get(owners.get(h >> 12), 0):
            owners[h >> 12] = h
    column = {bucket: i for i, bucket in enumerate(sorted(owners))}
    rows = [sorted({column[h >> 12] for h in row if h >> 12 in owners and tag(owners[h >> 12]) == tag(h)}) for row in hashed]
    presence = scipy.sparse.csr_matrix(
        (np.ones(sum(map(len, rows))), [c for row in rows for c in row], np.cumsum([0] + [len(row) for row in rows])), shape=(len(rows), len(column)),
    )
    # The smoothing counts in every one of the 2^20 buckets.
    count = lambda label: np.asarray(presence[labels == label].sum(axis=0)).ravel()
    total = lambda label: count(label).sum() + OPTIONS['smoothing'] * 2 ** 20
    ratios = np.log((count(1) + OPTIONS['smoothing']) / total(1)) - np.log((count(0) + OPTIONS['smoothing']) / total(0))
    scales = 1 / np.sqrt(np.maximum(1, [len(row) for row in rows]))
    design = scipy.sparse.diags(scales) @ presence @ scipy.sparse.diags(ratios)
    model = LogisticRegression(solver='liblinear', dual=True, C=OPTIONS['inverseRegularization'], tol=1e-12, max_iter=10 ** 7)
    model.fit(design, labels)
    return {
        'buckets': sorted(owners), 'tags': [tag(owners[b]) for b in sorted(owners)], 'weights': (model.coef_[0] * ratios).tolist(),
        'bias': float(model.intercept_[0]), 'logits': model.decision_function(design).tolist(),
    }


texts, labels = corpus()
print(json.dumps({
    'versions': {'scikit-learn': sklearn.__version__, 'numpy': np.__version__},
    'tokenized': [{'text': t, 'words': words(t), 'hashes': hash_ngrams(t)} for t in TOKENIZED],
    'options': OPTIONS, 'texts': texts, 'labels': labels.tolist(), 'fitted': fit(texts, labels),
}, ensure_ascii=False, indent=1))
