"""Records separating-words.json: z-scores of the words of data/sample.csv by log-odds with an informative Dirichlet prior.

Monroe, Colaresi and Quinn, "Fightin' Words", Political Analysis 16:4 (2008), equations 16, 19 and 22, in Python's own arithmetic.

    python packages/dataset/test/oracles/separating_words.py
"""

import collections
import csv
import json
import math
import pathlib
import platform
import re

HERE = pathlib.Path(__file__).parent
SAMPLE = HERE.parents[3] / "data" / "sample.csv"
PRIOR_WORDS = 200
MIN_REVIEWS = 10


def main():
    words = {"negative": collections.Counter(), "positive": collections.Counter()}
    reviews = collections.Counter()
    with open(SAMPLE, encoding="utf8", newline="") as file:
        for row in csv.DictReader(file):
            found = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", row["review"].replace("<br />", " ").lower())
            words[row["sentiment"]].update(found)
            reviews.update(set(found))
    together = words["negative"] + words["positive"]
    n = {label: sum(counts.values()) for label, counts in words.items()}
    scores = {}
    for word, count in together.items():
        if reviews[word] < MIN_REVIEWS:
            continue
        alpha = PRIOR_WORDS * count / sum(together.values())
        omega = {
            label: (counts[word] + alpha) / (n[label] + PRIOR_WORDS - counts[word] - alpha)
            for label, counts in words.items()
        }
        delta = math.log(omega["positive"] / omega["negative"])
        variance = sum(1 / (counts[word] + alpha) for counts in words.values())
        scores[word] = delta / math.sqrt(variance)
    ordered = sorted(scores, key=lambda word: (scores[word], word))
    entry = lambda word: {"word": word, "z": scores[word], "counts": [words[k][word] for k in words]}
    record = {
        "python": platform.python_version(),
        "priorWords": PRIOR_WORDS,
        "minReviews": MIN_REVIEWS,
        "scored": len(scores),
        "negative": [entry(word) for word in ordered[:25]],
        "positive": [entry(word) for word in ordered[:-26:-1]],
    }
    (HERE / "separating-words.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf8")


main()
