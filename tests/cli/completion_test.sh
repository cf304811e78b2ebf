#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The bash completion offers what fits, and never runs what a process calls itself.
#
# usage: completion_test.sh XGOPS
set -euo pipefail

program=$1
# shellcheck source=/dev/null
source <("$program" completion bash)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

# Stands in for the command that the completion asks for live processes.
# shellcheck disable=SC2016,SC2317
xgops() {
  if [[ $* == "list --format tsv" ]]; then
    printf '812\t1\tredis-server\t0\t5\t42s\t0.1.0\t/usr/bin/redis-server\n'
    printf '4711\t1\t$(touch ran) `touch ran`\t0\t5\t42s\t0.1.0\t/tmp/x\n'
  fi
}

failures=0
expect() {
  local expected=$1
  shift
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  _xgops
  if [[ ${COMPREPLY[*]} != "$expected" ]]; then
    printf 'for: %s\n  expected: %s\n  offered:  %s\n' "$*" "$expected" "${COMPREPLY[*]}" >&2
    failures=$((failures + 1))
  fi
}

expect 'stack' xgops st
expect 'vitals' xgops v
expect '812 4711' xgops stack ''
expect '4711' xgops stack 47
expect '812' xgops vitals -p 8
expect 'redis-server' xgops stack -n red
# shellcheck disable=SC2016
expect '\$\(touch\ ran\)\ \`touch\ ran\`' xgops stack -n '$'
expect 'folded' xgops stack 812 --format fo
expect '--no-symbols' xgops stack --no-s
expect 'zsh' xgops completion z
expect 'stack' xgops help sta
expect 'tasks' xgops ta
expect 'waiting' xgops tasks 812 --state wa
expect '--all' xgops --al
expect 'always' xgops list --color al

if [[ -n $(ls -A) ]]; then
  echo 'a name was run as a command' >&2
  failures=$((failures + 1))
fi
exit "$((failures > 0))"
