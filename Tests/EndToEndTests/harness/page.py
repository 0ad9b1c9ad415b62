"""A page of docs/tasks as something that can be run: its commands in order, against a demo.

A block fenced as `console` holds commands behind `$ ` (with `> ` before the lines that go on) and
what they printed. A comment before a block may say how far its numbers may be from those of a run:
`<!-- numbers within 15 -->`; without one the text must be the same.
"""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)\s*$")
_NUMBERS = re.compile(r"<!-- numbers within ([0-9.]+) -->")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass
class Step:
    """One command, and what the page says it prints."""

    line: int
    command: str
    printed: list = field(default_factory=list)
    within: float = 0.0

    def differs(self, printed):
        """What is wrong with what a run printed; None when it is as the page says."""
        wanted = "\n".join(self.printed)
        if not self.within:
            same = wanted == printed
        else:
            same = _between_numbers(wanted) == _between_numbers(printed)
            numbers = zip(_NUMBER.findall(wanted), _NUMBER.findall(printed))
            same = same and all(abs(float(a) - float(b)) <= self.within for a, b in numbers)
        if same:
            return None
        how = f" within {self.within}" if self.within else ""
        return f"the page says{how}\n{wanted}\nand it printed\n{printed}"


def _between_numbers(text):
    """Without the blanks that line numbers up."""
    return _NUMBER.split(re.sub(r" +", " ", text))


class Page:
    def __init__(self, path):
        self.path = Path(path)
        self.lines = self.path.read_text().splitlines()
        self.steps = []
        self._read()

    def _read(self):
        fence, within = None, 0.0
        for number, line in enumerate(self.lines, 1):
            if found := _FENCE.match(line):
                fence = found.group(1) if fence is None else None
                within = within if fence == "console" else 0.0
            elif found := _NUMBERS.match(line):
                within = float(found.group(1))
            elif fence == "console":
                self._read_console(number, line, within)
        assert fence is None, f"{self.path}: a block that does not end"

    def _read_console(self, number, line, within):
        if line.startswith("$ "):
            self.steps.append(Step(number, line[2:], within=within))
        elif line.startswith("> ") and not self.steps[-1].printed:
            self.steps[-1].command += "\n" + line[2:]
        else:
            self.steps[-1].printed.append(line)

    def run(self, demo, rewrite=False):
        """Every command in the order of the page; the first that prints something else fails.
        With `rewrite` what they print goes into the page instead."""
        for step in self.steps:
            printed = demo.type(step.command)
            if rewrite:
                step.printed = printed.splitlines()
            elif fault := step.differs(printed):
                raise AssertionError(f"{self.path.name}:{step.line}: $ {step.command}\n{fault}")
        if rewrite:
            self._write()

    def _write(self):
        """The page as it is, with the output of every command replaced."""
        steps = {step.line: step for step in self.steps}
        text, fence, skips = [], None, False
        for number, line in enumerate(self.lines, 1):
            if found := _FENCE.match(line):
                fence = found.group(1) if fence is None else None
                skips = False
            if step := steps.get(number):
                text += ["$ " + step.command.replace("\n", "\n> "), *step.printed]
                skips = True
            elif not skips:
                text.append(line)
        self.path.write_text("\n".join(text) + "\n")


def bash(command, folder, environment):
    """What a command printed, as a terminal would show it without its last line's end."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    return done.stdout.decode("utf-8", "replace").rstrip("\n")
