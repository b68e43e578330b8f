# Finds tests, runs them two at a time or alone, counts. A test is a program tests/unit/test_*.c or
# tests/golden/test_*.c, a fuzz target tests/fuzz/fuzz_*.c, or a script tests/<folder>/*.sh with a
# header of comments:
#   # label: NAME      instead of its folder's name      # time: SECONDS   limit, else 120
#   # variants: a b    builds it runs with, else release # quick           also under --quick
#   # full-variants: c more of them under --full
#   # full-only        only under --full                 # alone           nothing may run beside it
#   # library          is sourced by tests, is none
# Uses the globals mode (quick, whole or full), only and logs.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the script that sources this file

tests_passed=0
tests_failed=0
declare -A test_jobs=() # pid -> "name|start in ms"

# test_header FILE FIELD: its value, or yes where it has none
test_header() {
    sed -n -e '/^[^#]/q' -e "s/^# $2: *//p" -e "s/^# $2\$/yes/p" "$1"
}

# Lines "label|name|variant|limit|how|command" of every test there is in this mode.
tests_list() {
    tests_list_programs unit release
    tests_list_programs golden release
    if [[ $mode != quick ]]; then
        tests_list_programs unit address
        tests_list_programs unit thread
        tests_list_programs golden address
    fi
    tests_list_fuzzers
    tests_list_scripts
}

tests_list_programs() {
    local source name
    while read -r source; do
        name=$(basename "$source" .c)
        printf '%s|%s|%s|120|beside|%s\n' "$1" "$1/$name" "$2" "$(build_dir_of "$2")/$name"
    done < <(find "$cavea_root/tests/$1" -name 'test_*.c' | sort)
}

# Without clang's fuzzer (--quick) each target replays its corpus.
tests_list_fuzzers() {
    local source name seconds=3
    [[ $mode != full ]] || seconds=60
    for source in "$cavea_root"/tests/fuzz/fuzz_*.c; do
        [[ -e $source ]] || continue
        name=$(basename "$source" .c)
        if [[ $mode == quick ]]; then
            printf 'fuzz|fuzz/%s|release|120|beside|%s %s\n' "$name" \
                "$(build_dir_of release)/$name" "$cavea_root/tests/fuzz/corpus/$name"
        else
            printf 'fuzz|fuzz/%s|fuzz|%s|beside|fuzz_run %s %s\n' "$name" $((seconds + 60)) \
                "$name" "$seconds"
        fi
    done
}

tests_list_scripts() {
    local script
    while read -r script; do
        [[ $(test_header "$script" library) ]] || tests_list_script "$script"
    done < <(find "$cavea_root/tests" -name node_modules -prune -o -name '*.sh' -print | sort)
}

tests_list_script() {
    local script=$1 name label how=beside variant variants more=() limit
    name=${script#"$cavea_root/tests/"}
    label=$(test_header "$script" label)
    limit=$(test_header "$script" time)
    read -ra variants <<<"$(test_header "$script" variants)"
    [[ $mode == full || -z $(test_header "$script" full-only) ]] || return 0
    [[ $mode != quick || $(test_header "$script" quick) ]] || return 0
    ((${#variants[@]})) || variants=(release)
    [[ $mode != full ]] || read -ra more <<<"$(test_header "$script" full-variants)"
    [[ $mode != quick ]] || variants=(release)
    [[ -z $(test_header "$script" alone) ]] || how=alone
    for variant in "${variants[@]}" "${more[@]}"; do
        printf '%s|%s|%s|%s|%s|bash %s\n' "${label:-${name%%/*}}" "${name%.sh}" "$variant" \
            "${limit:-120}" "$how" "$script"
    done
}

# fuzz_run NAME SECONDS: starts from the committed corpus, keeps what it finds out of the tree
fuzz_run() {
    local dir
    dir=$(build_dir_of fuzz)
    mkdir -p "$dir/corpus/$1" "$cavea_root/tests/fuzz/corpus/$1"
    "$dir/$1" -max_total_time="$2" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$dir/$1-" "$dir/corpus/$1" "$cavea_root/tests/fuzz/corpus/$1"
}

# What a build of some kind must hold for the tests in the list on standard input.
tests_build() {
    local list variants variant targets
    list=$(cat)
    mapfile -t variants < <(cut -d'|' -f3 <<<"$list" | sort -u)
    for variant in "${variants[@]}"; do
        mapfile -t targets < <(test_targets "$variant")
        test_start "build/$variant" 1800 release build_run "$variant" "${targets[@]}"
        tests_wait 0
    done
    if [[ $mode != quick && -z $only ]]; then
        test_start tidy/clang 600 release clang_check
        tests_wait 0
    fi
}

# Whether the second compiler has warnings for a source; it makes no code, which takes a third of
# the time.
clang_check() {
    jq -r '.[].command' "$(build_dir_of release)/compile_commands.json" |
        sed -e 's/^[^ ]*/clang -fsyntax-only/' -e 's/ -MD -MT [^ ]* -MF [^ ]*//' \
            -e 's/ -o [^ ]*//' | sort -u | tr '\n' '\0' | xargs -0 -P 2 -n 1 sh -c
}

# What a build must hold; whatever does build can be tested (-k 0). Sanitizers slow everything down:
# they are for unit, golden and integration tests and the stacks these start.
test_targets() {
    printf '%s\n' -k 0
    case $1 in
    fuzz) basename -s .c "$cavea_root"/tests/fuzz/fuzz_*.c ;;
    address | thread)
        printf '%s\n' "${build_programs[@]}" cavea-sim
        find "$cavea_root"/tests/{unit,golden} -name 'test_*.c' -exec basename -s .c {} +
        basename -s .c "$cavea_root"/tests/integration/*.c
        ;;
    bugs)
        printf '%s\n' "${build_programs[@]}" cavea-sim
        basename -s .c "$cavea_root"/tests/integration/*.c
        ;;
    *) echo all ;;
    esac
}

# test_start NAME LIMIT VARIANT COMMAND...: in the background
test_start() {
    local name=$1 limit=$2 variant=$3 log
    shift 3
    log=$logs/${name//\//-}.log
    (
        export CAVEA_BUILD=$variant BUILD_DIR CAVEA_TEST_MODE=$mode LC_ALL=C.UTF-8
        BUILD_DIR=$(build_dir_of "$variant")
        cd "$cavea_root"
        test_sanitizers "$variant"
        if [[ $(type -t "$1") == function ]]; then
            "$@"
        else
            exec timeout -k 60 "$limit" "${test_prefix[@]}" "$@"
        fi
    ) >"$log" 2>&1 </dev/null &
    test_jobs[$!]="$name|$(now_ms)|$log|$limit"
}

# Findings stop the program. ThreadSanitizer of gcc 12 cannot live with much address randomness.
test_sanitizers() {
    test_prefix=()
    export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1
    export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
    export LSAN_OPTIONS=print_suppressions=0
    if [[ -f tests/tsan.supp ]]; then
        TSAN_OPTIONS+=:suppressions=$cavea_root/tests/tsan.supp
    fi
    if [[ $1 == thread ]] && setarch -R true 2>/dev/null; then
        test_prefix=(setarch -R)
    fi
}

# tests_wait N: until at most N tests still run
tests_wait() {
    local pid status
    while ((${#test_jobs[@]} > $1)); do
        status=0
        wait -n -p pid "${!test_jobs[@]}" || status=$?
        test_report "$pid" "$status"
        unset "test_jobs[$pid]"
    done
}

test_report() {
    local name start log limit took
    IFS='|' read -r name start log limit <<<"${test_jobs[$1]}"
    took=$(($(now_ms) - start))
    took=$((took / 1000)).$((took % 1000 / 100))
    if (($2 == 0)); then
        tests_passed=$((tests_passed + 1))
        printf 'ok   %7s s  %s\n' "$took" "$name"
        sed -n 's/^figure: /                 /p' "$log"
        return
    fi
    tests_failed=$((tests_failed + 1))
    printf 'FAIL %7s s  %s%s\n' "$took" "$name" "$( (($2 == 124)) && echo " (over $limit s)")"
    tail -n 40 "$log" | sed 's/^/    | /'
    printf '    whole log: %s\n' "$log"
}

# tests_run HOW PARALLEL: those of the list on standard input
tests_run() {
    local label name variant limit how command words
    while IFS='|' read -r label name variant limit how command; do
        [[ $how == "$1" ]] || continue
        read -ra words <<<"$command"
        [[ $variant == release || $label == fuzz ]] || name+=@$variant
        tests_wait $(($2 - 1))
        test_start "$name" "$limit" "$variant" "${words[@]}"
    done
    tests_wait 0
}
