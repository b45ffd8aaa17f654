"""Where MkDocs enters: it calls the functions whose names begin with `on_`."""

import sys
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # MkDocs loads this file by its path

from docs.site_pages.links import ELSEWHERE, for_site  # noqa: E402
from docs.site_pages.lists import indented  # noqa: E402


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand elsewhere."""
    for path, target in ELSEWHERE.items():
        files.append(File.generated(config, target, content=(ROOT / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs'
    """Turn a page as a Git hosting page takes it into one of the site."""
    return indented(for_site(markdown, page.file.src_uri, repository=config.extra["repository"]))
