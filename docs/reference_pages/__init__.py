"""The pages of `docs/reference/`, each written from what the operator itself goes by.

`python -m docs.reference_pages` writes them; with `--check` it only compares. A page is a pure function of definitions,
models or commands, so it cannot say what they do not.
"""
