# What the commands of a document meet when the tests run them: a bash reads this, then the document's `sh` blocks,
# in an empty folder that is also HOME. A name that must stand for something else is a function here; every other
# command is the real one.
set -eu -o pipefail
trap end EXIT
server=
witness=
engine=

# A reader stops one server with Ctrl-C before starting the next. A witness runs somewhere else, and goes on.
stop() {
  if [ -n "$server" ]; then
    kill "$server"
    wait "$server"
    server=
  fi
}
end() {
  stop
  if [ -n "$witness" ]; then
    kill "$witness"
    wait "$witness"
  fi
  if [ -n "$engine" ]; then
    # It knows no other end than being killed.
    kill "$engine"
    wait "$engine" || true
  fi
}

# The ClickHouse that a document means is a real engine of ours, on a free port.
clickhouse() {
  if [ -n "$engine" ]; then return; fi
  mkfifo engine-said
  "$ROOT/target/tools/clickhouse/bin/python" "$ROOT/tests/clickhouse/server.py" --data engine > engine-said &
  engine=$!
  exec 4< engine-said
  read -r line <&4
  clickhouse=${line##* }
}

# `serve` goes on behind the commands after it, which begin once it listens. It listens on a free port (the
# environment says so, see shell.mjs); curl and --url go there whatever host and port a document names, and fail when
# the server refuses.
delistening-ingest() {
  if [ "${2:-}" = --url ]; then set -- "$1" --url "$address" "${@:4}"; fi
  local arguments=("$@") place
  for place in "${!arguments[@]}"; do
    if [ "${arguments[place]}" = --clickhouse ]; then
      clickhouse
      arguments[place + 1]=$clickhouse
    fi
  done
  set -- "${arguments[@]}"
  case " $* " in
    *" --help "* | *" --check "*) command delistening-ingest "$@"; return ;;
    " serve "*) ;;
    " witness "*)
      command delistening-ingest "$@" --listen 127.0.0.1:0 &
      witness=$!
      return
      ;;
    *) command delistening-ingest "$@"; return ;;
  esac
  stop
  rm -f said
  mkfifo said
  command delistening-ingest "$@" > said 2> server.log &
  server=$!
  exec 3< said
  if ! read -r line <&3; then
    server=
    cat server.log >&2
    return 1
  fi
  address=${line##* }
  printf '%s\n' fail-with-body silent show-error "connect-to = \"::${line##*://}\"" > .curlrc
}

# The scripts build and test everything, this test among them: that there is one of that name must do. That
# `npm test` holds is what it says itself; .ci/run runs it.
npm() {
  local name=$1
  if [ "$1" = run ]; then name=$2; fi
  node -e 'process.exit(process.argv[2] in require(process.argv[1]).scripts ? 0 : 1)' "$ROOT/package.json" "$name"
}

# From here on each line is shown when it is read: a failure is that of the last one shown.
set -v
