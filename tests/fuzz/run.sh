#!/usr/bin/env bash
# run.sh SECONDS [NAME…]: each fuzz target (or the named ones) for so long, from its seeds; what it finds stays in build/fuzz/corpus.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
seconds=$1
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for source in "$root"/tests/fuzz/*_fuzz.cpp; do targets+=("$(basename "$source" _fuzz.cpp)"); done
fi
one() {
  local name=$1 found="$root/build/fuzz/corpus/$1"
  mkdir -p "$found"
  local seeds=()
  if [ -d "$root/tests/fuzz/corpus/$name" ]; then seeds=("$root/tests/fuzz/corpus/$name"); fi
  if "$root/build/fuzz/tests/fuzz/${name}_fuzz" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$root/build/fuzz/${name}-" "$found" "${seeds[@]}" >"$root/build/fuzz/$name.log" 2>&1; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$root/build/fuzz/$name.log") inputs"
  else
    tail -n 40 "$root/build/fuzz/$name.log"
    return 1
  fi
}
export -f one
export root seconds
printf '%s\n' "${targets[@]}" | xargs -P 2 -I{} bash -c 'set -uo pipefail; one {}'
echo "fuzz: ${#targets[@]} targets, no finding"
