#!/bin/sh
# The style budget: files of at most 500 lines, lines of at most 100 columns. Fails when it is broken.
set -eu
cd "$(dirname "$0")/.."
sources=$(git ls-files '*.c' '*.h' '*.cl')
# shellcheck disable=SC2086  # file names without spaces
awk 'length($0) > 100 { printf "%s:%d: %d columns\n", FILENAME, FNR, length($0); bad = 1 }
     FNR == 501 { printf "%s: more than 500 lines\n", FILENAME; bad = 1 }
     { lines++ }
     END { printf "%d files, %d lines\n", ARGC - 1, lines; exit bad }' $sources
