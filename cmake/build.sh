#!/usr/bin/env bash
# build.sh PRESET [TARGET…]: configures when needed and builds build/PRESET; quiet when nothing has changed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=$1
shift
folder="$root/build/$preset"
cd "$root"

# A precompiled header and ccache agree only with this (see ccache's manual, "Precompiled headers").
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

if [ ! -f "$folder/build.ninja" ]; then
  echo "configuring build/$preset" >&2
  mkdir -p "$folder"
  cmake --preset "$preset" >"$folder/configure.log" 2>&1 || { cat "$folder/configure.log" >&2; exit 1; }
fi
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then targets=(all); fi
if [ -t 2 ]; then
  NINJA_STATUS='[%f/%t %es] ' ninja -C "$folder" "${targets[@]}" >&2
else
  NINJA_STATUS='[%f/%t %es] ' ninja -C "$folder" "${targets[@]}" | awk '/^\[[0-9]+\/[0-9]+/ { if (++n % 10 != 1 && $0 !~ /Linking.*latchkey$/) next } { print; fflush() }' >&2
fi
