"""Records the token ids that transformers gives to synthetic texts into tokenize.json.

    PYTHON tokenize.py FOLDER_OF_ALL_MINILM_L6_V2

The tokenizer is the base model's tokenizer.json as an artifact carries it: no truncation, no padding, and a normalizer that
turns `<br />` into a space before BERT's own. Texts are ours. Ids include [CLS] and [SEP].
"""

import sys
from pathlib import Path

# Run as a script, this file would stand in for the standard library's module of the same name.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).resolve().parent]

import argparse
import hashlib
import json
import tempfile

import tokenizers
import transformers

TEXTS = {
    "empty": "",
    "one space": " ",
    "white space of all kinds": "\t \n\r\n \u00a0\u2003\u3000",
    "plain sentence": "A quiet triumph; I laughed, I cried, I stayed for the credits.",
    "capitals": "WORST. MOVIE. EVER!!!",
    "contractions and quotes": "Don't believe \u201cthe hype\u201d \u2014 it isn't Kubrick\u2019s, it's y'all's.",
    "numbers": "10/10, would watch in 1080p at 23.976fps for $4.99 (or \u20ac5,00).",
    "break": "First line.<br /><br />Second line.",
    "break inside a word": "un<br />believable",
    "break alone": "<br />",
    "break without the space stays": "First.<br/>Second.<br>Third.",
    "break in capitals stays": "First.<BR />Second.",
    "break with two spaces stays": "First.<br  />Second.",
    "nearly a break": "<br /<br />> < br />",
    "html entities stay": "Tom &amp; Jerry &lt;3 &quot;cartoon&quot; &#39;gold&#39; &nbsp;",
    "other tags": "<i>Sublime</i> <a href=\"x\">link</a>",
    "accents": "Am\u00e9lie's caf\u00e9, na\u00efve fa\u00e7ade, \u00c5ngstr\u00f6m, Dvo\u0159\u00e1k",
    "accents decomposed": "Ame\u0301lie's cafe\u0301, nai\u0308ve fac\u0327ade",
    "letters without decomposition": "\u0141\u00f3d\u017a, S\u00f8ren, stra\u00dfe, \u00e6on, \u0131stanbul, \u0130zmir",
    "full-width and ligatures": "\uff26\uff35\uff2c\uff2c \uff57\uff49\uff44\uff54\uff48 \ufb01lm \u2460",
    "Chinese": "\u8fd9\u90e8\u7535\u5f71\u592a\u7cbe\u5f69\u4e86\uff01",
    "Japanese": "\u6700\u9ad8\u306e\u6620\u753b\u3067\u3057\u305f\u3002\u30a2\u30cb\u30e1",
    "Korean": "\uc601\ud654\uac00 \uc815\ub9d0 \uc88b\uc558\uc5b4\uc694",
    "rare ideographs": "\U00020000\U0002a6d6 \uf900",
    "Arabic": "\u0641\u064a\u0644\u0645 \u0631\u0627\u0626\u0639 \u062c\u062f\u064b\u0627",
    "Hebrew with points": "\u05e1\u05b6\u05e8\u05b6\u05d8 \u05e0\u05e4\u05dc\u05d0",
    "direction marks": "good \u202bfilm\u202c \u200fok\u200e \u2066x\u2069",
    "Russian and Greek": "\u041e\u0442\u043b\u0438\u0447\u043d\u044b\u0439 \u0444\u0438\u043b\u044c\u043c! \u03a4\u03ad\u03bb\u03b5\u03b9\u03b1 \u03c4\u03b1\u03b9\u03bd\u03af\u03b1\u03a3",
    "Hindi and Thai": "\u0936\u093e\u0928\u0926\u093e\u0930 \u092b\u093c\u093f\u0932\u094d\u092e \u0e2b\u0e19\u0e31\u0e07\u0e14\u0e35",
    "emoji": "loved it \U0001f60d\U0001f37f 10/10 \u2764\ufe0f",
    "emoji joined and flags": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7 \U0001f44d\U0001f3fd",
    "NUL and control characters": "a\u0000b \u0001c\u007f d\u0085e\u001b[0m",
    "replacement character": "bro\ufffdken enco\ufffd\ufffdding",
    "zero-width and soft hyphen": "zero\u200bwidth soft\u00adhyphen \ufeffbom word\u2060joiner",
    "private use": "\ue000film\uf8ff",
    "line separators": "one\u2028two\u2029three\u000bfour\u000cfive",
    "special tokens in the text": "[CLS] [SEP] x[MASK]y [PAD] [UNK] [cls]",
    "word pieces in the text": "##ing ## #hash _under_score_",
    "punctuation run": "...?!?!---***~~~^^^```|||\\\\\\",
    "symbols": "\u2605\u2605\u2605\u2606\u2606 \u00bd \u2122 \u00a9 \u2248 \u221e \u00b0C",
    "word of 100 letters": "a" * 100,
    "word of 101 letters": "a" * 101,
    "word of 100 letters after accents fall": "e\u0301" * 100,
    "long nonsense word": "supercalifragilisticexpialidociously" * 2,
    "address": "https://example.org/a_b?c=d&e=f#g mail@example.org",
    "long review": "The plot is thin, but the cast is splendid. " * 30,
}


def adapt(base: dict) -> dict:
    bert = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
    replace = {"type": "Replace", "pattern": {"String": "<br />"}, "content": " "}
    return {**base, "truncation": None, "padding": None, "normalizer": {"type": "Sequence", "normalizers": [replace, bert]}}


def load(adapted: dict) -> list[transformers.PreTrainedTokenizerFast]:
    """The generic class, and BERT's own, which would rewrite a normalizer that contradicts its options."""
    special = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "tokenizer.json")
        file.write_text(json.dumps(adapted))
        return [kind(tokenizer_file=str(file), **special) for kind in (transformers.PreTrainedTokenizerFast, transformers.BertTokenizerFast)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path, help="folder with the base model's tokenizer.json")
    file = parser.parse_args().base / "tokenizer.json"
    if not file.is_file():
        parser.error(f"{file} does not exist")
    generic, bert = load(adapt(json.loads(file.read_bytes())))
    cases = [{"name": name, "text": text, "ids": generic(text)["input_ids"]} for name, text in TEXTS.items()]
    assert all(bert(case["text"])["input_ids"] == case["ids"] for case in cases)
    head = {
        "generator": "tokenize.py",
        "versions": {"python": sys.version.split()[0], "transformers": transformers.__version__, "tokenizers": tokenizers.__version__},
        "baseTokenizerSha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    # One case a line; non-ASCII stays escaped, so that no editor changes what the cases are about.
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    oracle = json.dumps(head, separators=(",", ":"))[:-1] + ',"cases":[\n' + lines + "\n]}\n"
    Path(__file__).with_suffix(".json").write_text(oracle)


if __name__ == "__main__":
    main()
