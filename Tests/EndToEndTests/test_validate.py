"""`isthmus validate`: every finding with its place and what to do, 0 or 65, nothing else."""

import json
import re

import pytest

from harness import resources as r
from harness.binary import PROJECT, isthmus

GOOD = r.text(
    r.gateway(),
    r.service_entry("b.test", 8080),
    r.virtual_service("all", r.rule("b.test")),
)
FINDING = re.compile(r"^(\S*?[^:\s]+):(\d+):(\d+): (error|warning): (.+)$", re.MULTILINE)


def findings(run):
    """(file name, line, column, severity, words) of each finding."""
    return [
        (path.rsplit("/", 1)[-1], int(line), int(column), severity, words)
        for path, line, column, severity, words in FINDING.findall(run.out + run.err)
    ]


def errors(run):
    return [f for f in findings(run) if f[3] == "error"]


@pytest.fixture
def check(tmp_path):
    """Validates one file with this text."""

    def validate(text, *arguments, name="file.yaml"):
        (tmp_path / name).write_text(text)
        return isthmus("validate", "-f", tmp_path / name, *arguments)

    return validate


def test_a_good_file_is_0_without_findings(check):
    run = check(GOOD)
    assert run.code == 0, run.out + run.err
    assert findings(run) == []


def test_an_error_is_65_with_file_line_column_and_caret(check):
    text = GOOD.replace("host: b.test", "host: [b.test]")
    line = next(n for n, s in enumerate(text.splitlines(), 1) if "host: [b.test]" in s)
    column = text.splitlines()[line - 1].index("[") + 1
    run = check(text)
    assert run.code == 65
    (error,) = errors(run)
    assert error[:4] == ("file.yaml", line, column, "error")
    shown = (run.out + run.err).splitlines()
    source = next(n for n, s in enumerate(shown) if "host: [b.test]" in s and ": error:" not in s)
    caret = shown[source + 1]
    assert caret.strip(" |").startswith("^")
    assert caret.index("^") == shown[source].index("[")


def test_a_warning_alone_is_0(check):
    strange = r.gateway(surprise=1)
    run = check(r.text(strange))
    assert run.code == 0, run.out + run.err
    assert [f[3] for f in findings(run)] == ["warning"]


@pytest.mark.parametrize(
    "wrong, right",
    [("rewrit", "rewrite"), ("redirekt", "redirect"), ("timout", "timeout"), ("macth", "match")],
)
def test_an_unknown_field_is_a_warning_that_guesses(check, wrong, right):
    text = r.text(r.gateway(), r.virtual_service("all", {wrong: {}, **r.rule("b.test")}))
    run = check(text + "---\n" + r.text(r.service_entry("b.test", 80)))
    assert run.code == 0
    assert any(
        severity == "warning" and wrong in words and right in words
        for *_, severity, words in findings(run)
    ), run.out


ERRORS = {
    "a word for a number": ("number: 80", "number: eighty"),
    "a port out of range": ("number: 80", "number: 70000"),
    "a protocol nobody knows": ("protocol: HTTP", "protocol: SPDY"),
    "a list where a map belongs": ("destination:\n        host: b.test", "destination:\n      - x"),
    "a host that is no host": ("- b.test", "- 'b test'"),
    "a resolution nobody knows": ("resolution: STATIC", "resolution: SOMETIMES"),
    "an address that is none": ("address: 127.0.0.1", "address: not an address"),
}


@pytest.mark.parametrize("change", [pytest.param(v, id=k) for k, v in ERRORS.items()])
def test_a_wrong_value_is_an_error(check, change):
    assert change[0] in GOOD
    run = check(GOOD.replace(*change, 1))
    assert run.code == 65, run.out + run.err
    assert errors(run)


RULES = {
    "route and redirect": {"redirect": {"uri": "/"}, **r.rule("b.test")},
    "no action": {"match": [r.uri("prefix", "/")]},
    "a bad regex": {"match": [r.uri("regex", "[")], **r.rule("b.test")},
    "a negative weight": r.rule(r.destination("b.test", weight=-1)),
    "weights of zero": r.rule(
        r.destination("b.test", weight=0), r.destination("c.test", weight=0)
    ),
    "a bad timeout": r.rule("b.test", timeout="soon"),
    "a redirect code that is none": {"redirect": {"uri": "/", "redirectCode": 200}},
    "a status that is none": {"directResponse": {"status": 99}},
    "two kinds of match on a path": {
        "match": [{"uri": {"exact": "/a", "prefix": "/b"}}],
        **r.rule("b.test"),
    },
}


@pytest.mark.parametrize("rule", [pytest.param(v, id=k) for k, v in RULES.items()])
def test_a_rule_that_cannot_be_meant_is_an_error(check, rule):
    run = check(r.text(r.gateway(), r.virtual_service("all", rule)))
    assert run.code == 65, run.out + run.err
    assert errors(run)


def test_every_finding_is_told_not_only_the_first(check):
    text = GOOD.replace("number: 80", "number: eighty").replace("STATIC", "SOMETIMES")
    assert len(errors(check(text))) >= 3


def test_every_file_of_a_folder_is_read(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yml").write_text("kind: [")
    (tmp_path / "c.json").write_text('{"kind": ')
    (tmp_path / "d.txt").write_text("kind: [")
    run = isthmus("validate", "-f", tmp_path)
    assert run.code == 65
    assert {f[0] for f in errors(run)} == {"b.yml", "c.json"}


def test_several_paths_are_read(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("kind: [")
    run = isthmus("validate", "-f", tmp_path / "a.yaml", "-f", tmp_path / "b.yaml")
    assert {f[0] for f in errors(run)} == {"a.yaml", "b.yaml"}


def test_files_that_a_shell_has_written_out_are_all_read(tmp_path):
    """`validate -f *.yaml`: the option takes the first, the others follow it."""
    for name in ("a.yaml", "b.yaml", "c.yaml"):
        (tmp_path / name).write_text("kind: [")
    run = isthmus("validate", "-f", *(tmp_path / n for n in ("a.yaml", "b.yaml", "c.yaml")))
    assert {f[0] for f in errors(run)} == {"a.yaml", "b.yaml", "c.yaml"}


def test_a_folder_whose_files_were_given_before_it_is_not_called_empty(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)
    run = isthmus("validate", "-f", tmp_path / "a.yaml", "-f", tmp_path)
    assert run.code == 0 and findings(run) == [] and "no *.yaml" not in run.out + run.err


def test_standard_input_is_read():
    assert isthmus("validate", "-f", "-", stdin=GOOD).code == 0
    assert isthmus("validate", "-f", "-", stdin="kind: [").code == 65


def test_json_resources_are_read(check):
    text = json.dumps(r.gateway())
    assert check(text, name="file.json").code == 0


def test_findings_as_json(check):
    run = check(GOOD.replace("number: 80", "number: eighty", 1), "-o", "json")
    assert run.code == 65
    told = json.loads(run.out)
    (entry,) = [f for f in told["findings"] if f["severity"] == "error"]
    assert entry["file"].endswith("file.yaml")
    assert (entry["line"], entry["column"]) == (10, 15)
    assert entry["message"]
    assert (told["files"], told["errors"]) == (1, 1)


def test_a_path_that_does_not_exist_is_named(tmp_path):
    run = isthmus("validate", "-f", tmp_path / "nothing.yaml")
    assert run.code == 74
    assert "nothing.yaml" in run.out + run.err


def test_no_path_is_a_usage_error():
    run = isthmus("validate")
    assert run.code == 64
    assert "-f" in run.err


def test_other_kinds_are_skipped_with_one_line(check):
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}
    run = check(GOOD + "---\n" + r.text(deployment, deployment))
    assert run.code == 0
    assert errors(run) == []
    assert "Deployment" in run.out + run.err


def test_aliases_that_explode_are_refused_at_once(check):
    """The billion laughs: nine levels of ten aliases each."""
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 10):
        lines.append(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]")
    run = check("\n".join(lines) + "\n")
    assert run.code == 65
    assert errors(run)


def test_nesting_without_end_is_refused(check):
    run = check("a: " + "[" * 100_000 + "]" * 100_000)
    assert run.code == 65
    assert errors(run)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "file.yaml").write_bytes(b"kind: \xff\xfe\x00\n")
    run = isthmus("validate", "-f", tmp_path / "file.yaml")
    assert run.code == 65


def test_a_file_with_crlf_line_ends_is_read(check):
    assert check(GOOD.replace("\n", "\r\n")).code == 0


def test_an_empty_file_is_fine(check):
    assert check("").code == 0
    assert check("---\n---\n# nothing\n").code == 0


def test_what_nothing_acts_on_is_told_once(check):
    rules = [
        {
            "match": [{"port": 9000 + number, "sourceSubnet": "10.0.0.0/8"}],
            "route": [r.destination("b.test")],
        }
        for number in range(5)
    ]
    run = check(
        r.text(
            r.gateway(protocol="TCP"),
            r.service_entry("b.test", 80, port=9000, protocol="TCP"),
            r.virtual_service("all", tcp=rules),
        )
    )
    assert run.code == 0
    assert len([f for f in findings(run) if "sourceSubnet" in f[4]]) == 1


def test_the_gateways_that_come_with_it_are_good():
    folders = [p for p in (PROJECT / "gateways").iterdir() if p.is_dir()]
    assert folders, "gateways/ is empty"
    for folder in folders:
        run = isthmus("validate", "-f", folder)
        assert run.code == 0, run.out + run.err
        assert errors(run) == []


def test_an_entry_that_would_take_a_port_from_everybody_is_warned_of(check):
    """istio/istio issues 16458, 29992 and 58696, and the advice that would have spared them."""
    entry = r.service_entry("a.test", 8080, port=443, protocol="TCP")
    run = check(r.text(entry))
    assert run.code == 0
    ((_, _, _, severity, words),) = findings(run)
    assert severity == "warning" and "TCP on port 443 without `addresses`" in words, words
    assert "write HTTPS or TLS" in run.out + run.err
    entry["spec"]["ports"][0]["protocol"] = "TLS"
    assert findings(check(r.text(entry))) == []


def test_a_workload_that_no_sidecar_resource_is_for_is_asked_as_well(check):
    """A rule for the mesh is compiled by sidecars alone, and most workloads have no Sidecar."""
    lost = r.virtual_service("lost", r.rule("nowhere.test"), hosts=["b.test"], gateways=["mesh"])
    assert findings(check(r.text(lost))) == []
    workload = r.workload_entry("a-1", 8080, {"app": "a"})
    run = check(r.text(lost, workload))
    assert run.code == 0
    ((_, _, _, severity, words),) = findings(run)
    assert severity == "warning" and "there is no service nowhere.test" in words, words
