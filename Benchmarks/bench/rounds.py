"""Rounds: A B C D, A B C D, ... and the median of each, because a shared machine drifts.

A run with a single error is void and is not in the median; how many were is told.
"""

from __future__ import annotations

import statistics
from typing import Callable, Optional

from .load import Load
from .peers.running import Running
from .setting import Setting


class Rounds:
    """The loads of each proxy, in order of the rounds."""

    def __init__(self, scenario: str, setting: Setting) -> None:
        self.scenario = scenario
        self.setting = setting
        self.loads: dict[str, list[Load]] = {}
        self._by_round: dict[int, dict[str, Load]] = {}

    def go(
        self,
        contestants: list[tuple[str, Running]],
        load: Callable[[str, Running], Load],
        good: Optional[Callable[[Load], Optional[str]]] = None,
    ) -> None:
        for number in range(self.setting.rounds):
            for label, running in contestants:
                result = load(label, running)
                why = f"{result.errors} errors" if result.errors else good and good(result)
                if why:
                    self.setting.reject(self.scenario, f"{label}, round {number + 1}", why)
                    continue
                self.loads.setdefault(label, []).append(result)
                self._by_round.setdefault(number, {})[label] = result
                self.setting.say(
                    f"{self.scenario}: round {number + 1}/{self.setting.rounds}: {label}: "
                    f"{result.cpu_us:.2f} us CPU/request, {result.rate:.0f} requests/s, "
                    f"core {result.busy:.0%} busy"
                )
        self.setting.raw[self.scenario] = {
            label: [vars(one) for one in loads] for label, loads in self.loads.items()
        }

    def median(self, label: str, value: Callable[[Load], float]) -> Optional[float]:
        loads = self.loads.get(label)
        return statistics.median(value(one) for one in loads) if loads else None

    def least(self, label: str, value: Callable[[Load], float]) -> Optional[float]:
        loads = self.loads.get(label)
        return min(value(one) for one in loads) if loads else None

    def most(self, label: str, value: Callable[[Load], float]) -> Optional[float]:
        loads = self.loads.get(label)
        return max(value(one) for one in loads) if loads else None

    def ratio(self, label: str, other: str, value: Callable[[Load], float]) -> Optional[float]:
        """The median of the ratios within a round: what slows both alike falls out of it."""
        ratios = [
            value(loads[label]) / value(loads[other])
            for loads in self._by_round.values()
            if label in loads and other in loads
        ]
        return statistics.median(ratios) if ratios else None
