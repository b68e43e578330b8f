#!/usr/bin/env bash
# Enforces STYLE.md on the tree and the purity of deciding code on the build.
# label: unit
# quick
set -euo pipefail
# shellcheck source=tests/tidy/check.sh
. "$(dirname "${BASH_SOURCE[0]}")/check.sh"

tree=$(cd "$tidy_here/../.." && pwd)
# shellcheck disable=SC2034 # read by check_purity
libraries=${BUILD_DIR:-$tree/build/release}

findings=$(for check in $(compgen -A function check_); do "$check" || true; done)
if [[ $findings ]]; then
    printf '%s\n' "$findings"
    printf '%s findings\n' "$(wc -l <<<"$findings")"
    exit 1
fi
echo "tidy"
