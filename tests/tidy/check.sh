# library: sourced, starts nothing
# What STYLE.md asks for and a machine can see. Each check prints findings "file:line: what" for the
# tree in $tree and nothing when all is well. Sourced by tidy.sh (the real tree) and by self.sh
# (bad samples, so that every check is known to fail).
# shellcheck shell=bash
# shellcheck disable=SC2154 # tree and libraries are set by the script that sources this file

export LC_ALL=C.UTF-8
tidy_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Files of the tree with one of these endings, relative to it.
tidy_files() {
    local names=() ending
    for ending in "$@"; do names+=(-o -name "$ending"); done
    (cd "$tree" && find . \( -name .git -o -name node_modules -o -name 'build*' -o -path ./var \) \
        -prune -o -type f \( "${names[@]:1}" \) -print | sed 's|^\./||' | sort)
}

tidy_scripts() {
    tidy_files '*.sh'
    (cd "$tree" && grep -lE '^#!.*bash' ops/* chaos/* .ci/* 2>/dev/null) || true
}

tidy_sources() {
    tidy_files '*.c' '*.h' '*.sql' '*.proto' '*.cmake' CMakeLists.txt '*.js' '*.mjs' '*.ts' '*.css'
    tidy_scripts
}

# tidy_grep MESSAGE EXPRESSION FILE...
tidy_grep() {
    local message=$1 expression=$2
    shift 2
    (($#)) || return 0
    (cd "$tree" && grep -HnPo -- "$expression" "$@" 2>/dev/null) |
        awk -v message="$message" -F: '{
            at = $1 ":" $2
            print at ": " message ": " substr($0, length(at) + 2)
        }'
}

check_lengths() {
    local files
    mapfile -t files < <(tidy_sources | grep -v '\.proto$')
    (cd "$tree" && wc -l "${files[@]}") | awk '$2 != "total" && $1 >= 500 {
        print $2 ":" $1 ": a file has fewer than 500 lines" }'
    mapfile -t files < <(tidy_sources)
    tidy_grep 'a line has at most 100 columns' '^.{101,}$' "${files[@]}"
}

check_code() {
    local files banned='(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|localtime|gmtime'
    banned+='|rand|srand|sleep|usleep|alloca|system|popen)'
    mapfile -t files < <(tidy_files '*.c' '*.h' && tidy_scripts)
    (cd "$tree" && awk -v banned="$banned" -f "$tidy_here/code.awk" "${files[@]}")
}

check_includes() {
    local files
    mapfile -t files < <(tidy_files '*.c' '*.h')
    (cd "$tree" && awk -f "$tidy_here/includes.awk" "$tidy_here/rooms.txt" CMakeLists.txt \
        "${files[@]}")
}

check_words() {
    local files order='order_(id|state|total|items?)|(an|your) order\b(?! of)'
    order+='|(buyer|cancel)s? orders?'
    # The scripts in tests/tidy name the words.
    mapfile -t files < <( (tidy_sources && tidy_files '*.md' '*.json' '*.yml' '*.conf' '*.html') |
        grep -v -e '^tests/tidy/' -e package-lock)
    tidy_grep 'a word that is not ours' '(?i)\b(booking|bookings|booked|bookable)\b' "${files[@]}"
    tidy_grep 'reservation, not order' "(?i)\\b($order)\\b" "${files[@]}"
    tidy_grep 'held, not locked' \
        '(?i)\b(seat_?locks?|locked[ _]seats?|lock(s|ed)? (a|the) seats?)\b' "${files[@]}"
    tidy_grep 'hold only in attributes' '\bholds?_(id|state|create|list|new|free)\b' "${files[@]}"
    tidy_grep 'unfinished' '\b(T[O]DO|F[I]XME|X{3}|H[A]CK|(?i:not (yet )?impl[e]mented))\b' \
        "${files[@]}"
    tidy_grep 'a path of one machine' '/(w[o]rk|f[a]rm|h[o]me)/[a-z]+|/tmp/b[a]sh_jobs' \
        "${files[@]}"
}

check_text() {
    local file files
    mapfile -t files < <(tidy_files '*.c' '*.h')
    tidy_grep 'no banners' '^ *(//|/\*) ?[-=*#~]{4,}.*' "${files[@]}"
    while read -r file; do
        [[ $(head -c 2 "$tree/$file") == // ]] ||
            printf '%s:1: a header opens with what it is\n' "$file"
    done < <(tidy_files '*.h')
    mapfile -t files < <(tidy_files '*.c' | grep -E '^tests/(unit|golden)/')
    tidy_grep 'tests are called test_<unit>__<given>_<then>' \
        '^static void test_(?![a-z0-9_]+__[a-z0-9_]+\()[a-z0-9_]+\(void \*\*' "${files[@]}"
    mapfile -t files < <(tidy_files '*.c' |
        grep -E '^(schemas|store|actors/(table|event|payment|ticket|expiry))/')
    tidy_grep 'only runtimes and mains log' '\blog_(event|write)\(' "${files[@]}"
}

check_scripts() {
    local file files
    while read -r file; do
        head -n 40 "$tree/$file" | grep -qE '^set -euo pipefail|^# shellcheck shell=bash' ||
            printf '%s:1: a script says set -euo pipefail\n' "$file"
    done < <(tidy_scripts)
    mapfile -t files < <(tidy_scripts | grep '^tests/')
    tidy_grep 'a test waits for a condition' '(^|[;&|] *|\bdo )sleep [0-9.]+' "${files[@]}"
    (cd "$tree" && tidy_scripts | xargs -r grep -LE '^# shellcheck shell=bash' |
        xargs -r -n 4 -P 4 shellcheck -x -f gcc) || true
}

# Names of metrics that documents, alerts and tests use.
check_metrics() {
    local list=$tree/ops/host/metric_list.h files
    [[ -f $list ]] || return 0
    mapfile -t files < <(tidy_files '*.md' '*.yml' '*.yaml' '*.sh' '*.json' '*.mjs' |
        grep -v '^tests/tidy/')
    ((${#files[@]})) || return 0
    (cd "$tree" && grep -HnoE '\bcavea_[a-z_]+_(total|seconds|bytes|ratio|minor|us|ms)\b' \
        "${files[@]}") | while IFS=: read -r file line name; do
        grep -q "\"$name\"\|\"${name#cavea_}\"" "$list" ||
            printf '%s:%s: no metric is called %s\n' "$file" "$line" "$name"
    done
}

check_documents() {
    local file
    for file in README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md LICENSE; do
        [[ -s $tree/$file ]] || printf '%s:1: this document is missing\n' "$file"
    done
}

# The linker's word that deciding code is pure: what a kind's library leaves undefined. $libraries
# is the folder of a build.
check_purity() {
    local kind forbidden='PQ|nats|js[A-Z_]|mg_|curl_|json_|log_|metric_|clock_|gettimeofday|time$'
    local every='localtime|gmtime|getrandom|randombytes|rand|pthread_|sem_|socket|connect$|send$'
    every+='|recv|open|fopen|read$|write$|f?printf$|puts$|getenv|usleep|nanosleep|exit$'
    for kind in schemas table event payment ticket expiry; do
        purity_of "$kind" "^($forbidden|$every)"
    done
    purity_of runtime "^(PQ|nats|js[A-Z_]|mg_|curl_|clock_|gettimeofday|time$|socket|fopen|getenv)"
}

purity_of() {
    local library=$libraries/libcavea_$1.a
    if [[ ! -f $library ]]; then
        printf 'libcavea_%s.a:1: is not built\n' "$1"
        return
    fi
    nm --undefined-only "$library" | awk 'NF == 2 && $1 == "U" { print $2 }' | sort -u |
        grep -E "$2" | sed "s|^|libcavea_$1.a:1: must not need |" || true
}
