#!/usr/bin/env bash
# clang-tidy, as .clang-tidy says: `tidy.sh` over every source of the program, `tidy.sh FILES` over some. It needs
# the database of compile commands that `cmake --preset fuzz` writes, since clang reads those of clang.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
[ -f build/fuzz/compile_commands.json ] || cmake --preset fuzz >&2
if [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(git ls-files 'src/*.cpp'); fi
# Files at a time on every core; what it counts without showing ("N warnings generated") is of the headers of others.
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -n 2 clang-tidy -p build/fuzz --quiet 2> >(grep -v 'warnings\? generated' >&2)
echo "tidy: clean"
