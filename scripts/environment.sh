# Sourced by run_folds.sh and test.sh, never run: chooses the interpreter, $PYTHON, and makes .venv on first use.
#   ensure_environment REQUIREMENTS.txt...
# DIGITS_PYTHON=python3 uses that interpreter as it is and installs nothing.

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "error: found no Python 3.11, 3.12 or 3.13 with venv; install one (Debian, Ubuntu: apt install python3-venv)" \
        "or name one that has the packages of requirements.txt with DIGITS_PYTHON" >&2
    return 2
}

ensure_environment() {
    if [ -n "${DIGITS_PYTHON:-}" ]; then
        PYTHON=$DIGITS_PYTHON
        return
    fi
    PYTHON=.venv/bin/python
    local base requirements stamp
    if [ ! -f .venv/made ] || [ ! -x "$PYTHON" ]; then
        base=$(find_python) || return
        "$base" -m venv --clear .venv && touch .venv/made || return
    fi
    for requirements in "$@"; do
        stamp=.venv/$requirements # a copy of the pins that are installed
        if ! cmp --silent "$requirements" "$stamp"; then
            echo "== environment: installing $requirements into .venv" >&2
            "$PYTHON" -m pip install --disable-pip-version-check --require-hashes -r "$requirements" >&2 || return
            cp "$requirements" "$stamp"
        fi
    done
}
