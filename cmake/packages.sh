#!/usr/bin/env bash
# Installs the Debian packages that are missing: `packages.sh build` for ./run, `packages.sh build test` for ./test,
# `packages.sh build unit` for ./test --fast, `packages.sh build bench` for bench/run, `packages.sh cluster` for tests/cluster.
set -euo pipefail

build=(
  g++ cmake ninja-build pkg-config ccache mold
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libssl-dev libsqlite3-dev libpq-dev libcurl4-openssl-dev
  libtomlplusplus-dev libcli11-dev libspdlog-dev libfmt-dev libzxcvbn-dev libidn2-dev libunistring-dev
  libcrypt-dev libqrcodegencpp-dev
)
# Debian's Argon2id is in no product of ours: tests compare results with it, bench/run compares times. pgbench comes with PostgreSQL.
unit=(libgtest-dev libargon2-dev python3)
test=(
  "${unit[@]}"
  postgresql-15 pgbouncer python3-venv nodejs npm chromium chromium-driver openssl oathtool
  clang clang-format clang-tidy libclang-rt-14-dev gdb
)
bench=(libargon2-dev postgresql-15 python3 python3-cryptography)
# Debian starts etcd, HAProxy and nginx when it installs them; the tests use servers of their own.
cluster=(postgresql-15 patroni etcd-server haproxy nginx-light systemd python3-psycopg2 python3-etcd iproute2)

wanted=()
for group in "$@"; do
  declare -n names="$group"
  wanted+=("${names[@]}")
done

present=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' 2>/dev/null) "
missing=()
for name in "${wanted[@]}"; do
  # A tool that stands on the PATH from elsewhere (a newer Node.js, say) serves as well.
  case "$name" in nodejs) command -v node >/dev/null && continue ;; npm) command -v npm >/dev/null && continue ;; esac
  case "$present" in *" installed:$name "*) ;; *) missing+=("$name") ;; esac
done
# The list of common passwords. A build without it works and knows none, so a machine that has everything else is asked once.
asked="$(dirname "$0")/../build/asked-for-python3-zxcvbn"
case " $* $present" in
*" installed:python3-zxcvbn "*) ;;
*" build "*)
  if [ ${#missing[@]} -gt 0 ]; then
    missing+=(python3-zxcvbn)
  elif [ "$(id -u)" -eq 0 ] && [ ! -e "$asked" ]; then
    mkdir -p "$(dirname "$asked")" && touch "$asked"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-zxcvbn; } >/dev/null 2>&1 ||
      echo "python3-zxcvbn could not be installed: the program will not know which passwords are common in leaks" >&2
  fi
  ;;
esac
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "these packages are missing and sudo is not there to install them: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "installing: ${missing[*]}" >&2
case " ${missing[*]} " in
*" postgresql-15 "*)
  # The tests start a server of their own; a machine that had none shall not run one from now on.
  "${as_root[@]}" sh -c 'mkdir -p /etc/postgresql-common; test -e /etc/postgresql-common/createcluster.conf ||
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf' ;;
esac
case " ${missing[*]} " in
*" pgbouncer "*)
  # The same for PgBouncer, which Debian starts when it installs it, and at every boot: there is no word to say beforehand
  # but the machine's policy for services, and whoever has one of those has spoken.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    "${as_root[@]}" sh -c "umask 022; printf '#!/bin/sh\\ncase \"\$1\" in pgbouncer*) exit 101 ;; esac\\n' >$policy; chmod 755 $policy"
  fi
  ;;
esac
"${as_root[@]}" apt-get update -qq >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
case " ${missing[*]} " in *" pgbouncer "*) "${as_root[@]}" update-rc.d pgbouncer disable >/dev/null ;; esac
