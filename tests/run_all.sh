#!/usr/bin/env bash
# What ./test runs once everything is installed. With names, only the matching tests, on build/dev; with --fast, what takes a minute; with
# --threads, the black-box tests under the thread sanitizer.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
results="$root/build/test-results"
rm -rf "$results"
mkdir -p "$results"
venv="$root/build/test-venv"
started=$SECONDS

# say STAGE: what begins now, and in times.tsv how long the stage before it took, for `./test --list`.
stage="" stage_began=$SECONDS
say() {
  if [ -n "$stage" ]; then printf '%s\t%d\n' "$stage" $((SECONDS - stage_began)) >>"$results/times.tsv"; fi
  stage="$*" stage_began=$SECONDS
  printf '\n== %s (%d s)\n' "$*" $((SECONDS - started))
}
check() { tests/check/step.sh "$results" "$@"; }

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=86:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=0:exitcode=86:second_deadlock_stack=1
# The vectors of Wycheproof and RFC 7520 are read where this points; a sibling folder serves when it is there.
if [ -z "${LATCHKEY_VECTORS:-}" ] && [ -d ../shared/vectors ]; then LATCHKEY_VECTORS=$(cd ../shared/vectors && pwd); export LATCHKEY_VECTORS; fi

# cpp PRESET: the GoogleTest suites of one build.
cpp() {
  say "C++ tests, $1"
  tests/run_cpp.py "$results/cpp-$1.xml" "build/$1"/tests/*_tests | tail -n 200
  [ -f "$results/cpp-$1.xml" ] || check "cpp-$1-ran" false
}
# black_box PRESET [pytest arguments]: the real binary, driven from outside.
black_box() {
  local preset=$1 store=${LATCHKEY_TEST_STORE:-}
  shift
  say "black-box tests, $preset${store:+ on $store}"
  # More workers than cores: most of a test's time is waiting for a process to start or end.
  LATCHKEY_BIN="$root/build/$preset/latchkey" "$venv/bin/python" -m pytest -c tests/pytest.ini -n 6 -q \
    --junitxml="$results/black-box-$preset${store:+-$store}.xml" "$@"
  # 1: tests failed, which the file says; 5: no test has such a name. Anything else is a run that did not come to its end.
  case $? in 0 | 1 | 5) ;; *) check "black-box-$preset${store:+-$store}-ran" false ;; esac
}
build() {
  say "build $*"
  # One that was begun beside the tests comes to its end first; here ninja has nothing left to do, or says once more what failed.
  if [ -n "${begun[$1]:-}" ]; then wait "${begun[$1]}"; fi
  cmake/build.sh "$@" || check "build-$1" false
}
# build_beside PRESET [TARGET…]: begins a build that runs beside the tests that follow, after those that were begun before it. Black-box
# tests keep one core of two busy; at the lowest priority a build takes the rest, and delays no test.
declare -A begun=()
last_begun=""
build_beside() {
  if [ "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)" -lt 4000000 ]; then return; fi  # two compilers take as much as that
  set -m  # a process group of its own, so that it can be ended as a whole
  {
    if [ -n "$last_begun" ]; then tail --pid="$last_begun" -f /dev/null; fi
    exec nice -n 19 cmake/build.sh "$@"
  } >"$results/build-$1.log" 2>&1 &
  set +m
  last_begun=$! begun[$1]=$!
}
end_builds() { for job in $(jobs -rp); do kill -- "-$job"; done; }

text_checks() {
  say "checks of the text"
  check includes tests/check/includes.py
  check awaits tests/check/awaits.py
  check held-callers tests/check/held_callers.py
  check numbers tests/check/numbers.py
  check links tests/check/links.py
  check security-cases tests/check/security_cases.py
  check data-model tests/check/data_model.py
  check readmes tests/check/readmes.py
}

if [ "${1:-}" = --fast ]; then
  text_checks
  build dev unit_tests flow_tests
  say "unit and flow tests on SQLite"
  unset LATCHKEY_TEST_POSTGRES
  export GTEST_FILTER='-*/postgres'
  tests/run_cpp.py "$results/cpp-dev.xml" build/dev/tests/{unit,flow}_tests | tail -n 200
  [ -f "$results/cpp-dev.xml" ] || check cpp-dev-ran false
  say "done"
  tests/check/summary.py "$results"
  exit
fi

# A PostgreSQL for this run, which ends with it.
postgres=$(mktemp -d)/server
trap 'end_builds; tests/support/postgres.py stop "$postgres"; rmdir "$(dirname "$postgres")"' EXIT
chmod 755 "$(dirname "$postgres")"
LATCHKEY_TEST_POSTGRES=$(tests/support/postgres.py start "$postgres") || exit 1
export LATCHKEY_TEST_POSTGRES

if [ "${1:-}" = --threads ]; then
  build tsan latchkey
  # Not the moves: minutes of killed processes, and the C++ tests have their threads. Nor what a start makes of settings and of files that are
  # lost or loose: it comes to its end before requests and their threads, and test_lifecycle.py and test_cli_store.py kill and restore here too.
  black_box tsan --ignore-glob='*/test_move*' --ignore-glob='*/test_data_dir.py' --ignore-glob='*/test_config_attacks.py' tests/features tests/api tests/security
  tests/check/summary.py "$results"
  exit
fi

if [ $# -gt 0 ]; then
  build dev
  pattern=$(IFS='|'; echo "$*")
  expression=$(printf ' or %s' "$@")
  # Few enough for a process each.
  ctest --test-dir build/dev -j 2 --output-on-failure --output-junit "$results/cpp-dev.xml" -R "$pattern" --no-tests=ignore | tail -n 60
  [ -f "$results/cpp-dev.xml" ] || check cpp-dev-ran false
  black_box dev -k "${expression# or }" tests
  LATCHKEY_TEST_STORE=postgresql black_box dev -k "${expression# or }" tests/features tests/api
  tests/check/summary.py "$results"
  exit
fi

text_checks
check format bash -c "git ls-files 'src/*.h' 'src/*.cpp' 'tests/*.cpp' 'tests/*.h' 'bench/*.cpp' | xargs clang-format --dry-run --Werror && echo 'format: clean'"

build dev latchkey
# What the stages after the black-box tests need. The programs of bench/ are built so that they keep up with the code that they measure.
cmake --preset release -DLATCHKEY_BENCH=ON >/dev/null || check configure-release false
build_beside dev
build_beside release latchkey bench_programs
build_beside tsan
build_beside fuzz fuzz_targets
# Files of few tests that take long come first, so that no worker is left with one of them at the end.
black_box dev --no-loadscope-reorder tests/nodes tests/api/test_move*.py tests/e2e tests/features tests/api tests/security \
  tests/fault/test_{store_faults,sync_faults,points,storm,unreadable_rows}.py  # the disk that fails is in builds for tests only
# The same routes, and what attacks the store behind them, where that is a PostgreSQL.
LATCHKEY_TEST_STORE=postgresql black_box dev tests/features tests/api tests/security/test_{admin,confirmation,login,session,signup}_attacks.py \
  tests/security/test_{storage,mail}_attacks.py tests/security/test_{admin_audit,hostile_input,key_rotation}.py
check reference bash -c "tests/check/reference.sh"

build dev
cpp dev

# The program that operators run: its hardening, what it must survive, and how much memory it takes for that.
build release latchkey bench_programs
black_box release tests/fault tests/security/test_{config,storage,login,mail}_attacks.py \
  tests/security/test_http_{limits,connections}.py

build tsan
cpp tsan
# The requests of every feature; `./test --threads` has the rest.
black_box tsan tests/features

build fuzz fuzz_targets
say "fuzz targets, ${LATCHKEY_FUZZ_SECONDS:-5} s each"
check fuzz tests/fuzz/run.sh "${LATCHKEY_FUZZ_SECONDS:-5}"

say "done"
# Of this machine, for `./test --list`.
cp "$results/times.tsv" build/test-times.tsv
tests/check/summary.py "$results"
