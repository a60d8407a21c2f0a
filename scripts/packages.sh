# shellcheck shell=sh disable=SC2034  # sourced: the lists are used by the callers
# Which system packages Weft needs, and how to get them. Sourced by quickstart.sh and test.sh.

WEFT_BUILD_PACKAGES="gcc libc6-dev make cmake pkg-config ocl-icd-opencl-dev opencl-c-headers \
pocl-opencl-icd libclblast-dev libcairo2-dev libjansson-dev libxxhash-dev zlib1g-dev libpng-dev \
libjpeg62-turbo-dev dataset-fashion-mnist"
WEFT_TEST_PACKAGES="check clang libclang-rt-dev clang-tidy cppcheck gcovr oclgrind libsubunit-dev \
libonnx-testdata jq poppler-utils"
# Compilers for GPUs that are not there; tests without theirs are skipped.
WEFT_OFFLINE_PACKAGES="clang-16 libclc-16 intel-opencl-icd"

say() { printf '%s\n' "$*" >&2; }

missing_packages() {
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
            printf '%s ' "$package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        say "These packages must be installed by root first: $missing"
        return 1
    fi
}

# shellcheck disable=SC2086  # missing is a list of package names
install_with_apt() {
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    say "Installing: $missing"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
        --no-install-recommends $missing >/dev/null
}

name_packages() {
    say "This system has no apt-get; these packages are needed (going on in case they are there):"
    say "  Fedora:   dnf install gcc make cmake pkgconf ocl-icd-devel opencl-headers pocl clblast-devel" \
        "cairo-devel jansson-devel xxhash-devel zlib-devel libpng-devel libjpeg-turbo-devel check-devel"
    say "  Arch:     pacman -S gcc make cmake pkgconf ocl-icd opencl-headers pocl clblast cairo jansson" \
        "xxhash zlib libpng libjpeg-turbo check"
    say "  openSUSE: zypper install gcc make cmake pkgconf ocl-icd-devel opencl-headers pocl clblast-devel" \
        "cairo-devel libjansson-devel xxhash-devel zlib-devel libpng16-devel libjpeg8-devel check-devel"
    say "  macOS:    brew install cmake pkg-config opencl-headers clblast cairo jansson xxhash libpng" \
        "jpeg-turbo check libomp"
    say "  The data set: the four .gz files of Fashion-MNIST in a folder named by WEFT_DATA."
}

# Install the named Debian packages, or say what is needed on other systems.
need_packages() {
    if command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1; then
        install_with_apt "$@"
    else
        name_packages
    fi
}

# Those of the named packages that this system has to offer.
offered_packages() {
    for package in "$@"; do
        if apt-cache show "$package" >/dev/null 2>&1; then printf '%s ' "$package"; fi
    done
}

cores() { getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2; }

# Configure and build into a folder; its log is FOLDER.log. Further arguments go to cmake.
build_into() {
    folder=$1
    shift
    if ! { cmake -S . -B "$folder" "$@" && cmake --build "$folder" -j "$(cores)"; } \
        >"$folder.log" 2>&1; then
        tail -n 30 "$folder.log" >&2
        say "The build failed; $folder.log has all of it."
        return 1
    fi
}
