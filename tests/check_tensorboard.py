#!/usr/bin/env python3
"""Does TensorBoard read the event files of a run as they were meant?

Trains a small network with --tensorboard, reads its files with TensorBoard's own reader (which
checks the CRC-32C of every record) and holds scalars to steps.csv, metrics.csv and summary.json,
histograms of the last epoch to the weights of the last checkpoint, and images to be PNG files of the size told.

  check_tensorboard.py --weft build/cli/weft

Exit code 77 when TensorBoard or numpy is missing.
"""
import argparse
import csv
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import numpy
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

EVERYTHING = {"scalars": 0, "histograms": 0, "images": 0, "tensors": 0}


def fail(text):
    sys.exit("check_tensorboard: " + text)


def rows(run, name):
    with open(os.path.join(run, name), newline="", encoding="ascii") as file:
        return list(csv.DictReader(file))


def check_scalar(events, tag, wanted):
    """wanted: pairs of step and value; values are floats in the file."""
    found = [(e.step, e.value) for e in events.Scalars(tag)]
    if found != [(step, float(numpy.float32(value))) for step, value in wanted]:
        fail(f"{tag}: {found[:3]} .. instead of {wanted[:3]} ..")


def check_scalars(run, events):
    steps, epochs = rows(run, "steps.csv"), rows(run, "metrics.csv")
    for column in ("loss", "accuracy", "learning_rate"):
        check_scalar(events, "step/" + column, [(int(r["step"]), r[column]) for r in steps])
    length = len(steps) // len(epochs)
    for tag, column in (("loss/training", "train_loss"), ("loss/validation", "val_loss"),
                        ("accuracy/training", "train_accuracy"), ("accuracy/validation", "val_accuracy"),
                        ("epoch/learning_rate", "learning_rate")):
        check_scalar(events, tag, [(length * int(r["epoch"]), r[column]) for r in epochs])
    with open(os.path.join(run, "summary.json"), encoding="utf-8") as file:
        summary = json.load(file)
    check_scalar(events, "loss/test", [(len(steps), summary["test_loss"])])
    check_scalar(events, "accuracy/test", [(len(steps), summary["test_accuracy"])])
    return len(steps)


def read_weights(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        start = file.tell()
        for name, at in header.items():
            if name == "__metadata__" or name.startswith("optim."):
                continue
            file.seek(start + at["data_offsets"][0])
            yield name, numpy.frombuffer(file.read(at["data_offsets"][1] - at["data_offsets"][0]), "<f4")


def check_histogram(events, name, values):
    last = events.Histograms("weights/" + name)[-1].histogram_value
    wide = values.astype(numpy.float64)
    for what, found, wanted in (("count", last.num, values.size), ("least", last.min, wide.min()),
                                ("largest", last.max, wide.max()), ("counts", sum(last.bucket), values.size)):
        if found != wanted:
            fail(f"{name}: {what} {found} instead of {wanted}")
    sums = numpy.array([last.sum, last.sum_squares])
    if not numpy.allclose(sums, [wide.sum(), (wide * wide).sum()], rtol=1e-9, atol=1e-9):
        fail(f"{name}: sums {sums}")
    below = [int((wide <= limit).sum()) for limit in last.bucket_limit]
    if abs(numpy.cumsum(last.bucket) - below).max() > max(1, values.size // 1000):
        fail(f"{name}: the buckets do not hold what lies below their limits")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        subprocess.run([options.weft, "train", "lenet5", "--data", "fashion-mnist", "--limit", "600", "--epochs", "2",
                        "--device", "cpu", "--log-every", "1", "--tensorboard", "--no-report", "--quiet", "--out", run],
                       check=True, stdout=subprocess.DEVNULL)
        events = EventAccumulator(os.path.join(run, "tensorboard"), size_guidance=EVERYTHING)
        events.Reload()
        tags = events.Tags()
        steps = check_scalars(run, events)
        weights = dict(read_weights(os.path.join(run, "checkpoints", "last.safetensors")))
        for name, values in weights.items():
            check_histogram(events, name, values)
            if ".running_" not in name and f"gradients/{name}" not in tags["histograms"]:
                fail(f"no gradients of {name}")
        for tag in tags["images"]:
            image = events.Images(tag)[-1]
            kind, width, height = struct.unpack(">8x4x4sII", image.encoded_image_string[:24])
            if kind != b"IHDR" or (width, height) != (image.width, image.height):
                fail(f"{tag} is no PNG of {image.width} x {image.height}")
        if not tags["images"]:
            fail("no images")
        print(f"{steps} steps, {len(tags['scalars'])} scalars, {len(weights)} weights, {len(tags['images'])} images")


main()
