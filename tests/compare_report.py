#!/usr/bin/env python3
"""Does `weft eval` print what scikit-learn's classification_report prints?

Draws classes, names, samples and outputs from a seed; hands the outputs to `weft eval` as the
pixels of a data set under a network that passes them on; holds the printed table to
classification_report(digits=4), character by character, and accuracy, top-k accuracy, calibration
error with its bins, and the worst errors to their formulas in numpy.

  compare_report.py --weft build/cli/weft --count 20 --seed 1
  compare_report.py --weft build/cli/weft --run RUN --data SET

Drawing k has the seed --seed + k. Before 1.4 or so scikit-learn computed F1 from rounded precision
and recall: where F1 is half-way between two printed figures it may print the other one, and the
script says so. Exit code 77 when numpy or scikit-learn is missing.
"""
import argparse
import csv
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import warnings
from fractions import Fraction

try:
    import numpy as np
    import sklearn
    from sklearn.metrics import classification_report, f1_score
except ImportError:
    print("skipped: numpy or scikit-learn is not installed")
    sys.exit(77)

BINS, DIGITS, NAME_WIDTH = 15, 4, 39
BOUND = 5.1e-9  # half of the last of the nine digits that JSON has


class Failure(Exception):
    pass


def require(good, text):
    if not good:
        raise Failure(text)


# ---- a drawing ----


class Drawing:
    """Labels and pixels: pixel c of a sample becomes its logit c."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.classes = n = int(rng.choice([1, 2, 3, 4, 7, 8, 9, 10, 16, 20, 33, 100, 129, 200]))
        self.top = int(rng.integers(1, n + 1))
        per_class = int(rng.choice([k for k in (1, 4, 10, 50, 100) if k * n * n < 70_000]))
        if rng.random() < 0.4:  # balanced: means of their figures are often half-way
            self.labels = np.repeat(np.arange(n), per_class)
        else:
            weights = rng.exponential(size=n) ** 3 * (rng.random(n) < 0.8)
            weights[rng.integers(n)] += 0.01
            self.labels = rng.choice(n, size=n * per_class, p=weights / weights.sum())
        rng.shuffle(self.labels)
        most = int(rng.choice([2, 5, 40, 256]))  # few levels: many equal logits
        self.pixels = rng.integers(0, most, size=(len(self.labels), n), dtype=np.uint8)
        self.pixels[:, rng.random(n) < 0.1] = 0  # hardly ever predicted
        hits = rng.random(len(self.labels)) < rng.random()
        self.pixels[hits, self.labels[hits]] = most - 1
        self.scale = float(rng.choice([0.01, 0.1, 1]))
        letters = list("abcXYZ -/éß中ψ")
        self.names = [f"{i} " + "".join(rng.choice(letters, rng.choice([0, 5, 12, 60]))) + "." for i in range(n)]

    def write_split(self, folder, prefix):
        count, n = self.pixels.shape
        with open(os.path.join(folder, f"{prefix}-images-idx3-ubyte"), "wb") as file:
            file.write(struct.pack(">IIII", 0x803, count, 1, n) + self.pixels.tobytes())
        with open(os.path.join(folder, f"{prefix}-labels-idx1-ubyte"), "wb") as file:
            file.write(struct.pack(">II", 0x801, count) + self.labels.astype(np.uint8).tobytes())

    def write(self, folder):
        """The data set into folder/data, the network into folder/pass.safetensors."""
        n = self.classes
        data = os.path.join(folder, "data")
        os.mkdir(data)
        self.write_split(data, "t10k")
        with open(os.path.join(data, "classes.txt"), "w", encoding="utf-8") as file:
            file.write("\n".join(self.names) + "\n")
        meta = {"network": f"input shape=1x{n}x1\nflatten\ndense units={n} bias=no name=fc\n", "model": "pass",
                "normalize": json.dumps({"mean": [0.0], "std": [1 / 255]}), "classes": json.dumps(self.names)}
        numbers = (np.eye(n, dtype="<f4") * self.scale).astype("<f4").tobytes()
        tensor = {"dtype": "F32", "shape": [n, n], "data_offsets": [0, len(numbers)]}
        text = json.dumps({"__metadata__": meta, "fc.weight": tensor}).encode()
        text += b" " * (-len(text) % 8)
        with open(os.path.join(folder, "pass.safetensors"), "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + numbers)


# ---- what weft says ----


class Evaluation:
    def __init__(self, weft, scratch, arguments, top=None):
        path = os.path.join(scratch, "logits.csv")
        options = ["--device", "cpu", "--threads", "1", "--errors", "7"] + (["--top", str(top)] if top else [])
        command = [weft, "eval", *arguments, *options, "-q"]
        self.text = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
        told = subprocess.run([*command, "--json", "--logits", path], check=True, capture_output=True, encoding="utf-8")
        self.json = json.loads(told.stdout)
        with open(path, encoding="utf-8") as file:
            rows = np.array(list(csv.reader(file))[1:])
        self.labels, self.predicted = rows[:, 1].astype(int), rows[:, 2].astype(int)
        self.logits = rows[:, 3:].astype(np.float32).astype(np.float64)
        self.names = [one["name"] for one in self.json["classes"]]

    def table(self):
        """From the line of titles to that of the weighted averages."""
        lines = self.text.split("\n")
        first = next(i for i, line in enumerate(lines) if line.split() == ["precision", "recall", "f1-score", "support"])
        last = next(i for i, line in enumerate(lines) if line.lstrip().startswith("weighted avg"))
        return lines[first : last + 1]


# ---- the table ----


def f1_from_counts():
    """Whether scikit-learn divides counts; else it rounds precision and recall on the way."""
    for fp in range(1, 20):
        for fn in range(1, 20):
            p, r = 3 / (3 + fp), 3 / (3 + fn)
            if 2 * p * r / (p + r) != 6 / (6 + fp + fn):
                truth = [1] * 3 + [0] * fp + [1] * fn
                return f1_score(truth, [1] * 3 + [1] * fp + [0] * fn) == 6 / (6 + fp + fn)
    raise AssertionError("both formulas agree everywhere")


def exact_f1(confusion):
    """F1 of every line that has one, as fractions: classes, accuracy, macro, weighted."""
    n, total = len(confusion), sum(map(sum, confusion))
    support = [sum(row) for row in confusion]
    given = [sum(row[c] for row in confusion) for c in range(n)]
    hits = [confusion[c][c] for c in range(n)]
    f1 = [Fraction(2 * hits[c], max(1, support[c] + given[c])) for c in range(n)]
    weighted = sum(f * s for f, s in zip(f1, support)) / total
    return f1 + [Fraction(sum(hits), total), sum(f1) / n, weighted]


def half_way(value):
    rest = value * 10**DIGITS % 1
    return abs(rest - Fraction(1, 2)) < Fraction(1, 10**9)


def as_counts(line):
    """Without two habits of scikit-learn: where nothing is right its support is a float, and where a
    class was neither there nor predicted its older versions call the accuracy a micro average."""
    if line.endswith(".0"):
        line = line[:-9] + f"{line[-9:-2]:>9}"
    if line.lstrip().startswith("micro avg"):
        line = line.replace("micro avg", " accuracy")[:-40] + " " * 20 + line[-20:]
    return line


def compare_table(ours, strict):
    names = [name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 3] + "..." for name in ours.names]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # undefined figures
        theirs = classification_report(ours.labels, ours.predicted, labels=range(len(names)), target_names=names,
                                       digits=DIGITS)
    theirs = [as_counts(line) for line in theirs.rstrip("\n").split("\n")]
    mine = ours.table()
    require(len(mine) == len(theirs), f"{len(mine)} lines instead of {len(theirs)}")
    exact = iter(exact_f1(ours.json["confusion"]))
    for row, (a, b) in enumerate(zip(mine, theirs)):
        f1 = next(exact) if row > 0 and b else None
        if a == b:
            continue
        same = a[:-20] == b[:-20] and a[-10:] == b[-10:]
        forgiven = not strict and f1 is not None and same and half_way(f1)
        require(forgiven, f"\n{a}\n{b}  is scikit-learn's")


# ---- the figures ----


def equal(a, b, what):
    same = a is None and b is None or a is not None and b is not None and abs(a - b) <= BOUND * max(1, abs(b))
    require(same, f"{what}: {a} instead of {b}")


def compare_calibration(ours, probabilities):
    told = ours.json["calibration"]
    confidence = probabilities.max(axis=1)
    right = ours.predicted == ours.labels
    bins = np.searchsorted(np.arange(1, BINS + 1) / BINS, confidence, side="left")
    error = 0
    for i, one in enumerate(told["bins"]):
        inside = bins == i
        require(one["count"] == inside.sum(), f"bin {i}: {one['count']} samples instead of {inside.sum()}")
        mean = float(confidence[inside].mean()) if inside.any() else None
        share = float(right[inside].mean()) if inside.any() else None
        equal(one["confidence"], mean, f"confidence of bin {i}")
        equal(one["accuracy"], share, f"accuracy of bin {i}")
        error += abs(share - mean) * inside.sum() / len(right) if inside.any() else 0
    equal(told["error"], error, "calibration error")


def compare_errors(ours, probabilities, losses):
    wrong = np.flatnonzero(ours.predicted != ours.labels)
    order = wrong[np.argsort(-losses[wrong], kind="stable")]
    told = ours.json["errors"]
    require(len(told) == min(7, len(wrong)), f"{len(told)} errors of {len(wrong)}")
    for one, index in zip(told, order):
        equal(one["loss"], float(losses[index]), "loss of an error")  # equal losses come in any order
        row = one["index"]
        require(one["label"] == ours.names[ours.labels[row]], f"label of sample {row}")
        require(one["predicted"] == ours.names[ours.predicted[row]], f"prediction of sample {row}")
        equal(one["probability"], float(probabilities[row].max()), f"probability of sample {row}")
        equal(one["label_probability"], float(probabilities[row, ours.labels[row]]), f"probability of sample {row}")


def compare_figures(ours):
    logits, labels = ours.logits, ours.labels
    rows = np.arange(len(labels))
    require((ours.predicted == logits.argmax(axis=1)).all(), "predicted classes")
    equal(ours.json["accuracy"], float((ours.predicted == labels).mean()), "accuracy")
    shifted = logits - logits.max(axis=1, keepdims=True)
    sums = np.exp(shifted).sum(axis=1, keepdims=True)
    probabilities, losses = np.exp(shifted) / sums, np.log(sums[:, 0]) - shifted[rows, labels]
    compare_calibration(ours, probabilities)
    compare_errors(ours, probabilities, losses)
    top = ours.json["top"]
    require((top is None) == (logits.shape[1] <= 5) or top is not None, "top-5 accuracy is missing")
    if top:
        best = np.argsort(-logits, axis=1, kind="stable")[:, : top["k"]]
        equal(top["accuracy"], float((best == labels[:, None]).any(axis=1).mean()), "top-k accuracy")


def compare_drawing(weft, seed, strict):
    drawing = Drawing(seed)
    with tempfile.TemporaryDirectory() as scratch:
        drawing.write(scratch)
        arguments = [os.path.join(scratch, "pass.safetensors"), "--data", "idx:" + os.path.join(scratch, "data")]
        ours = Evaluation(weft, scratch, arguments, drawing.top)
    require((ours.labels == drawing.labels).all(), "labels")
    require(ours.names == drawing.names, "names")
    require(ours.json["top"]["k"] == drawing.top, "k")
    compare_table(ours, strict)
    compare_figures(ours)


def compare_run(weft, run, data, strict):
    with tempfile.TemporaryDirectory() as scratch:
        ours = Evaluation(weft, scratch, [run, "--data", data])
    compare_table(ours, strict)
    compare_figures(ours)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weft", required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run")
    parser.add_argument("--data", default="fashion-mnist")
    a = parser.parse_args()
    strict = f1_from_counts()
    print(f"scikit-learn {sklearn.__version__}" + ("" if strict else ": F1 from rounded figures"))
    if a.run:
        compare_run(a.weft, a.run, a.data, strict)
        return
    for seed in range(a.seed, a.seed + a.count):
        try:
            compare_drawing(a.weft, seed, strict)
        except Failure as failure:
            print(f"seed {seed}: {failure}\n  repeat: compare_report.py --weft {a.weft} --count 1 --seed {seed}")
            sys.exit(1)
    print(f"{a.count} drawings agree")


main()
