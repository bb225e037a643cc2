#!/usr/bin/env bash
# Makes .venv from the lock file: exact versions, checked hashes, bytecode compiled.
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
touch .venv/ready
