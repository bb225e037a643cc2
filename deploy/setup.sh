#!/usr/bin/env bash
# Makes .venv and the node packages from their lock files: exact versions, checked hashes.
set -euo pipefail
python=${1:-python3}
cd "$(dirname "$0")/.."

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  { echo "setup: $python is older than 3.11; name another: make setup PYTHON=python3.11" >&2; exit 1; }
[ -x .venv/bin/python ] || "$python" -m venv .venv ||
  { echo "setup: venv failed; on Debian: apt-get install python3-venv" >&2; exit 1; }
.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==0.13.9"
.venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes --compile-bytecode requirements.lock
# uv removed itself with all that the lock does not name; the project is added as it lies here.
.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==0.13.9"
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --editable .

# Node itself is a Python package, so that the system's, if any, does not matter. No package needs
# its install scripts: what is binary in them comes as a package of its own.
install_node_packages() {
  [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] ||
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
    { echo "setup: npm ci failed in $1: see above; the npm registry must be reachable" >&2; exit 1; }
}
PATH="$PWD/.venv/bin:$PATH"
install_node_packages deploy/geo          # the countries of addresses
install_node_packages tests/s3            # the S3 endpoint of the tests
install_node_packages ingest_api/recorder # rrweb, and what bundles and checks the recorder
install_node_packages query_api/dashboard # Preact and rrweb, and what bundles and checks the dashboard

# The demo's visitors and the tests of what runs in pages are real browsers: the system's Chromium,
# as Playwright's own comes from no package registry. Its shell without windows starts five times
# as fast, and serves most of them where it can be had.
has() { # On some systems a command is there and only tells how to install it.
  "$1" --version >/dev/null 2>&1
}
has_chromium() {
  has chromium || has chromium-browser || has google-chrome || has google-chrome-stable
}
install_chromium() {
  local root=()
  [ "$(id -u)" = 0 ] || root=(sudo -n)
  command -v apt-get >/dev/null && "${root[@]}" true 2>/dev/null || return
  "${root[@]}" apt-get update -qq -o Acquire::http::Timeout=20 -o Acquire::Retries=1 >&2 &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "$@" fonts-liberation >&2
}
has chromium-headless-shell || install_chromium chromium-headless-shell || true
has_chromium || { install_chromium chromium && has_chromium; } ||
  { echo "setup: no Chromium is found, and it could not be installed: run as root" \
      "'apt-get install chromium', or put chromium or google-chrome into the PATH" >&2; exit 1; }
touch .venv/ready
