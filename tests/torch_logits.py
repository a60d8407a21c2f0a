#!/usr/bin/env python3
"""Does PyTorch see the same network in our files?

Trains seed-cnn for a moment, loads last.safetensors into the equal nn.Module with strict load_state_dict, and compares its logits
on 256 test images with those of `weft eval --logits`: the largest difference must be below 1e-4.

  torch_logits.py WEFT [--device cpu] [--data DIR] [--run RUN]

--run compares an existing run of seed-cnn instead of training one. Exit code 77 when torch or the data set is missing.
"""
import argparse, csv, gzip, json, os, struct, subprocess, sys, tempfile

try:
    import torch
    import torch.nn as nn
except ImportError:
    print("skipped: torch is not installed")
    sys.exit(77)

COUNT, BOUND = 256, 1e-4


def network():
    layers = dict(
        conv1=nn.Conv2d(1, 32, 3, padding=1, bias=False), bn1=nn.BatchNorm2d(32), r1=nn.ReLU(), p1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(32, 64, 3, padding=1, bias=False), bn2=nn.BatchNorm2d(64), r2=nn.ReLU(), p2=nn.MaxPool2d(2),
        flat=nn.Flatten(), fc1=nn.Linear(64 * 7 * 7, 128), r3=nn.ReLU(), drop=nn.Dropout(0.5), fc2=nn.Linear(128, 10))
    model = nn.Sequential()
    for name, layer in layers.items():
        model.add_module(name, layer)
    return model.eval()


def read_safetensors(path):
    with open(path, "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(length))
        data = f.read()
    meta = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32).reshape(entry["shape"])
    return tensors, meta


def images(folder):
    with gzip.open(os.path.join(folder, "t10k-images-idx3-ubyte.gz")) as f:
        _, _, h, w = struct.unpack(">IIII", f.read(16))
        return torch.frombuffer(bytearray(f.read(COUNT * h * w)), dtype=torch.uint8).reshape(COUNT, 1, h, w)


def weft_logits(path):
    with open(path) as f:
        rows = [row for row, _ in zip(csv.DictReader(f), range(COUNT))]
    return torch.tensor([[float(row[f"logit{k}"]) for k in range(10)] for row in rows])


def train(weft, device, run):
    subprocess.run([weft, "train", "--no-report", "seed-cnn", "--data", "fashion-mnist", "--device", device, "--limit", "4000",
                    "--epochs", "1", "--no-test", "--quiet", "--out", run], check=True, stdout=subprocess.DEVNULL)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("weft")
    p.add_argument("--device", default="cpu")
    p.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    p.add_argument("--run")
    a = p.parse_args()
    if not os.path.isdir(a.data):
        print("skipped: no data set in", a.data)
        sys.exit(77)
    with tempfile.TemporaryDirectory() as scratch:
        run = a.run or os.path.join(scratch, "run")
        if not a.run:
            train(a.weft, a.device, run)
        logits = os.path.join(scratch, "logits.csv")
        subprocess.run([a.weft, "eval", run, "--data", "fashion-mnist", "--device", a.device, "--logits", logits],
                       check=True, stdout=subprocess.DEVNULL)
        tensors, meta = read_safetensors(os.path.join(run, "checkpoints", "last.safetensors"))
        ours = weft_logits(logits)

    model = network()
    model.load_state_dict({k: v for k, v in tensors.items() if not k.startswith("optim.")}, strict=True)
    norm = json.loads(meta["normalize"])
    x = (images(a.data).float() / 255 - norm["mean"][0]) / norm["std"][0]
    with torch.no_grad():
        theirs = model(x)
    worst = (ours - theirs).abs().max().item()
    print(f"torch {torch.__version__}: largest difference of {COUNT} x 10 logits: {worst:.3g} (bound {BOUND:g})")
    sys.exit(0 if worst < BOUND else 1)


main()
