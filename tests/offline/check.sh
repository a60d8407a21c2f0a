#!/bin/sh
# Compiles the tile family's programs with the offline compilers of one maker of GPUs, and fails for
# what makes a kernel slow there: a spilled register, private memory, more than 32 KiB of local
# memory. Prints registers, local memory and predicted occupancy of every kernel.
#
#   check.sh amd|nvidia|intel DUMP_PROGRAMS MODELS WORK    all programs of the networks
#   check.sh one TARGET FILE                               one program, for the line above
#
# WEFT_TEST_SHAPES=all: every target that is known; else one of each register file, or the oldest
# and the newest. OCLOC, CLANG, PTXAS name compilers that are not on the path. Exit codes: 0 good, 1
# not, 77 there is no such compiler or no OpenCL device to dump the programs on.
set -u

say_skip() {
    echo "skipped: $*"
    exit 77
}

# ---- one program ----

# Kernels of an AMD assembly file, one a line: name registers spills local private work-items.
amd_kernels() {
    awk '/^  - .*\.args:/ { name = "" }
         /^    \.name:/ { name = $2 }
         /\.group_segment_fixed_size:/ { shared = $NF }
         /\.private_segment_fixed_size:/ { private = $NF }
         /\.max_flat_workgroup_size:/ { items = $NF }
         /\.sgpr_spill_count:/ { scalar = $NF }
         /\.vgpr_count:/ { registers = $NF }
         /\.vgpr_spill_count:/ { print name, registers, scalar + $NF, shared, private, items }' "$1"
}

# Registers of a SIMD lane, its granule, most waves, items of a wave, local memory of four SIMDs.
amd_machine() {
    case $1 in
        gfx9*) echo 256 4 10 64 65536 ;;
        gfx1100) echo 1536 24 16 32 131072 ;;
        gfx11*) echo 1024 16 16 32 131072 ;;
        *) echo 1024 8 16 32 131072 ;;
    esac
}

check_amd() {
    # shellcheck disable=SC2086  # CLANG may have options
    $CLANG -x cl -cl-std=CL1.2 -O3 -target amdgcn-amd-amdhsa "-mcpu=$1" -nogpulib \
        -Xclang -mlink-builtin-bitcode -Xclang "$CLC/amdgcn--amdhsa.bc" -S "$2" -o "$3.s" || return
    amd_kernels "$3.s" | awk -v machine="$(amd_machine "$1")" -v target="$1" -v file="$4" '
        BEGIN { split(machine, m, " ") }
        {
            used = int(($2 + m[2] - 1) / m[2]) * m[2]
            waves = used > 0 ? int(m[1] / used) : m[3]
            if (waves > m[3]) waves = m[3]
            each = int(($6 + m[4] - 1) / m[4])
            if ($4 > 0 && waves > int(m[5] / $4) * each / 4) waves = int(m[5] / $4) * each / 4
            bad = $3 > 0 || $5 > 0 || $4 > 32768
            printf "%s%s %s %s: %d registers, %d bytes local, %.3g of %d waves", \
                   bad ? "BAD " : "", target, file, $1, $2, $4, waves, m[3]
            if (bad) printf "; %d spills, %d bytes private", $3, $5
            print ""
        }'
}

# Local memory of a processor in KiB and its most warps.
nvidia_machine() {
    case $1 in
        sm_75) echo 64 32 ;;
        sm_80) echo 164 64 ;;
        *) echo 228 64 ;;
    esac
}

check_nvidia() {
    # shellcheck disable=SC2086  # CLANG may have options
    $CLANG -x cl -cl-std=CL1.2 -O3 -target nvptx64-nvidia-nvcl -Xclang -target-cpu -Xclang "$1" \
        -Xclang -target-feature -Xclang +ptx78 -Xclang -mlink-builtin-bitcode \
        -Xclang "$CLC/nvptx64--nvidiacl.bc" -S "$2" -o "$3.ptx" || return
    if [ -z "$PTXAS" ]; then
        awk -v target="$1" -v file="$4" '
            /^\.entry|\.entry / { name = $NF; sub(/\(.*/, "", name) }
            /\.local .*__local_depot/ { print "BAD", target, file, name ": private memory" }' "$3.ptx"
        return
    fi
    "$PTXAS" -v "-arch=$1" "$3.ptx" -o "$3.cubin" 2>&1 |
        awk -v machine="$(nvidia_machine "$1")" -v target="$1" -v file="$4" '
        function before(word,    i) {
            for (i = 2; i <= NF; i++)
                if (index($i, word) == 1) return $(i - 1) == "bytes" ? $(i - 2) : $(i - 1)
            return 0
        }
        BEGIN { split(machine, m, " ") }
        /error|fatal/ { print "BAD", target, file ":", $0 }
        /Compiling entry function/ { split($0, quoted, "\047"); name = quoted[2] }
        /bytes stack frame/ { private = $1; spills = $5 + $9 }
        /Used [0-9]+ registers/ {
            registers = before("registers"); shared = before("smem")
            warps = int(65536 / (32 * int((registers + 7) / 8) * 8))
            if (warps > m[2]) warps = m[2]
            if (shared > 0 && warps > 2 * int(m[1] * 1024 / (shared + 1024)))
                warps = 2 * int(m[1] * 1024 / (shared + 1024))
            bad = private > 0 || spills > 0 || shared > 32768
            printf "%s%s %s %s: %d registers, %d bytes local, %d of %d warps", \
                   bad ? "BAD " : "", target, file, name, registers, shared, warps, m[2]
            if (bad) printf "; %d bytes spilled, %d bytes private", spills, private
            print ""
        }'
}

# The patch tokens of a binary that ocloc cannot name: 15 local memory, 23 the execution
# environment, where word 4 is the vector width, 14 tells of scratch memory (spills and private
# arrays), 21 counts the registers of a thread.
check_intel() {
    mkdir -p "$3.out"
    "$OCLOC" compile -file "$2" -device "$1" -options "-cl-std=CL1.2" -out_dir "$3.out" \
        >"$3.log" 2>&1 || { cat "$3.log"; return 1; }
    grep -h "spilled" "$3.log" | sed "s/^/BAD $1 $4: /"
    "$OCLOC" disasm -file "$(ls "$3.out"/*.bin)" -device "$1" -dump "$3.out" >/dev/null 2>&1
    awk -v target="$1" -v file="$4" '
        function digit(c) { return index("0123456789abcdef", tolower(c)) - 1 }
        function hex(text,    i, n) {
            for (i = 1; i <= length(text); i++) n = 16 * n + digit(substr(text, i, 1))
            return n
        }
        function word(n,    at) {
            at = 4 * n - 2
            return hex($at) + 256 * (hex($(at + 1)) + 256 * hex($(at + 2)))
        }
        $1 == "KernelName" { name = $2; shared = 0 }
        $2 == "Token" { token = $3 }
        $1 == "Hex" && token == 15 { shared = word(2) }
        $1 == "Hex" && token == 23 {
            bad = word(14) > 0 || shared > 32768
            printf "%s%s %s %s: %d registers of a thread of %d items, %d bytes local", \
                   bad ? "BAD " : "", target, file, name, word(21), word(4), shared
            print bad ? "; spills or private memory" : ""
        }' "$3.out/PTM.txt"
    rm -rf "$3.out"
}

check_one() {
    name=$(basename "$2" .cl)
    result=$(dirname "$2")/$1-$name
    case $1 in
        gfx*) check_amd "$1" "$2" "$result" "$name" ;;
        sm_*) check_nvidia "$1" "$2" "$result" "$name" ;;
        *) check_intel "$1" "$2" "$result" "$name" ;;
    esac || echo "BAD $1 $name: does not compile"
}

# ---- all of them ----

# The first clang that compiles for a target with the library of built-in functions.
find_clang() {
    for CLC in /usr/lib/clc /usr/share/clc /usr/local/lib/clc; do
        [ -f "$CLC/$1.bc" ] || continue
        for CLANG in ${CLANG:-} clang-16 clang-17 clang-18 clang-19 clang; do
            command -v "${CLANG%% *}" >/dev/null 2>&1 || continue
            # shellcheck disable=SC2086  # $3 is a list of options
            echo 'kernel void k(global float *x) { x[get_global_id(0)] = exp(x[0]); }' |
                $CLANG -x cl -cl-std=CL1.2 -target "$2" $3 -Xclang -mlink-builtin-bitcode \
                    -Xclang "$CLC/$1.bc" -S - -o /dev/null 2>/dev/null && return
        done
    done
    say_skip "no clang with libclc (Debian: apt install clang-16 libclc-16)"
}

# Write the programs of both networks as a device of that name gets them.
dump_for() {
    for network in seed-cnn resnet8; do
        "$dump" "$models/$network.net" "$1" "$2" || exit $?
    done
}

# Check the programs of a folder for each target: errors go where the results go.
check_for() {
    folder=$1
    shift
    for target in "$@"; do
        for file in "$folder"/*.cl; do
            printf '%s\n%s\n' "$target" "$file"
        done
    done | xargs -n 2 -P "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)" \
        sh "$0" one >>"$work/table.txt" 2>&1
}

# The second list with WEFT_TEST_SHAPES=all, the first without.
some_or_all() {
    [ "${WEFT_TEST_SHAPES:-}" = all ] && echo "$2" || echo "$1"
}

known_amd() {
    for target in "$@"; do
        $CLANG -x cl -target amdgcn-amd-amdhsa "-mcpu=$target" -nogpulib -S /dev/null \
            -o /dev/null 2>/dev/null && printf '%s ' "$target"
    done
}

run_amd() {
    find_clang amdgcn--amdhsa amdgcn-amd-amdhsa "-mcpu=gfx900 -nogpulib"
    dump_for gfx900 "$work/gfx9"
    dump_for gfx1030 "$work/gfx10"
    # shellcheck disable=SC2046  # lists
    check_for "$work/gfx9" $(known_amd $(some_or_all gfx900 "gfx900 gfx902 gfx90c"))
    # shellcheck disable=SC2046  # lists
    check_for "$work/gfx10" $(known_amd $(some_or_all "gfx1030 gfx1100 gfx1103" \
        "gfx1030 gfx1035 gfx1036 gfx1100 gfx1103"))
}

run_nvidia() {
    find_clang nvptx64--nvidiacl nvptx64-nvidia-nvcl ""
    PTXAS=${PTXAS:-$(command -v ptxas || ls /usr/local/cuda/bin/ptxas 2>/dev/null)}
    [ -n "$PTXAS" ] || echo "no ptxas (Debian: nvidia-cuda-toolkit): registers are not known"
    dump_for NVIDIA "$work/nvidia"
    # shellcheck disable=SC2046  # a list
    check_for "$work/nvidia" $(some_or_all "sm_75 sm_90" "sm_75 sm_80 sm_90")
}

run_intel() {
    OCLOC=${OCLOC:-$(command -v ocloc)} || say_skip "no ocloc (Debian: apt install intel-opencl-icd)"
    dump_for "Intel(R) Graphics" "$work/intel"
    # shellcheck disable=SC2046  # a list
    check_for "$work/intel" $(some_or_all "skl dg2" "skl tgllp dg2")
}

if [ "$1" = one ]; then
    check_one "$2" "$3"
    exit 0
fi
maker=$1 dump=$2 models=$3 work=$4
rm -rf "$work"
mkdir -p "$work"
export CLC="" CLANG="${CLANG:-}" PTXAS="${PTXAS:-}" OCLOC="${OCLOC:-}"
"run_$maker"
sort "$work/table.txt"
if grep -q -E '^BAD' "$work/table.txt" || [ ! -s "$work/table.txt" ]; then
    echo "failed:"
    grep -E '^BAD' "$work/table.txt" || echo "nothing was compiled"
    exit 1
fi
