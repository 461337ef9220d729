#!/usr/bin/env bash
# A commit hook: format, includes and awaits of what is staged, in a few seconds. `commit_hook.sh --install` puts it in place.
set -euo pipefail
root=$(git rev-parse --show-toplevel)
cd "$root"

if [ "${1:-}" = --install ]; then
  hook="$(git rev-parse --git-path hooks)/pre-commit"
  mkdir -p "$(dirname "$hook")"
  if [ -e "$hook" ] && ! cmp -s "$hook" tests/check/commit_hook.sh; then
    echo "$hook exists already: remove it first, or call tests/check/commit_hook.sh from it" >&2
    exit 1
  fi
  ln -sf "$root/tests/check/commit_hook.sh" "$hook"
  echo "installed as $hook"
  exit
fi

mapfile -d '' -t staged < <(git diff --cached --name-only -z --diff-filter=ACMR -- '*.h' '*.cpp')
[ ${#staged[@]} -gt 0 ] || exit 0
command -v clang-format >/dev/null || { echo "clang-format is missing: run cmake/packages.sh test" >&2; exit 1; }

# What is staged, not what lies in the working tree.
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
git checkout-index --all --prefix="$tree/"
cd "$tree"
failed=0
clang-format --dry-run --Werror "${staged[@]}" || { echo "run clang-format -i over these files, and stage them again" >&2; failed=1; }
tests/check/includes.py || failed=1
tests/check/awaits.py || failed=1
tests/check/held_callers.py || failed=1
exit $failed
