"""A strict reader of the Prometheus text format.

Prometheus itself forgives some of what is refused here: a family in two pieces, a series twice, a
histogram that shrinks. Dashboards do not.
"""

import re
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)(?: (-?[0-9]+))?")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
_TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


@dataclass
class Family:
    """One metric: its type and its series, (sample name, labels) -> value."""

    name: str
    type: str = "untyped"
    help: str = ""
    series: dict = field(default_factory=dict)


def _labels(text):
    found, at = {}, 0
    while at < len(text):
        match = _LABEL.match(text, at)
        assert match, f"not a label list: {text!r}"
        assert match.group(1) not in found, f"label {match.group(1)} twice in {text!r}"
        value = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m.group(1), m.group(1)), match.group(2))
        found[match.group(1)] = value
        at = match.end()
    return found


def _owner(sample, families):
    """The family a sample belongs to: histograms own their _bucket, _sum and _count."""
    for suffix in ("_bucket", "_sum", "_count"):
        base = sample.removesuffix(suffix)
        if base != sample and base in families and families[base].type in ("histogram", "summary"):
            return base
    return sample


def parse(text):
    """name -> Family; an AssertionError says what is wrong and where."""
    assert text.endswith("\n"), "the last line has no newline"
    families, closed, current = {}, set(), None

    def enter(name, line):
        nonlocal current
        if name == current:
            return families[name]
        assert name not in closed, f"{name} in two pieces: {line!r}"
        if current:
            closed.add(current)
        current = name
        return families.setdefault(name, Family(name))

    for line in text[:-1].split("\n"):
        if not line:
            continue
        if line.startswith("# HELP "):
            name, _, words = line[7:].partition(" ")
            enter(name, line).help = words
        elif line.startswith("# TYPE "):
            name, _, kind = line[7:].partition(" ")
            family = enter(name, line)
            assert kind in _TYPES, line
            assert not family.series, f"TYPE after samples: {line!r}"
            family.type = kind
        elif line.startswith("#"):
            continue
        else:
            match = _SAMPLE.fullmatch(line)
            assert match, f"not a sample: {line!r}"
            family = enter(_owner(match.group(1), families), line)
            key = (match.group(1), frozenset(_labels(match.group(2) or "").items()))
            assert key not in family.series, f"the same series twice: {line!r}"
            family.series[key] = float(match.group(3))
    for family in families.values():
        _check(family)
    return families


def _check(family):
    if family.type == "counter":
        for value in family.series.values():
            assert value >= 0, f"{family.name} is below zero"
    if family.type != "histogram":
        return
    groups = {}
    for (sample, labels), value in family.series.items():
        rest = frozenset((k, v) for k, v in labels if k != "le")
        group = groups.setdefault(rest, {"buckets": []})
        if sample.endswith("_bucket"):
            group["buckets"].append((float(dict(labels)["le"]), value))
        else:
            group[sample.removeprefix(family.name)] = value
    for rest, group in groups.items():
        buckets = sorted(group["buckets"])
        counts = [count for _, count in buckets]
        assert buckets and buckets[-1][0] == float("inf"), f"{family.name} without +Inf {rest}"
        assert counts == sorted(counts), f"{family.name} is not cumulative {rest}"
        assert group.get("_count") == counts[-1], f"{family.name}: _count is not +Inf's {rest}"
        assert "_sum" in group, f"{family.name} without _sum {rest}"


def values(families, name, **labels):
    """The values of the samples called `name` that have these labels."""
    wanted = set(labels.items())
    family = families.get(_owner(name, families))
    if not family:
        return []
    return [v for (n, have), v in family.series.items() if n == name and wanted <= have]
