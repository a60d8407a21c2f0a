#!/bin/sh
# Install what the tests need, build, and run every test; then again under ASan and UBSan.
set -eu
cd "$(dirname "$0")"
# shellcheck source=scripts/packages.sh
. scripts/packages.sh

# shellcheck disable=SC2086  # lists of package names
need_packages $WEFT_BUILD_PACKAGES $WEFT_TEST_PACKAGES

build_into build-test -DCMAKE_BUILD_TYPE=Release -DWEFT_TESTS=ON
ctest --test-dir build-test -L all --output-on-failure

build_into build-sanitize -DCMAKE_BUILD_TYPE=RelWithDebInfo -DWEFT_TESTS=ON -DWEFT_SANITIZE=ON
ctest --test-dir build-sanitize -L all --output-on-failure
