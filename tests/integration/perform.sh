#!/usr/bin/env bash
# The performers of cavea-actors against a cavea-provider that goes wrong on purpose.
# variants: release
# full-variants: address thread
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$BUILD_DIR/perform_calls" "$BUILD_DIR/cavea-provider" "$work"
