# Sourced by run_folds.sh and test.sh, never run by itself. Sets $PYTHON, and makes .venv on first use.
#   ensure_environment REQUIREMENTS.txt...
# The packages are installed by uv, which pip installs first from requirements-uv.txt. All are pinned by version and hash.
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
    local requirements outdated=()
    if [ -n "${DIGITS_PYTHON:-}" ]; then
        PYTHON=$DIGITS_PYTHON
        if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "error: DIGITS_PYTHON=$PYTHON is no Python 3.11 or later; name another interpreter, or unset it" >&2
            return 2
        fi
        return
    fi
    PYTHON=.venv/bin/python
    { # One installation at a time: another would take a half-made .venv for a broken one.
        if ! flock --nonblock 9; then
            echo "== environment: waiting for another installation" >&2
            flock 9
        fi
        # .venv/made is absent while packages are being installed, so an interrupted installation starts again.
        if [ ! -f .venv/made ] || ! "$PYTHON" -c 'import pip' 2>/dev/null; then
            make_environment || return
        fi
        for requirements in "$@"; do # .venv/$requirements is a copy of the pins that are installed
            cmp --silent "$requirements" ".venv/$requirements" || outdated+=("$requirements")
        done
        [ ${#outdated[@]} -eq 0 ] || install_packages "${outdated[@]}"
    } 9<requirements-uv.txt
}

make_environment() {
    local base
    base=$(find_python) || return
    echo "== environment: making .venv with $("$base" --version)" >&2
    if ! "$base" -m venv --clear .venv; then
        echo "error: $base could not make .venv; the lines above give the reason" >&2
        return 1
    fi
    touch .venv/made
}

install_packages() {
    # --system-certs: the certificate store of the system, which also has the certificates of a company's proxy.
    # --compile-bytecode: otherwise the first process compiles it, or each one under PYTHONDONTWRITEBYTECODE.
    local requirements index started=$SECONDS arguments=(--require-hashes --system-certs --compile-bytecode)
    # Without a home directory that can be written, uv and pip have no place for a cache.
    [ -n "${UV_CACHE_DIR:-}${XDG_CACHE_HOME:-}" ] || [ -w "${HOME:-}" ] || local -x UV_NO_CACHE=1 PIP_NO_CACHE_DIR=1
    [ -t 2 ] || arguments+=(--quiet) # progress bars on a terminal, errors alone in a log
    echo "== environment: installing $* into .venv" >&2
    if ! install_uv; then
        echo "error: pip could not install uv; the lines above give the reason. Run the same command again once that is fixed" >&2
        return 1
    fi
    for requirements in "$@"; do
        arguments+=(--requirements "$requirements")
    done
    index=${PIP_INDEX_URL:-$("$PYTHON" -m pip config get global.index-url 2>/dev/null || true)} # a mirror that pip uses
    [ -z "$index" ] || local -x UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index}
    mv .venv/made .venv/installing && touch .venv/installing
    if ! .venv/bin/uv pip install --python "$PYTHON" "${arguments[@]}" >&2; then
        # What was not changed yet is as good as before. Otherwise the next run makes a new .venv.
        [ .venv/lib/python3*/site-packages -nt .venv/installing ] || mv .venv/installing .venv/made
        echo "error: uv could not install $*; the lines above give the reason. Run the same command again once that is fixed" >&2
        return 1
    fi
    for requirements in "$@"; do
        cp "$requirements" ".venv/$requirements"
    done
    mv .venv/installing .venv/made
    echo "== environment: installed in $((SECONDS - started)) s" >&2
}

install_uv() {
    cmp --silent requirements-uv.txt .venv/requirements-uv.txt && return
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-uv.txt >&2 &&
        cp requirements-uv.txt .venv/requirements-uv.txt
}
