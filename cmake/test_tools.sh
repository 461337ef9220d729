#!/usr/bin/env bash
# The Python and Node.js tools of the black-box tests, in build/; renewed when their lists change.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv="$root/build/test-venv"
if [ ! -x "$venv/bin/python" ] || ! cmp -s "$root/tests/requirements.txt" "$venv/requirements.txt"; then
  echo "installing the Python test tools" >&2
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$root/tests/requirements.txt" >&2
  cp "$root/tests/requirements.txt" "$venv/requirements.txt"
fi
if [ -f "$root/tests/package.json" ] && ! cmp -s "$root/tests/package.json" "$root/build/test-node/package.json"; then
  echo "installing the Node.js test tools" >&2
  mkdir -p "$root/build/test-node"
  cp "$root/tests/package.json" "$root/build/test-node/"
  (cd "$root/build/test-node" && npm install --silent --no-audit --no-fund --ignore-scripts >&2)
fi
