#!/usr/bin/env bash
# step.sh RESULTS NAME COMMAND…: runs one check and leaves its outcome as a JUnit file beside those of the test runners.
set -uo pipefail
results=$1 name=$2
shift 2
log="$results/$name.log"
if "$@" >"$log" 2>&1; then
  tail -n 1 "$log"
  body=""
else
  tail -n 40 "$log"
  body='<failure message="see the log above"/>'
fi
printf '<testsuite name="%s"><testcase classname="check" name="%s">%s</testcase></testsuite>\n' "$name" "$name" "$body" >"$results/$name.xml"
