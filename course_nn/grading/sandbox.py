"""Where a learner's code runs: the layers of protection, and which of them this machine reaches."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """What stands around the process that runs a learner's code: its walls, outermost first."""

    walls: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What a gradebook says: "bubblewrap, Landlock, seccomp", or "none"."""
        return ", ".join(self.walls) or "none"

    @property
    def number(self) -> int:
        """1 with bubblewrap, 2 with other walls, 0 with none."""
        return 1 if "bubblewrap" in self.walls else 2 if self.walls else 0


NONE = Layer()


def probe() -> list[Layer]:
    """The layers that this machine reaches, strongest first, each really tried."""
    return [NONE]
