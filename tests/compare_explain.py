#!/usr/bin/env python3
"""Does `weft explain` say what PyTorch's autograd says?

Each network gets random weights and statistics, and random pictures. Grad-CAM, saliency and feature
maps of several layers and classes are computed by Weft and by PyTorch from the same file.

  compare_explain.py --weft build/cli/weft --models models --device cpu,opencl

Bound: 1e-4 of the largest number of a map. Every device takes every network. With --checkpoint the
weights of that file are taken instead, with the network that it holds. With --library the principal
components of that libweft are held against PyTorch's singular vectors too. Exit code 77 when torch
is missing.
"""
import argparse
import ctypes
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import torch
except ImportError:
    print("skipped: torch is not installed")
    sys.exit(77)

sys.dont_write_bytecode = True  # nothing of ours is left in the source tree
from torch_network import Module, read_safetensors, write_safetensors

BOUND = 1e-4
PICTURES = 2
LAYERS = {"seed-cnn": ("relu2", "conv2", "maxpool1"), "resnet8": ("block3_out", "block2_skip", "block1_bn2")}


class Failure(Exception):
    pass


def weft(program, *words):
    done = subprocess.run([program, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Failure(f"weft {words[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def draw_weights(program, models, name, folder, generator):
    """Weft's initial weights, and what starts as 0 or 1 moved from there."""
    first, path = os.path.join(folder, "first.safetensors"), os.path.join(folder, name + ".safetensors")
    weft(program, "init", os.path.join(models, name + ".net"), "-o", first, "--overwrite")
    tensors, meta = read_safetensors(first)
    for key in sorted(tensors):
        if tensors[key].dim() == 1:
            tensors[key] += 0.3 * (2 * torch.rand(tensors[key].shape, generator=generator) - 1)
    write_safetensors(path, tensors, meta)
    return path


def draw_pictures(shape, folder, generator):
    images = torch.randint(0, 256, (PICTURES, *shape), generator=generator, dtype=torch.uint8)
    labels = torch.arange(PICTURES, dtype=torch.uint8)
    for name, tensor in (("images-idx3", images.squeeze(-1)), ("labels-idx1", labels)):
        for split in ("train", "t10k"):
            with open(os.path.join(folder, f"{split}-{name}-ubyte"), "wb") as file:
                file.write(struct.pack(f">BBBB{tensor.dim()}I", 0, 0, 8, tensor.dim(), *tensor.shape))
                file.write(bytes(tensor.flatten().tolist()))
    return images


def maps_of(module, x, layer, wanted):
    """Output, Grad-CAM, saliency, features: as numbers of PyTorch."""
    x = x.clone().requires_grad_(True)
    values = module.trace(x)
    output = values[module.graph[-1].name][0]
    features = values[layer]
    gradient, by_pixel = torch.autograd.grad(output[wanted], (features, x))
    alpha = gradient.mean((2, 3), keepdim=True)
    return {
        "outputs": output,
        "gradcam": torch.relu((alpha * features).sum(1))[0],
        "saliency": by_pixel.abs().amax(1)[0],
        "features": features[0],
    }


def compare(program, path, folder, module, meta, image, index, layer, wanted, device):
    words = ["explain", path, "--data", "idx:" + folder, "--index", index, "--class", wanted, "--device", device, "--json"]
    said = json.loads(weft(program, *words, "--layer", layer))
    normalize = json.loads(meta["normalize"])
    mean, std = (torch.tensor(normalize[key], dtype=torch.float32) for key in ("mean", "std"))
    x = ((image.float() / 255 - mean) / std).permute(2, 0, 1).unsqueeze(0)
    worst = 0.0
    for key, wants in maps_of(module, x, layer, wanted).items():
        got, wants = torch.tensor(said[key], dtype=torch.float32), wants.detach()
        largest = wants.abs().max().item()
        off = (got - wants).abs().max().item() / max(largest, 1e-12)
        if got.shape != wants.shape or not off <= BOUND:
            raise Failure(f"{path}, {layer}, class {wanted}, sample {index}, {device}: {key} is off by {off:.3g} of {largest:.3g}")
        worst = max(worst, off)
    return worst


def default_layer(module):
    """The last layer with height and width before the image is pooled or flattened for good."""
    probe = module.trace(torch.zeros(1, module.shape[2], *module.shape[:2]))
    return [name for name, value in probe.items() if value.dim() == 4 and value.shape[2] > 1][-1]


def run(options, name, path, folder):
    generator = torch.Generator().manual_seed(5)
    path = path or draw_weights(options.weft, options.models, name, folder, generator)
    tensors, meta = read_safetensors(path)
    module = Module(meta["network"])
    module.load_state_dict({k: v for k, v in tensors.items() if not k.startswith("optim.")}, strict=True)
    module.eval()
    images = draw_pictures(module.shape, folder, generator)
    for device in options.device.split(","):
        worst, count = 0.0, 0
        for index in range(PICTURES):
            for layer in LAYERS.get(name) or (default_layer(module),):
                worst = max(worst, compare(options.weft, path, folder, module, meta, images[index], index, layer,
                                           3 * index, device))
                count += 1
        print(f"{name}, {device}: {count} explanations, off by {worst:.2g} at most")


def compare_pca(path):
    """Rows of falling variance, more rows than columns and fewer."""
    library = ctypes.CDLL(path)
    library.weft_pca.argtypes = [ctypes.POINTER(ctypes.c_float), ctypes.c_int64, ctypes.c_int64,
                                 ctypes.POINTER(ctypes.c_float), ctypes.POINTER(ctypes.c_double)]
    generator = torch.Generator().manual_seed(6)
    for count, width in ((400, 128), (90, 700), (50, 3)):
        rows = torch.randn((count, width), generator=generator) * (1 + torch.arange(width)) ** -0.5 + 3
        shares, xy = (ctypes.c_double * 2)(), torch.empty(count, 2)
        data, to = (ctypes.cast(t.data_ptr(), ctypes.POINTER(ctypes.c_float)) for t in (rows, xy))
        if library.weft_pca(data, count, width, to, shares) != 0:
            raise Failure(f"weft_pca failed for {count} x {width}")
        centred = rows.double() - rows.double().mean(0)
        _, sizes, vectors = torch.linalg.svd(centred, full_matrices=False)
        signs = torch.stack([v[v.abs().argmax()].sign() for v in vectors[:2]])
        wants = centred @ (vectors[:2].T * signs)
        off = ((xy - wants).abs().max() / wants.abs().max()).item()
        explained = (sizes**2 / (sizes**2).sum())[:2]
        off = max(off, (torch.tensor(list(shares)) - explained).abs().max().item())
        if not off <= BOUND:
            raise Failure(f"components of {count} x {width}: off by {off:.3g}")
        print(f"components of {count} x {width}: off by {off:.2g} at most")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weft", required=True)
    parser.add_argument("--models", default=os.path.join(os.path.dirname(__file__), "..", "models"))
    parser.add_argument("--device", default="cpu", help="one, or several with commas")
    parser.add_argument("--checkpoint", help="weights of 28x28x1 pictures to take instead of random ones")
    parser.add_argument("--library", help="libweft.so, whose principal components are compared")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        try:
            if options.library:
                compare_pca(options.library)
            for name in ("checkpoint",) if options.checkpoint else LAYERS:
                run(options, name, options.checkpoint, folder)
        except Failure as failure:
            print(failure)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
