"""Whether all that the chart grants was used, by tests whose installations had the feature that it is granted for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from tests.rights.rights import Right


@dataclass(frozen=True)
class Evidence:
    """What one cluster showed of installations with the same features."""

    features: frozenset[str]
    granted: frozenset[Right]
    used: frozenset[Right]

    def packed(self) -> list[Any]:
        """Return it as JSON has it, small: rights that were used are among those that were granted."""
        return [sorted(self.features), [[*right.packed(), right in self.used] for right in self.granted]]

    @classmethod
    def unpacked(cls, packed: list[Any]) -> Self:
        """Return what was packed."""
        features, rights = packed
        granted = frozenset(Right.unpacked(right[:-1]) for right in rights)
        return cls(frozenset(features), granted, frozenset(Right.unpacked(right[:-1]) for right in rights if right[-1]))


@dataclass(frozen=True)
class Ruling:
    """What the chart grants for a feature, each with the template that says so; without a name, for all of them."""

    feature: str
    rights: Mapping[Right, str]


def unused(rulings: Sequence[Ruling], evidence: Sequence[Evidence]) -> Iterator[str]:
    """Yield a line for each right that no test made use of."""
    for ruling in rulings:
        having = [each for each in evidence if not ruling.feature or ruling.feature in each.features]
        used = {right for each in having for right in each.used}
        for right, template in ruling.rights.items():
            if right not in used:
                yield _told(right, f"{template}: grants", ruling.feature, tested=bool(having))
    known = {right for ruling in rulings for right in ruling.rights}
    seen = {right for each in evidence for right in each.granted}
    for right in seen - known - {right for each in evidence for right in each.used}:
        yield _told(right, "a cluster of the tests had granted", "", tested=True)


def _told(right: Right, who: str, feature: str, *, tested: bool) -> str:
    for_it = f" for `{feature}`" if feature else ""
    if not tested:
        return f"{who} {right}{for_it}, and no end-to-end test has an installation with that"
    return f"{who} {right}{for_it}, and no end-to-end test{' with that' if feature else ''} makes such a request"
