#!/usr/bin/env python3
"""The network of models/seed-cnn.net in PyTorch: images per second of training and prediction.

For results/bench/against_torch.sh. The last line printed is JSON. Pictures are made up and lie in
memory as bytes; a batch is taken by random numbers and normalised, as Weft does it on the device.
"""
import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional

PICTURES = 4096
BLOCKS = 7


class SeedCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding="same", bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, 3, padding="same", bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        self.fc1 = nn.Linear(64 * 7 * 7, 128)
        self.drop = nn.Dropout(0.5)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 2)
        x = functional.max_pool2d(functional.relu(self.bn2(self.conv2(x))), 2)
        return self.fc2(self.drop(functional.relu(self.fc1(x.flatten(1)))))


class Pictures:
    """Batches of made-up pictures in the wanted layout."""

    def __init__(self, batch, layout):
        self.pixels = torch.randint(0, 256, (max(PICTURES, batch), 1, 28, 28), dtype=torch.uint8)
        self.classes = torch.randint(0, 10, (len(self.pixels),))
        self.batch = batch
        self.format = torch.channels_last if layout == "nhwc" else torch.contiguous_format

    def take(self):
        rows = torch.randint(0, len(self.pixels), (self.batch,))
        x = self.pixels[rows].float().mul_(1 / 127.5).sub_(1)
        return x.contiguous(memory_format=self.format), self.classes[rows]


def seconds_of(call, count):
    start = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - start


def rate(call, batch, block):
    """Median and best images per second of timed blocks of about `block` seconds."""
    call()
    count, taken = 1, seconds_of(call, 1)
    while taken < block / 3:
        count *= 2
        taken = seconds_of(call, count)
    count = max(1, round(count * block / taken))
    rates = [count * batch / seconds_of(call, count) for _ in range(BLOCKS)]
    return {"median": round(statistics.median(rates), 1), "best": round(max(rates), 1)}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--batch-size", type=int, default=64)
    options.add_argument("--layout", choices=["nhwc", "nchw"], default="nhwc")
    options.add_argument("--compile", action="store_true")
    options.add_argument("--threads", type=int, help="all by default")
    options.add_argument("--seconds", type=float, default=0.3, help="of a timed block")
    wish = options.parse_args()
    if wish.threads:
        torch.set_num_threads(wish.threads)
    torch.manual_seed(0)

    pictures = Pictures(wish.batch_size, wish.layout)
    model = SeedCnn().to(memory_format=pictures.format)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def train(x, y):
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    def predict(x):
        with torch.inference_mode():
            return model(x)

    if wish.compile:
        train, predict = torch.compile(train), torch.compile(predict)
    model.train()
    trained = rate(lambda: train(*pictures.take()), wish.batch_size, wish.seconds)
    model.eval()
    predicted = rate(lambda: predict(pictures.take()[0]), wish.batch_size, wish.seconds)
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads(),
                      "batch": wish.batch_size, "layout": wish.layout, "compile": wish.compile,
                      "train_images_per_s": trained, "predict_images_per_s": predicted}))


if __name__ == "__main__":
    main()
