#!/usr/bin/env bash
# build.sh PRESET [TARGET…]: configures when needed and builds build/PRESET. While it works it says how far it is; when there is
# nothing to do it says nothing. What compilers say goes through. LATCHKEY_UNITY_BATCH in the environment: how many files are compiled as one
# in a folder that it configures.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=$1
shift
folder="$root/build/$preset"
cd "$root"

# A precompiled header and ccache agree only with this (see ccache's manual, "Precompiled headers").
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

title="building build/$preset"
if [ "$preset" = release ] && [ ! -e "$folder/latchkey" ]; then
  title="building"
  echo "building once, about five minutes" >&2
fi

# Reads what ninja prints and shows how much of it is done: on a terminal in one line that moves each second, since single steps
# take longer than a minute, elsewhere in a line for every tenth.
show_progress() {
  local line part="" percent="" tenth=0 started=$SECONDS status
  redraw() {
    if [ -n "$percent" ] && [ -t 2 ]; then printf '\r\033[K%s: %d %%, %d s' "$title" "$percent" $((SECONDS - started)) >&2; fi
  }
  erase() { if [ -n "$percent" ] && [ -t 2 ]; then printf '\r\033[K' >&2; fi; }
  while true; do
    status=0
    IFS= read -r -t 1 line || status=$?
    if [ "$status" -gt 128 ]; then  # nothing yet, or a piece of a line
      part+=$line
      redraw
      continue
    fi
    line=$part$line
    part=""
    if [ "$status" -ne 0 ] && [ -z "$line" ]; then break; fi
    case "$line" in
    *" Re-checking globbed directories..." | *" Re-running CMake..." | "ninja: Entering directory "* | "ninja: no work to do." | "-- "* | "") ;;
    "["*)
      if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\  ]]; then
        percent=$((100 * BASH_REMATCH[1] / BASH_REMATCH[2]))
        redraw
        if [ ! -t 2 ] && [ $((percent / 10)) -gt "$tenth" ]; then
          tenth=$((percent / 10))
          echo "$title: $percent %" >&2
        fi
      else
        printf '%s\n' "$line" >&2
      fi
      ;;
    *)
      erase
      printf '%s\n' "$line" >&2
      ;;
    esac
    if [ "$status" -ne 0 ]; then break; fi
  done
  erase
}

if [ ! -f "$folder/build.ninja" ]; then
  mkdir -p "$folder"
  cmake --preset "$preset" ${LATCHKEY_UNITY_BATCH:+"-DLATCHKEY_UNITY_BATCH=$LATCHKEY_UNITY_BATCH"} >"$folder/configure.log" 2>&1 || { cat "$folder/configure.log" >&2; exit 1; }
fi
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then targets=(all); fi
NINJA_STATUS='[%f/%t] ' ninja -C "$folder" "${targets[@]}" 2>&1 | show_progress
