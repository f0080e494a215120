"""What one call needs on any machine: the parameters it reads and its floating-point operations.

FLOPs are those of torch.utils.flop_counter: convolutions, matrix products and attention, with a multiply-add counted
as 2. They are counted as executed: a Winograd convolution that is written as matrix products counts a quarter of the
plain one. Operations without a FLOP formula are listed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from torch import Tensor, UntypedStorage, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from inpaint_bench.timing import Cost

Result = TypeVar("Result")

# Operations that only create, move or select values, by their names without underscores.
_NAMES = """
    arange as_strided cat clone constant_pad_nd contiguous copy detach empty empty_like empty_strided eye fill flip full
    full_like gather im2col index index_put index_select item lift lift_fresh linspace local_scalar_dense masked_fill
    masked_select new_empty new_full new_zeros nonzero ones ones_like pin_memory pixel_shuffle pixel_unshuffle
    reflection_pad2d repeat replication_pad2d resize roll scalar_tensor scatter select_scatter set slice_scatter stack
    to_copy tril triu unsafe_index unsafe_view where zero zeros zeros_like
"""
NO_ARITHMETIC = frozenset(_NAMES.split())


class OperationTracker(TorchDispatchMode):
    """Tracks which parameters torch operations read, directly or through derived tensors, and which operations run.

    Every storage is mapped to the parameters it was computed from, so that kernels that are folded, moved or
    transposed while the method is loaded still count when a call reads them.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self._parameters: list[Tensor] = []  # kept alive, so that no other tensor gets the same id
        self._numbers: dict[int, int] = {}  # id of a parameter → its index in the list
        self._derived_from: dict[int, tuple[int, StorageWeakRef]] = {}  # storage → bit mask of parameters
        self._read = 0  # bit mask of parameters
        self.counting = False
        self.uncounted: Counter[str] = Counter()  # values returned by operations without a FLOP formula

    @property
    def parameters_read(self) -> int:
        """Number of values of the parameters that operations read while `counting`."""
        return sum(one.numel() for number, one in enumerate(self._parameters) if self._read >> number & 1)

    def __torch_dispatch__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operation and track its inputs and outputs."""
        bits = 0
        for tensor in _tensors((*args, *(kwargs or {}).values())):
            bits |= self._bits(tensor)
        out = func(*args, **(kwargs or {}))
        values = 0
        for tensor in _tensors((out,)):
            self._remember(tensor, bits)
            values += tensor.numel()
        if self.counting:
            self._read |= bits
            self._count(func, values)
        return out

    def _bits(self, tensor: Tensor) -> int:
        if isinstance(tensor, nn.Parameter) and tensor.numel():
            number = self._numbers.setdefault(id(tensor), len(self._parameters))
            if number == len(self._parameters):
                self._parameters.append(tensor)
            self._remember(tensor, 1 << number)
        return self._bits_of(tensor.untyped_storage())

    def _bits_of(self, storage: UntypedStorage) -> int:
        return self._derived_from[storage._cdata][0] if storage._cdata in self._derived_from else 0

    def _remember(self, tensor: Tensor, bits: int) -> None:
        """Map the tensor's storage to its parameters; the weak reference keeps its address from being reused."""
        storage = tensor.untyped_storage()
        if bits & ~(known := self._bits_of(storage)):
            self._derived_from[storage._cdata] = (known | bits, StorageWeakRef(storage))  # type: ignore[no-untyped-call]

    def _count(self, func: Any, values: int) -> None:
        packet = func._overloadpacket
        name = packet.__name__.strip("_")
        if not (packet in flop_registry or func.is_view or name in NO_ARITHMETIC):
            self.uncounted[name] += values


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _tensors(value)


def tracked(load: Callable[[], Result]) -> tuple[Result, OperationTracker]:
    """The result of `load()`, and the tracker that was active during it."""
    tracker = OperationTracker()
    with tracker:
        return load(), tracker


def cost_of(call: Callable[[], Result], tracker: OperationTracker) -> tuple[Result, Cost]:
    """The result of `call()` and its cost; `tracker` was active while the method was loaded.

    A classical method, which multiplies nothing in torch, has neither parameters nor FLOPs.
    """
    tracker.counting = True
    try:
        with tracker, FlopCounterMode(display=False) as counter:
            result = call()
    finally:
        tracker.counting = False
    flop = int(counter.get_total_flops())
    if not (tracker.parameters_read or flop):
        return result, Cost(None, None, {})
    return result, Cost(tracker.parameters_read, flop, dict(sorted(tracker.uncounted.items())))
