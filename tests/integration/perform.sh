#!/usr/bin/env bash
# The performers of cavea-actors against a cavea-provider that goes wrong on purpose.
# variants: release thread
# full-variants: address
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$BUILD_DIR/perform_calls" "$BUILD_DIR/cavea-provider" "$work"
