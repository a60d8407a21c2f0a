"""Networks of Weft in PyTorch: random ones, their modules, and files that both sides read.

A network is Weft's text and nothing else: draw() writes it, Module runs it.
"""
import json
import struct

import torch
from torch import nn
from torch.nn import functional

ACTIVATIONS = ("relu", "leaky_relu slope=0.1", "elu alpha=0.7", "gelu", "silu", "sigmoid", "tanh")
LEAST_NORMED = 8  # numbers a channel that a batchnorm may see: of two it makes +1 and -1 whatever
# they are, and what is left of the gradient is rounding


class Drawing:
    """Lines of a network while it is drawn, and the shape that has come out so far.

    An activation stands behind every dense and convolution: a bias that only a later batchnorm sees is
    subtracted there, its true gradient is 0, and there is nothing to compare.
    """

    def __init__(self, rng, shape, least_batch):
        self.rng, self.shape, self.least_batch = rng, shape, least_batch
        self.lines, self.count = ["input shape=" + "x".join(map(str, shape))], 0

    def put(self, line):
        self.count += 1
        self.lines.append(f"{line} name=n{self.count}")
        return f"n{self.count}"

    def last(self):
        return self.lines[-1].split("name=")[-1]

    def activation(self):
        return self.put(self.rng.choice(ACTIVATIONS[:1] * 5 + ACTIVATIONS))

    def batchnorm(self):
        places = self.shape[0] * self.shape[1] if len(self.shape) == 3 else 1
        if self.least_batch * places >= LEAST_NORMED and self.rng.random() < 0.6:
            self.put(self.rng.choice(("batchnorm", "batchnorm", "batchnorm momentum=0.3 eps=0.001")))

    def padding(self, kernel):
        number = self.rng.randrange(0, min(kernel))
        return self.rng.choice(("valid", "same", str(number)))

    def window(self, sizes, strides, default_stride):
        """Kernel, stride and padding that fit the image, and the height and width that come out."""
        while True:
            kernel, stride = pair(self.rng.choice(sizes)), self.rng.choice(strides)
            padding = self.padding(kernel)
            steps = pair(stride) if stride != "0" else kernel if default_stride == "size" else (1, 1)
            pads = [pads_of(padding, self.shape[i], kernel[i], steps[i]) for i in (0, 1)]
            free = [self.shape[i] + sum(pads[i]) - kernel[i] for i in (0, 1)]
            if min(free) >= 0:
                text = f"{kernel[0]}x{kernel[1]} stride={stride} padding={padding}"
                return text, [free[i] // steps[i] + 1 for i in (0, 1)]

    def conv(self, filters, fixed=None, source=None):
        kernel, out = fixed or self.window(("1", "2", "3", "3", "3", "5", "3x1", "1x3", "2x3"), ("1", "1", "2", "2x1"), "one")
        bias = self.rng.choice(("yes", "no"))
        line = f"conv2d filters={filters} kernel={kernel} bias={bias}"
        self.put(line + (f" from={source}" if source else ""))
        self.shape = (*out, filters)
        self.batchnorm()

    def conv_block(self):
        self.conv(self.rng.choice((1, 3, 4, 5, 8, 13, 16, 17, 24)))
        self.activation()

    def residual(self):
        """Two convolutions beside nothing, or beside one that changes the shape too."""
        source, (height, width, channels) = self.last(), self.shape
        if self.count == 0:
            return self.conv_block()
        changes = self.rng.random() < 0.5
        stride = self.rng.choice((1, 2)) if changes else 1
        filters = self.rng.choice((4, 8, 12)) if changes else channels
        out = [-(-height // stride), -(-width // stride)]
        self.conv(filters, (f"3 stride={stride} padding=same", out))
        self.activation()
        self.conv(filters, ("3 stride=1 padding=same", out))
        branch = self.last()
        if changes:
            self.shape = (height, width, channels)
            self.conv(filters, (f"1 stride={stride} padding=same", out), source)
            source = self.last()
        self.put(f"add from={branch},{source}")
        return self.activation()

    def pool(self):
        kind = self.rng.choice(("maxpool", "maxpool", "avgpool"))
        window, out = self.window(("2", "2", "3", "2x1", "1x3"), ("0", "0", "1", "2"), "size")
        self.put(f"{kind} size={window}")
        self.shape = (*out, self.shape[2])

    def dropout(self):
        if self.rng.random() < 0.2:
            self.put("dropout rate=0")

    def flatten(self):
        if self.rng.random() < 0.3:
            self.put("global_avgpool")
            self.shape = (1, 1, self.shape[2])
        self.put("flatten")
        self.shape = (self.shape[0] * self.shape[1] * self.shape[2],)
        if self.least_batch >= LEAST_NORMED and self.rng.random() < 0.2:
            self.put("batchnorm")
            self.activation()

    def dense(self, units):
        self.put(f"dense units={units} bias={self.rng.choice(('yes', 'yes', 'no'))}")
        self.shape = (units,)


def draw(rng, shape, classes, least_batch):
    """The text of a random network; least_batch: rows of the smallest batch it will see."""
    d = Drawing(rng, shape, least_batch)
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4))):
        rng.choice((d.conv_block, d.conv_block, d.residual, d.pool))()
        d.dropout()
    d.flatten()
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        d.dense(rng.choice((5, 7, 16, 31, 40)))
        d.batchnorm()
        d.activation()
        d.dropout()
    d.dense(classes)
    return "\n".join(d.lines) + "\n"


def pair(text):
    numbers = [int(n) for n in str(text).split("x")]
    return (numbers[0], numbers[-1])


def pads_of(padding, size, kernel, stride):
    """Numbers before and behind along one axis; what is odd stands behind."""
    if padding == "same":
        both = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        return (both // 2, both - both // 2)
    number = 0 if padding == "valid" else int(padding)
    return (number, number)


class Line:
    """One line of the text: type, keys, and the names it reads from."""

    def __init__(self, text, before):
        words = text.split("#")[0].split()
        self.type, self.keys = words[0], dict(word.split("=") for word in words[1:])
        self.name = self.keys.get("name")
        self.sources = self.keys["from"].split(",") if "from" in self.keys else [before]

    def number(self, key, default):
        return float(self.keys.get(key, default))

    def window(self, x, key, default_stride, fill):
        """x with its padding, the kernel and the stride."""
        kernel = pair(self.keys[key])
        stride = self.keys.get("stride", default_stride)
        stride = kernel if stride == "0" else pair(stride)
        pads = [pads_of(self.keys.get("padding", "valid"), x.shape[2 + i], kernel[i], stride[i]) for i in (0, 1)]
        return functional.pad(x, (*pads[1], *pads[0]), value=fill), kernel, stride


class Module(nn.Module):
    """The network of a text. Modules have Weft's names, so load_state_dict takes Weft's files."""

    def __init__(self, text):
        super().__init__()
        self.graph, before, counts = [], None, {}
        for line in (Line(t, None) for t in text.splitlines() if t.split("#")[0].strip()):
            line.sources = line.sources if line.sources != [None] else [before]
            counts[line.type] = counts.get(line.type, 0) + 1
            line.name = line.name or f"{line.type}{counts[line.type]}"
            self.graph.append(line)
            before = line.name
        self.shape = [int(n) for n in self.graph[0].keys["shape"].split("x")]
        self.shapes, probe = {}, torch.zeros(2, self.shape[2], *self.shape[:2])
        self.building = True
        self(probe)
        self.building = False

    def biases_before_batchnorm(self):
        """Their names, each with that of the running mean behind it, which contains the bias."""
        pairs = {f"{line.sources[0]}.bias": f"{line.name}.running_mean" for line in self.graph if line.type == "batchnorm"}
        names = dict(self.named_parameters())
        return {bias: mean for bias, mean in pairs.items() if bias in names}

    def build(self, line, x):
        if line.type == "conv2d":
            made = nn.Conv2d(x.shape[1], int(line.keys["filters"]), pair(line.keys["kernel"]),
                             bias=line.keys.get("bias") != "no")
        elif line.type == "dense":
            made = nn.Linear(x.shape[1], int(line.keys["units"]), bias=line.keys.get("bias") != "no")
        elif line.type == "batchnorm":
            kind = nn.BatchNorm2d if x.dim() == 4 else nn.BatchNorm1d
            made = kind(x.shape[1], eps=line.number("eps", 1e-5), momentum=line.number("momentum", 0.1))
        else:
            return
        self.add_module(line.name, made)

    def run(self, line, inputs):
        x = inputs[0]
        if self.building:
            self.build(line, x)
        if line.type == "conv2d":
            x, _, stride = line.window(x, "kernel", "1", 0.0)
            layer = getattr(self, line.name)
            return functional.conv2d(x, layer.weight, layer.bias, stride)
        if line.type in ("dense", "batchnorm"):
            return getattr(self, line.name)(x)
        if line.type == "maxpool":
            x, kernel, stride = line.window(x, "size", "0", float("-inf"))
            return functional.max_pool2d(x, kernel, stride)
        if line.type == "avgpool":
            x, kernel, stride = line.window(x, "size", "0", 0.0)
            return functional.avg_pool2d(x, kernel, stride)
        return PLAIN[line.type](line, inputs)

    def trace(self, x):
        """The output of every layer by its name."""
        values = {self.graph[0].name: x}
        for line in self.graph[1:]:
            values[line.name] = self.run(line, [values[source] for source in line.sources])
        return values

    def forward(self, x):
        return self.trace(x)[self.graph[-1].name]


PLAIN = {
    "relu": lambda line, x: functional.relu(x[0]),
    "leaky_relu": lambda line, x: functional.leaky_relu(x[0], line.number("slope", 0.01)),
    "elu": lambda line, x: functional.elu(x[0], line.number("alpha", 1)),
    "gelu": lambda line, x: functional.gelu(x[0]),
    "silu": lambda line, x: functional.silu(x[0]),
    "sigmoid": lambda line, x: torch.sigmoid(x[0]),
    "tanh": lambda line, x: torch.tanh(x[0]),
    "add": lambda line, x: sum(x[1:], x[0]),
    "flatten": lambda line, x: x[0].flatten(1),
    "global_avgpool": lambda line, x: x[0].mean((2, 3), keepdim=True),
    "dropout": lambda line, x: x[0],  # its rate is 0 here, or nothing is trained
}


def read_safetensors(path):
    """The tensors by name, and the strings of the header."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    meta, tensors = header.pop("__metadata__", {}), {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32).reshape(entry["shape"])
    return tensors, meta


def write_safetensors(path, tensors, meta=None):
    header, data = {"__metadata__": meta} if meta else {}, b""
    for name, tensor in tensors.items():
        numbers = struct.pack(f"<{tensor.numel()}f", *tensor.flatten().tolist())
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(numbers)]}
        data += numbers
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
