#!/usr/bin/env bash
# Starts a cavea-provider on free ports and walks it through everything cavea uses.
# variants: release address thread
# quick
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$BUILD_DIR/provider_walk" "$BUILD_DIR/cavea-provider" "$work"

promtool check metrics <"$work/metrics.txt"
