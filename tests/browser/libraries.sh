# library: sourced, starts nothing
# What the browser tests take from npm, by lock file: beside the pages' own packages, which a build
# has fetched already, a driver for Debian's chromium.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by tests/stack.sh

browser_libraries() {
    local dir=$cavea_root/tests/browser
    [[ -e $dir/node_modules/.package-lock.json &&
        $dir/node_modules/.package-lock.json -nt $dir/package-lock.json ]] && return
    (
        exec {turn}<"$dir/package-lock.json"
        flock "$turn"
        cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    )
}
