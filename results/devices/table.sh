#!/bin/sh
# Print the table of devices for the README from the bundles in this folder. A bundle is what
# `weft selftest --bundle FILE` writes on the machine that has the device.
#
#   sh results/devices/table.sh
#
# Needs jq. The targets behind the devices are those that tests/offline/check.sh compiles the
# programs for; nothing ever ran on them.
set -eu
cd "$(dirname "$0")"

echo "| device | platform, driver | kernels | selftest | seed-cnn, images/s |"
echo "|---|---|---|---|---:|"
for bundle in *.json; do
    jq -r '
        def known: if . == null then "-" else . end;
        [ .device.name,
          (.device.platform + ", " + .device.driver),
          (.selftest.family | known),
          (.selftest.verdict + (if .selftest.quick then " (quick)" else "" end) + ", " + .date[0:10]),
          (.bench.train.images_per_second.median // null
             | if . == null then "-" else (floor | tostring) end)
        ] | "| " + join(" | ") + " |"' "$bundle"
done
while read -r maker targets; do
    echo "| $maker: $targets | offline compiler | tile | compiled only | - |"
done <<'TARGETS'
AMD gfx900, gfx902, gfx90c, gfx1030, gfx1035, gfx1036, gfx1100, gfx1103
NVIDIA sm_75, sm_80, sm_90
Intel skl, tgllp, dg2
TARGETS
