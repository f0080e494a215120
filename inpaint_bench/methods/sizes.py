"""The image sizes that a method takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """The sizes that a method takes: height and width multiples of a number and not below a minimum, or one square."""

    multiple: int = 1
    min_size: int = 1
    exact_size: int | None = None

    def take(self, side: int | None) -> bool:
        """Whether the method takes squares of that side; None: whether it takes images of any size."""
        if side is None:
            return self == ANY_SIZE
        return self.fit(side, side)

    def fit(self, height: int, width: int) -> bool:
        """Whether the method takes images of this height and width."""
        if self.exact_size is not None:
            return height == width == self.exact_size
        return min(height, width) >= self.min_size and height % self.multiple == width % self.multiple == 0

    def at_least(self, side: int) -> int:
        """The smallest side that the method takes and that is at least this large; the one side, where there is one."""
        return self.exact_size or -(-max(side, self.min_size) // self.multiple) * self.multiple

    def __str__(self) -> str:
        if self.exact_size is not None:
            return f"{self.exact_size}x{self.exact_size} pixels only"
        if self == ANY_SIZE:
            return "any size"
        multiple = f"multiples of {self.multiple}" if self.multiple > 1 else ""
        minimum = f"at least {self.min_size}" if self.min_size > 1 else ""
        return f"height and width {' and '.join(filter(None, (multiple, minimum)))}"


ANY_SIZE = Sizes()
