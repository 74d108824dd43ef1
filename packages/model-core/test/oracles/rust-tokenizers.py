"""Records the ids that the Rust tokenizers library gives, for test/tokenizer.test.ts.

python rust-tokenizers.py TOKENIZER_JSON > rust-tokenizers.json
"""
import json
import sys

import tokenizers

TEXTS = [
    "", " ", "A triumph.", "The film was unbelievably good!", "I can't, won't; shan't -- ever...",
    "Line one.<br /><br />Line two.<br/>Line three.<BR />", "<br<br />/>", "\u00c9t\u00e9 na\u00efve caf\u00e9 \u00fcber \u00c5ngstr\u00f6m",
    "\u96fb\u5f71\u5f88\u597d good", "\u043f\u0440\u0435\u043a\u0440\u0430\u0441\u043d\u044b\u0439 \u0444\u0438\u043b\u044c\u043c", "\u05e1\u05e8\u05d8 \u05de\u05e6\u05d5\u05d9\u05df",
    "\u0641\u064a\u0644\u0645 \u0631\u0627\u0626\u0639 \u062c\u062f\u0651\u0627\u064b", "I \u2764\ufe0f it \U0001f600\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "tab\there\nnewline\r\nnbsp\u00a0thin\u2009zero\u200bwidth\ufefffeed", "NUL\u0000inside", "replacement\ufffdcharacter",
    "x" * 100, "x" * 101, "10/10 \u00a35.99 50% #1 @home a_b c\\d e|f ~g `h` {i} [j]", "[SEP] inside [CLS] text [MASK]",
    "\u201cquotes\u201d \u2014 dash \u2026 ellipsis", "\uff26\uff55\uff4c\uff4c\uff57\uff49\uff44\uff54\uff48\uff01", "\ud55c\uad6d \uc601\ud654", "e\u0301 o\u0308",
]
# What @huggingface/tokenizers, and so this project and transformers.js, read in another way.
DIVERGENCES = {
    "\u039f\u0394\u039f\u03a3": "a capital sigma at a word's end: JavaScript writes the final form, Rust does not",
    "\U00020000\U00020001": "ideographs beyond U+FFFF: the JavaScript library does not set them apart",
}

def main(path):
    tokenizer = tokenizers.Tokenizer.from_file(path)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    n = tokenizers.normalizers
    tokenizer.normalizer = n.Sequence([n.Replace("<br />", " "), n.BertNormalizer(lowercase=True)])
    cases = []
    for text in TEXTS + list(DIVERGENCES):
        case = {"text": text, "ids": tokenizer.encode(text).ids}
        if text in DIVERGENCES:
            case["divergence"] = DIVERGENCES[text]
        cases.append(case)
    json.dump({"tokenizers": tokenizers.__version__, "cases": cases}, sys.stdout, indent=1)
    print()

main(sys.argv[1])
