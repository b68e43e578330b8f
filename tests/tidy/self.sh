#!/usr/bin/env bash
# The tidy test must be able to fail: one bad sample for each of its rules, and a good tree.
# label: unit
# quick
set -euo pipefail
# shellcheck source=tests/tidy/check.sh
. "$(dirname "${BASH_SOURCE[0]}")/check.sh"

tree=$(mktemp -d)
libraries=$tree/build
trap 'rm -rf "$tree"' EXIT
failures=0

put() {
    mkdir -p "$tree/$(dirname "$1")"
    cat >"$tree/$1"
}

# expect CHECK TEXT: the check finds something that contains TEXT
expect() {
    local found
    found=$("$1" || true)
    [[ $found == *"$2"* ]] && return
    printf '%s did not find "%s", only:\n%s\n' "$1" "$2" "$found"
    failures=$((failures + 1))
}

good_tree() {
    put CMakeLists.txt <<<'set(RUNTIME_ADAPTERS bus_nats.c main.c)'
    put actors/event/decide.c <<'C'
// "atoi(" in a string or strcpy( in a comment is no call.
#include "schemas/id.h"
static const char *text = "goto atoi(1)";
C
    put actors/runtime/bus_nats.c <<<'#include <nats/nats.h>'
    put schemas/id.h <<<'// Ids.'
    local file
    for file in README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md LICENSE; do
        put $file <<<'Seats in plan order; nothing is out of order.'
    done
    put ops/run <<'SH'
#!/usr/bin/env bash
set -euo pipefail
SH
}

expect_nothing() {
    local check found
    for check in $(compgen -A function check_); do
        [[ $check != check_purity ]] || continue
        found=$("$check" || true)
        [[ $found ]] || continue
        printf '%s found something in the good tree:\n%s\n' "$check" "$found"
        failures=$((failures + 1))
    done
}

bad_code() {
    put schemas/long.c < <(yes '// line' | head -n 500)
    put schemas/wide.c < <(printf '// %0100d\n' 0)
    put schemas/function.c < <(echo '{' && printf '%.0sx();\n' {1..59} && echo '}')
    put actors/event/calls.c < <(printf 'void f(void) { %s(p); }\n' \
        strcpy sprintf atoi rand sleep alloca localtime && echo '    goto out;')
    put actors/runtime/wait.c <<<'static const clockid_t by = CLOCK_REALTIME;'
    put actors/event/wrong.c <<<'#include "store/store.h"'
    put actors/runtime/tick.c <<<'#include <nats/nats.h>'
    put cellar/thing.c <<<'#include "schemas/id.h"'
    put schemas/bare.h <<<'#ifndef X'
    put schemas/banner.c <<<'// ------ here ------'
    put store/talk.c <<<'log_event(LOG_INFO, "x.done");'
    put tests/unit/test_x.c <<<'static void test_x_works(void **state)'
    expect check_lengths 'schemas/long.c:500: a file has'
    expect check_lengths 'schemas/wide.c:1: a line has'
    expect check_code 'schemas/function.c:1: a function has'
    local call
    for call in strcpy sprintf atoi rand sleep alloca localtime; do
        expect check_code "a banned call: void f(void) { $call(p)"
    done
    expect check_code 'cleanup goes by attribute'
    expect check_code 'actors/runtime/wait.c:1: a wall clock steps'
    expect check_includes 'actors/event/wrong.c:1: this room may not include store/store.h'
    expect check_includes 'actors/runtime/tick.c:1: this room may not use nats/nats.h'
    expect check_includes 'cellar/thing.c:1: rooms.txt knows no room cellar'
    expect check_text 'schemas/bare.h:1: a header opens'
    expect check_text 'schemas/banner.c:1: no banners'
    expect check_text 'store/talk.c:1: only runtimes'
    expect check_text 'tests/unit/test_x.c:1: tests are called'
}

bad_words() {
    put words.md <<TEXT
A book${x:-}ing is an order_id; seat${x:-}_lock and hold${x:-}_id.
TO${x:-}DO in /wo${x:-}rk/main
cavea_seats_lost_total
TEXT
    put ops/host/metric_list.h <<<'// "cavea_seats_held_total"'
    put tests/lazy.sh <<<"${x:-}sleep 5"
    rm "$tree/LICENSE"
    expect check_words 'words.md:1: a word that is not ours'
    expect check_words 'words.md:1: reservation, not order'
    expect check_words 'words.md:1: held, not locked'
    expect check_words 'words.md:1: hold only in attributes'
    expect check_words 'words.md:2: unfinished'
    expect check_words 'words.md:2: a path of one machine'
    expect check_metrics 'words.md:3: no metric is called cavea_seats_lost_total'
    expect check_scripts 'tests/lazy.sh:1: a script says'
    expect check_scripts 'tests/lazy.sh:1: a test waits'
    expect check_documents 'LICENSE:1: this document is missing'
}

bad_library() {
    mkdir -p "$libraries"
    put impure.c <<'C'
long time(long *t);
void *PQexec(void);
void *f(void) { time(0); return PQexec(); }
C
    gcc -c -o "$tree/impure.o" "$tree/impure.c"
    ar rc "$libraries/libcavea_event.a" "$tree/impure.o"
    expect check_purity 'libcavea_event.a:1: must not need PQexec'
    expect check_purity 'libcavea_event.a:1: must not need time'
    expect check_purity 'libcavea_payment.a:1: is not built'
}

good_tree
expect_nothing
bad_code
bad_words
bad_library
((failures == 0)) || exit 1
echo "every rule can fail"
