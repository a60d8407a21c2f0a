#!/bin/sh
# Install what the tests need, build, and run every test; again under ASan and UBSan; again without
# OpenCL to count the lines that they reach; then fuzz every reader for ten seconds.
set -eu
cd "$(dirname "$0")"
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

# shellcheck disable=SC2086  # lists of package names
need_packages $WEFT_BUILD_PACKAGES $WEFT_TEST_PACKAGES
# shellcheck disable=SC2086
offered=$(offered_packages $WEFT_OFFLINE_PACKAGES)
# shellcheck disable=SC2086
[ -z "$offered" ] || need_packages $offered

run_all() { # folder, then options of cmake
    build_into "$@" -DWEFT_TESTS=ON -DWEFT_TEST_CACHE="$PWD/build-test/cache"
    ctest --test-dir "$1" -L all -j "$(cores)" --output-on-failure
}

# The fuzz targets want clang; without it their test says skipped.
clang=$(command -v clang || echo cc)

run_all build-test -DCMAKE_BUILD_TYPE=Release
run_all build-sanitize -DCMAKE_BUILD_TYPE=RelWithDebInfo -DWEFT_SANITIZE=ON
run_all build-coverage -DCMAKE_BUILD_TYPE=Release -DWEFT_OPENCL=OFF -DWEFT_COVERAGE=ON
ctest --test-dir build-coverage -L coverage --verbose
run_all build-fuzz -DCMAKE_C_COMPILER="$clang" -DWEFT_FUZZ=ON
