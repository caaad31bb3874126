# The jobs of a contributor; .ci/run does all of them on a fresh machine.

# list the jobs
default:
    @just --list

# install blendkit for work on it, at the pinned versions
install:
    pip install -c .ci/constraints.txt -e '.[test]'

# run the quick tests of one folder: just test ops
test folder="":
    pytest -m "not slow" tests/{{ folder }}

# run every test
test-all:
    pytest -n 2

# format, and check everything that .ci/run checks
check:
    ruff format .
    ruff check .
    lint-imports
    mypy
    mkdocs build --strict

# read the pages while you write them: http://127.0.0.1:8000
docs:
    mkdocs serve

# what a fresh machine must be able to do
ci:
    .ci/run
