#!/bin/sh
# Weft and PyTorch by turns on the same machine: medians of the rounds, and Weft's share of the best
# setting. Nothing else should run meanwhile.
#
#   results/bench/against_torch.sh [SCRIPT [option...]]
#   PYTHON=venv/bin/python BATCH=256 results/bench/against_torch.sh
#
# SCRIPT, tests/torch_bench.py where there is none, is called with --batch-size BATCH, the options
# given here and those of a setting; the last line it prints is JSON with "train_images_per_s" and
# "predict_images_per_s", each {"median": N}.
#
# PYTHON    interpreter with PyTorch                 [python3]
# SETTINGS  options of each setting, by semicolons   [--layout nhwc; --layout nchw; both compiled]
# ROUNDS    [5]   BATCH [64]   MODEL [seed-cnn]   WEFT [build/cli/weft, else weft]
# OPTIONS   of weft bench, as "--device opencl --data fashion-mnist --augment none"
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
if [ -z "${WEFT:-}" ]; then
    WEFT=$here/build/cli/weft
    [ -x "$WEFT" ] || WEFT=weft
fi
PYTHON=${PYTHON:-python3}
SETTINGS=${SETTINGS:---layout nhwc;--layout nchw;--layout nhwc --compile;--layout nchw --compile}
ROUNDS=${ROUNDS:-5}
BATCH=${BATCH:-64}
MODEL=${MODEL:-seed-cnn}
script=$here/tests/torch_bench.py
case ${1:--} in
-*) ;; # options of the usual script
*)
    script=$1
    shift
    ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

# Lines "who: train predict latency" into the log. A batch of one is also judged by its time.
weft_once() {
    # shellcheck disable=SC2086
    "$WEFT" bench "$MODEL" --batch-size "$BATCH" --json --quiet ${OPTIONS:-} > "$work/weft.json"
    sed -n 's/^ *"\(median\|latency_seconds\)": \([^,]*\),\{0,1\}$/\1 \2/p' "$work/weft.json" | awk '
        $1 == "median" { rate[++n] = $2 } $1 == "latency_seconds" { latency = $2 }
        END { printf "weft\t%s\t%s\t%s\n", rate[1], rate[2], latency }' >> "$work/log"
}

torch_once() { # setting, then the script's options
    setting=$1
    shift
    # shellcheck disable=SC2086
    "$PYTHON" "$script" --batch-size "$BATCH" "$@" $setting | tail -n 1 > "$work/torch.json"
    rate() { sed -n "s/.*\"$1\": {[^}]*\"median\": \([0-9.]*\).*/\1/p" "$work/torch.json"; }
    train=$(rate train_images_per_s)
    predict=$(rate predict_images_per_s)
    if [ -z "$train" ] || [ -z "$predict" ]; then
        echo "$script $setting: no figures in: $(cat "$work/torch.json")" >&2
        exit 1
    fi
    printf 'torch %s\t%s\t%s\t%s\n' "$setting" "$train" "$predict" \
        "$(awk -v b="$BATCH" -v r="$predict" 'BEGIN { print b / r }')" >> "$work/log"
}

round=0
while [ "$round" -lt "$ROUNDS" ]; do
    round=$((round + 1))
    echo "round $round of $ROUNDS" >&2
    weft_once
    printf '%s\n' "$SETTINGS" | tr ';' '\n' | sed 's/^ *//' > "$work/settings"
    while IFS= read -r setting; do
        torch_once "$setting" "$@" < /dev/null
    done < "$work/settings"
done

awk -F '\t' -v batch="$BATCH" '
    function median(who, what,    n, i, k, v, list) {
        n = count[who]
        for (i = 1; i <= n; i++) list[i] = value[who, what, i]
        for (i = 2; i <= n; i++) {
            v = list[i]
            for (k = i - 1; k > 0 && list[k] > v; k--) list[k + 1] = list[k]
            list[k + 1] = v
        }
        return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
    }
    !($1 in count) { name[++names] = $1 }
    { i = ++count[$1]; for (k = 1; k <= 3; k++) value[$1, k, i] = $(k + 1) + 0 }
    END {
        printf "Batch %d, medians of %d rounds by turns.\n\n", batch, count["weft"]
        print "| | train, images/s | predict, images/s | one batch predicted, ms |"
        print "|---|---:|---:|---:|"
        for (i = 1; i <= names; i++) {
            for (k = 1; k <= 3; k++) m[k] = median(name[i], k)
            if (name[i] == "weft") { for (k = 1; k <= 2; k++) own[k] = m[k]; latency = m[3] }
            else for (k = 1; k <= 2; k++) if (m[k] > best[k]) best[k] = m[k]
            if (name[i] == "weft") m[3] = batch / m[2]
            printf "| %s | %.0f | %.0f | %.3f |\n", name[i], m[1], m[2], 1000 * m[3]
        }
        printf "\nweft / best: training %.2f, prediction %.2f\n", own[1] / best[1], own[2] / best[2]
        printf "weft, one image from enqueuing to its result: %.3f ms", 1000 * latency
        if (batch == 1) printf ", %.2f of the time of the best", latency * best[2]
        print ""
    }' "$work/log"
