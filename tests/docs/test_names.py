"""Every name of ours that stands on a page exists: commands and options, annotations, metrics, values and settings.

A page that names something which was renamed since would send its reader astray.
"""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

import click
import pytest
import yaml

from docs.reference_pages import meanings
from docs.reference_pages.schemas import resolved
from docs.reference_pages.settings import keys
from jira_deployment_operator.api import annotations
from jira_deployment_operator.cli import main
from jira_deployment_operator.observability import metrics, webhook_metrics
from tests.docs.markdown import ROOT, Page, pages

PROGRAM: Final = "jira-deployment-operator"
PREFIX: Final = "jira_deployment_operator_"
CHART: Final = ROOT / "charts" / PROGRAM
PAGES: Final = [page for page in pages() if page.path != "CHANGELOG.md"]
"""A changelog names what was."""

OTHER_KEYS: Final = {"jira-operator.dev/required-gate", "jira-operator.dev/v1alpha1", "jira-operator.dev/workload-kind"}
"""Labels of ours, and the version of the API."""

MISSPELT: Final = "jira-operator.dev/isue-keys"
"""What the page on annotations shows as a mistake."""


def schemas(part: Any) -> Iterator[str]:
    """Yield the names of all fields of a definition."""
    for name, each in part.get("properties", {}).items():
        yield name
        yield from schemas(each)
    if isinstance(items := part.get("items"), dict):
        yield from schemas(items)


DEFINITIONS: Final = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "crds").glob("*.yaml")]


def text_of(page: Page) -> str:
    return "\n".join(page.lines)


def commands_on(page: Page) -> Iterator[tuple[int, list[str]]]:
    """Yield the calls of our program in blocks and in backticks."""
    for number, word in page.words:
        if word.startswith(f"{PROGRAM} "):
            yield number, words_of(word)
    for block in page.blocks:
        for offset, line in enumerate(block.text.replace("\\\n", " ").splitlines(), start=1):
            command = line.removeprefix("$ ").strip()
            if block.language in ("sh", "bash", "console") and command.startswith(f"{PROGRAM} "):
                yield block.line + offset, words_of(command)


def words_of(command: str) -> list[str]:
    """Return the words of a command, without the program's own and without a comment."""
    try:
        return shlex.split(command, comments=True)[1:]
    except ValueError:  # what is quoted goes on in another line
        return command.split()[1:]


def mistake(words: list[str]) -> str:
    """Return what is wrong with a call of our program; empty if it is one."""
    if not words or words[0].startswith("-"):
        return ""
    command = main.commands.get(words[0])
    if command is None:
        return f"no command {words[0]}"
    options = {name: each for each in command.params if isinstance(each, click.Option) for name in each.opts}
    rest = iter(words[1:])
    for word in rest:
        name = word.partition("=")[0]
        if word in ("-", "--help") or not word.startswith("-"):
            continue
        if name not in options:
            return f"{words[0]} has no option {name}"
        if not options[name].is_flag and "=" not in word:
            next(rest, None)
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_command_and_option_exists(page: Page) -> None:
    wrong = [f"{page.path}:{line}: {said}" for line, words in commands_on(page) if (said := mistake(words))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_annotation_and_label_exists(page: Page) -> None:
    known = {*annotations.KNOWN, annotations.HOLD, annotations.DECIDED_BY, *OTHER_KEYS, MISSPELT}
    found = re.findall(r"(?<![\w.])jira-operator\.dev/[\w-]+", text_of(page))
    assert sorted({each.rstrip("-") for each in found} - known) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_metric_exists(page: Page) -> None:
    known = {
        name
        for registry in (metrics.REGISTRY, webhook_metrics.REGISTRY)
        for collector, names in registry._collector_to_names.items()
        for name in (*names, getattr(collector, "_name", ""))
    }
    found = {each for each in re.findall(rf"\b{PREFIX}\w+", text_of(page)) if not each.endswith("_")}
    bare = {
        f"{PREFIX}{word.removeprefix(PREFIX)}"
        for _, word in page.words
        if re.fullmatch(r"(webhook|outbox|hold|gate|jira)_\w+[a-z]", word)
    }
    suffixes = r"_(bucket|count|sum|total|info)$"
    wrong = {each for each in found | bare if each not in known and re.sub(suffixes, "", each) not in known}
    assert sorted(wrong) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_value_and_setting_exists(page: Page) -> None:
    """Words such as `gating.maxHold`, of which the first part is a group of values or settings."""
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    known = {*places(resolved(schema, schema), ""), *(path for path, _, _ in keys())}
    known |= {path.rpartition(".")[0] for path in known}
    groups = {path.partition(".")[0] for path in known if "." in path}
    wrong = []
    for line, word in page.words:
        found = re.match(r"[a-zA-Z]+(\[\])?(\.[a-zA-Z]+(\[\])?)+(?=$|: |=)", word)
        if found and found[0].partition(".")[0] in groups and not is_known(found[0], known):
            wrong.append(f"{page.path}:{line}: there is no {found[0]}")
    assert not wrong, "\n".join(wrong)


def places(schema: Any, path: str) -> Iterator[str]:
    """Yield the path of every value; that of one which is not ours to know ends in `.*`."""
    if "properties" not in schema and schema.get("type") == "object":
        yield f"{path}.*"
    for name, each in schema.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        yield place
        yield from places(each, place)
        if isinstance(items := each.get("items"), dict):
            yield from places(items, f"{place}[]")


def is_known(path: str, known: set[str]) -> bool:
    """Return whether a path is one of those, or leads into an object of Kubernetes' own, such as resources."""
    return path in known or any(path.startswith(each[:-1]) for each in known if each.endswith(".*"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_field_of_our_kinds_exists(page: Page) -> None:
    """Words such as `spec.issueKeys` and `status.transitions`: of a link, a record, or of a Kubernetes workload."""
    ours = {
        name
        for definition in DEFINITIONS
        for version in definition["spec"]["versions"]
        for name in schemas(version["schema"]["openAPIV3Schema"])
    }
    kubernetes = {
        "paused",
        "template",
        "replicas",
        "strategy",
        "selector",
        "workloadRef",
        "observedGeneration",
        "phase",
    }
    wrong = []
    for line, word in page.words:
        path = re.fullmatch(r"(spec|status)((\.\w+(\[\])?)+)", word)
        if path and (names := set(re.findall(r"\w+", path[2]))) - ours - kubernetes:
            wrong.append(f"{page.path}:{line}: there is no {word} ({', '.join(sorted(names - ours - kubernetes))})")
    assert not wrong, "\n".join(wrong)


COLUMNS: Final = {
    definition["spec"]["names"]["kind"]: [
        each["name"].upper()
        for each in definition["spec"]["versions"][0]["additionalPrinterColumns"]
        if not each.get("priority")
    ]
    for definition in DEFINITIONS
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_tables_that_kubectl_prints_have_their_columns(page: Page) -> None:
    heads = [
        (f"{block.page}:{block.line}", line.split())
        for block in page.blocks
        for line in block.text.splitlines()
        if re.match(r"NAME +WORKLOAD +", line)
    ]
    known = [["NAME", *columns] for columns in COLUMNS.values()]
    assert [(place, head) for place, head in heads if head not in known] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_target_of_make_exists(page: Page) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    said = [word for _, word in page.words]
    said += [line for block in page.blocks if block.language in ("sh", "console") for line in block.text.splitlines()]
    found = {name for each in said for name in re.findall(r"^(?:\$ )?make ([a-z-]+)", each)}
    assert sorted(found - set(targets)) == []


def test_reasons_that_are_named_in_tables_of_reasons_exist() -> None:
    known = {
        *(reason for reasons in meanings.REASONS.values() for reason in reasons),
        *meanings.TRANSITIONS,
        *meanings.EVENTS,
        *meanings.ENDPOINT,
        *meanings.CONDITIONS,
    }
    wrong = []
    for path in ("docs/records.md", "docs/links.md", "docs/gating.md"):
        for line in (ROOT / path).read_text(encoding="utf-8").splitlines():
            if re.match(r"\| `[A-Z][a-z]+[A-Z]\w+`", line):
                first = line.split("|")[1]
                wrong += [f"{path}: {word}" for word in re.findall(r"`([A-Z]\w+)`", first) if word not in known]
    assert not wrong, "\n".join(wrong)


def test_this_would_notice() -> None:
    """What is looked for is found, and what does not exist is told."""
    assert mistake(["explain", "deployment/web", "--nothing"]) == "explain has no option --nothing"
    assert mistake(["explode"]) == "no command explode"
    assert mistake(words_of(f'{PROGRAM} approve deployment/web -n shop --reason "-x y"  # so')) == ""
    assert list(commands_on(Page("README.md")))
