#!/bin/sh
# Convolutions one by one: GFLOP/s and share of the peak measured a moment before, of the forward
# pass and both gradients. Prints Markdown; nothing else should run meanwhile.
#
#   results/bench/convolutions.sh [weft bench option...] > results/bench/convolutions-MACHINE.md
#   SHAPES="14x14 32 64 3 1" results/bench/convolutions.sh --device opencl
#
# WEFT    the program                                        [build/cli/weft, else weft]
# BATCH   images                                             [64]
# SHAPES  by semicolons: height x width, channels, filters, window, stride, padding [same]; "first"
#         before it for the layer that reads the images, which has no data gradient
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${WEFT:-}" ]; then
    WEFT=$here/build/cli/weft
    [ -x "$WEFT" ] || WEFT=weft
fi
command="results/bench/convolutions.sh${*:+ $*}"
for name in BATCH SHAPES; do
    eval "given=\${$name:-}"
    if [ -n "$given" ]; then command="$name='$given' $command"; fi
done
BATCH=${BATCH:-64}
# seed-cnn, lenet5, resnet8; ResNet-20, VGG-11 on 32x32 images; 5x5, 1x1 and stride 2 on those.
SHAPES=${SHAPES:-first 28x28 1 32 3 1; 14x14 32 64 3 1; first 28x28 1 6 5 1; 14x14 6 16 5 1 valid
first 28x28 1 16 3 1; 28x28 16 16 3 1; 28x28 16 32 3 2; 14x14 32 32 3 1; 28x28 16 32 1 2
14x14 32 64 3 2; 7x7 64 64 3 1; 14x14 32 64 1 2
first 32x32 3 16 3 1; 32x32 16 16 3 1; 32x32 16 32 3 2; 16x16 32 32 3 1; 16x16 32 64 3 2
8x8 64 64 3 1; 32x32 16 32 1 2; 16x16 32 64 1 2
first 32x32 3 64 3 1; 16x16 64 128 3 1; 8x8 128 256 3 1; 8x8 256 256 3 1; 4x4 256 512 3 1
4x4 512 512 3 1; 2x2 512 512 3 1
32x32 16 16 5 1; 32x32 16 32 5 1; 32x32 32 64 5 1; 32x32 16 32 5 2
32x32 16 16 1 1; 32x32 16 64 1 1; 32x32 64 16 1 1; 32x32 64 64 1 1; 32x32 128 128 1 1
32x32 64 64 3 2; 32x32 64 128 1 2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

network() { # height x width, channels, filters, window, stride, padding; reads the images?
    if [ "$7" = first ]; then
        echo "input shape=$1x$2"
    else
        echo "input shape=$1x1"
        echo "conv2d filters=$2 kernel=1 name=before"
    fi
    echo "conv2d filters=$3 kernel=$4 stride=$5 padding=$6 bias=no name=it"
    echo "global_avgpool"
    echo "flatten"
    echo "dense units=10"
}

# "pass gflops roof" of each pass of layer `it`, and the peak, from the JSON of a bench.
rows() {
    awk '
        function text(line) { sub(/^[^:]*: "?/, "", line); sub(/"?,?$/, "", line); return line }
        /"peak_gflops":/ { print "peak", text($0), 0 }
        /"pass":/ { pass = text($0) }
        /"op":/ { op = text($0) }
        /"layer":/ { layer = text($0) }
        /"gflops":/ { gflops = text($0) }
        /"share_of_roofline":/ && layer == "it" && pass == "train" { print op, gflops, text($0) }' "$1"
}

one() { # the shape, as in SHAPES
    first=no
    if [ "$1" = first ]; then
        first=first
        shift
    fi
    padding=${6:-same}
    network "$1" "$2" "$3" "$4" "$5" "$padding" $first > "$work/one.net"
    # shellcheck disable=SC2086
    "$WEFT" bench "$work/one.net" --batch-size "$BATCH" --plan --json --quiet $options \
        > "$work/one.json"
    rows "$work/one.json" | awk -v size="$1" -v c="$2" -v k="$3" -v window="$4" -v stride="$5" \
        -v padding="$padding" '
        { rate[$1] = $2; roof[$1] = $3 }
        function cell(op) {
            if (!(op in rate)) return "-"
            return sprintf("%.0f, %.0f %% (%.0f %%)", rate[op], 100 * rate[op] / rate["peak"],
                           100 * roof[op])
        }
        END { printf "| %s x %d, %d filters %sx%s, stride %s, %s | %s | %s | %s |\n", size, c, k,
                     window, window, stride, padding, cell("conv2d"), cell("conv2d_data_grad"),
                     cell("conv2d_weight_grad") }'
}

options=$*
printf 'Batch %d, %s. GFLOP/s, share of the peak, and in brackets share of the roofline. By:\n\n' \
    "$BATCH" "$("$WEFT" --version | head -n 1)"
printf '    %s\n\n| convolution | forward | data gradient | weight gradient |\n|---|---|---|---|\n' \
    "$command"
printf '%s\n' "$SHAPES" | tr ';' '\n' | while read -r shape; do
    # shellcheck disable=SC2086
    [ -z "$shape" ] || one $shape < /dev/null
done
