#!/bin/sh
# The table of a machine: batch 1 to 1024, width x1 to x4 of seed-cnn, 1 and 2 threads, on a device.
# Prints Markdown; nothing else should run meanwhile.
#
#   results/bench/run.sh [weft bench option...] > results/bench/MACHINE.md
#   results/bench/run.sh --device opencl --data fashion-mnist
#
# WEFT     the program                             [build/cli/weft, else weft]
# MODEL    the network of the table                [seed-cnn]
# BATCHES  batch sizes                             [1 2 4 8 16 32 64 128 256 512 1024]
# WIDTHS   factors of filters and hidden units     [1 2 4]
# THREADS  for the CPU backend and PoCL; drivers   [1 2]
#          that do not listen to --threads need PIN=1, which starts them on as many processors
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${WEFT:-}" ]; then
    WEFT=$here/build/cli/weft
    [ -x "$WEFT" ] || WEFT=weft
fi

# What has to be typed to make the table again.
command="results/bench/run.sh${*:+ $*}"
for name in PIN THREADS WIDTHS BATCHES MODEL; do
    eval "given=\${$name:-}"
    if [ -n "$given" ]; then command="$name='$given' $command"; fi
done

MODEL=${MODEL:-seed-cnn}
BATCHES=${BATCHES:-1 2 4 8 16 32 64 128 256 512 1024}
WIDTHS=${WIDTHS:-1 2 4}
THREADS=${THREADS:-1 2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

# The network with `filters` and the units of all but the last dense layer times $1.
widen() {
    "$WEFT" models "$MODEL" | awk -v by="$1" '
        { line[NR] = $0; if ($1 == "dense") last = NR }
        function scale(text, key,    at, rest, number) {
            at = match(text, key "=[0-9]+")
            if (!at) return text
            number = substr(text, RSTART + length(key) + 1, RLENGTH - length(key) - 1)
            rest = substr(text, RSTART + RLENGTH)
            return substr(text, 1, RSTART - 1) key "=" number * by rest
        }
        END { for (i = 1; i <= NR; i++)
                  print i == last ? line[i] : scale(scale(line[i], "filters"), "units") }'
}

# The N-th value of a key in a JSON file that has a key to a line.
value() {
    sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$1" | sed -n "$3p"
}

bench() {
    threads=$1
    shift
    pin=
    if [ -n "${PIN:-}" ]; then pin="taskset -c 0-$((threads - 1))"; fi
    $pin "$WEFT" bench "$@" --threads "$threads" --json --quiet
}

row() { # threads width batch file
    printf '%s %s %s %s %s %s %s %s %s %s\n' "$1" "$2" "$3" "$(value "$4" median 1)" \
        "$(value "$4" best 1)" "$(value "$4" share_of_peak 1)" "$(value "$4" median 2)" \
        "$(value "$4" best 2)" "$(value "$4" share_of_peak 2)" "$(value "$4" latency_seconds 1)"
}

head_lines() {
    printf '# %s on %s\n\n' "$MODEL" "$(value "$1" device_name 1)"
    printf 'Platform %s, driver %s, %s. Made by:\n\n    %s\n\n' "$(value "$1" platform 1)" \
        "$(value "$1" driver 1)" "$("$WEFT" --version | head -n 1)" "$2"
    cat <<'TEXT'
Images per second are medians (best) of timed blocks; the peak is that of multiply-adds measured
before each row. The fits are least squares of the time of a batch, t = a + b n, over the batches of
n images; the exponent is the slope of log t over log n from 16 images on: 1 is linear.
TEXT
}

# A table for each number of threads and width, and the fits below it.
tables() {
    awk '
        function fit(name, x, y, n,    i, sx, sy, sxx, sxy, syy, a, b, r) {
            if (n < 2) return
            sx = sy = sxx = sxy = syy = 0
            for (i = 1; i <= n; i++) {
                sx += x[i]; sy += y[i]; sxx += x[i] * x[i]; sxy += x[i] * y[i]; syy += y[i] * y[i]
            }
            b = (n * sxy - sx * sy) / (n * sxx - sx * sx)
            a = (sy - b * sx) / n
            r = (n * sxy - sx * sy) ^ 2 / ((n * sxx - sx * sx) * (n * syy - sy * sy))
            printf "- %s: t = %.1f us + %.3f us an image, R^2 %.5f", name, a * 1e6, b * 1e6, r
            exponent(x, y, n)
        }
        function exponent(x, y, n,    i, k, sx, sy, sxx, sxy) {
            for (i = 1; i <= n; i++) {
                if (x[i] < 16) continue
                k++
                sx += log(x[i]); sy += log(y[i])
                sxx += log(x[i]) ^ 2; sxy += log(x[i]) * log(y[i])
            }
            if (k > 1) printf ", exponent %.3f", (k * sxy - sx * sy) / (k * sxx - sx * sx)
            print ""
        }
        function close_table() {
            if (!n) return
            print ""
            fit("training", images, train, n)
            fit("prediction", images, predict, n)
            n = 0
        }
        $1 " " $2 != group {
            close_table()
            group = $1 " " $2
            printf "\n## %s thread%s, width x%s\n\n", $1, ($1 > 1 ? "s" : ""), $2
            printf "| batch | train, images/s | of peak "
            print "| predict, images/s | of peak | one image, ms |"
            print "|---:|---:|---:|---:|---:|---:|"
        }
        {
            n++
            images[n] = $3; train[n] = $3 / $4; predict[n] = $3 / $7
            printf "| %d | %.0f (%.0f) | %.0f %% | %.0f (%.0f) | %.0f %% | %.3f |\n", \
                $3, $4, $5, 100 * $6, $7, $8, 100 * $9, 1000 * $10
        }
        END { close_table() }' "$1"
}

for threads in $THREADS; do
    for width in $WIDTHS; do
        widen "$width" > "$work/net-x$width.net"
        for batch in $BATCHES; do
            echo "$threads threads, width x$width, batch $batch" >&2
            bench "$threads" "$work/net-x$width.net" --batch-size "$batch" "$@" > "$work/one.json"
            row "$threads" "$width" "$batch" "$work/one.json" >> "$work/rows"
        done
    done
done
head_lines "$work/one.json" "$command"
tables "$work/rows"
