#!/bin/sh
# Install what is missing, build, and train a network on Fashion-MNIST on the best device there is.
# Arguments go to `weft train`: ./quickstart.sh --device cpu --epochs 1
set -eu
cd "$(dirname "$0")"
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

# shellcheck disable=SC2086  # a list of package names
need_packages $WEFT_BUILD_PACKAGES

say "Building (build/) ..."
build_into build -DCMAKE_BUILD_TYPE=Release -DWEFT_TESTS=OFF

# Threads of the CPU backend that wait should sleep: other programs may be running.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"

build/cli/weft devices
say ""
exec build/cli/weft train seed-cnn --data fashion-mnist "$@"
