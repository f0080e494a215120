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
            return self == Sizes()
        if self.exact_size is not None:
            return side == self.exact_size
        return side >= self.min_size and side % self.multiple == 0

    def __str__(self) -> str:
        if self.exact_size is not None:
            return f"{self.exact_size}x{self.exact_size} pixels only"
        if self == Sizes():
            return "any size"
        multiple = f"multiples of {self.multiple}" if self.multiple > 1 else ""
        minimum = f"at least {self.min_size}" if self.min_size > 1 else ""
        return f"height and width {' and '.join(filter(None, (multiple, minimum)))}"
