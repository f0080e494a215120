"""What a call needs whatever the machine: the parameters that it touches and the multiplications that it makes.

FLOPs are those that torch counts (torch.utils.flop_counter): convolutions, matrix products and attention, where a
multiplication with its addition counts as 2. They are counted as they are run: a convolution in Winograd's form counts
the products that it makes, a quarter of those of the plain one. What has no count is listed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from torch import Tensor, UntypedStorage, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from inpaint_bench.timing import Cost

CONVENTION = (
    "FLOPs: convolutions, matrix products and attention as they are run, a multiplication with its addition "
    "counted as 2; work outside torch is not counted"
)

Result = TypeVar("Result")

# Operations that only make, move or choose values, by their names without underscores.
MOVES = """
    arange as_strided cat clone constant_pad_nd contiguous copy detach empty empty_like empty_strided eye fill flip full
    full_like gather im2col index index_put index_select item lift lift_fresh linspace local_scalar_dense masked_fill
    masked_select new_empty new_full new_zeros nonzero ones ones_like pin_memory pixel_shuffle pixel_unshuffle
    reflection_pad2d repeat replication_pad2d resize roll scalar_tensor scatter select_scatter set slice_scatter stack
    to_copy tril triu unsafe_index unsafe_view where zero zeros zeros_like
"""


NO_WORK = frozenset(MOVES.split())


class Tally(TorchDispatchMode):
    """Watches torch's operations: which parameters they read, themselves or in a tensor made of them, and what runs.

    The storage of a tensor remembers the parameters that it was made of, so that kernels which are folded, moved or
    transposed when the method is loaded still count when a call uses them.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's
        self._parameters: list[Tensor] = []  # held, so that no other takes its id
        self._numbers: dict[int, int] = {}  # id of a parameter → its place in the list
        self._made_of: dict[int, tuple[int, StorageWeakRef]] = {}  # storage → a bit for every parameter
        self._read = 0
        self.watching = False
        self.ran: Counter[str] = Counter()

    @property
    def touched(self) -> int:
        """How many values the parameters have that operations read while `watching`."""
        return sum(one.numel() for number, one in enumerate(self._parameters) if self._read >> number & 1)

    def __torch_dispatch__(
        self, func: Any, types: Iterable[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operation and write down what went in and came out."""
        bits = 0
        for tensor in _tensors((*args, *(kwargs or {}).values())):
            bits |= self._bits(tensor)
        out = func(*args, **(kwargs or {}))
        values = 0
        for tensor in _tensors((out,)):
            self._remember(tensor, bits)
            values += tensor.numel()
        if self.watching:
            self._read |= bits
            self._write_down(func, values)
        return out

    def _bits(self, tensor: Tensor) -> int:
        if isinstance(tensor, nn.Parameter) and tensor.numel():
            number = self._numbers.setdefault(id(tensor), len(self._parameters))
            if number == len(self._parameters):
                self._parameters.append(tensor)
            self._remember(tensor, 1 << number)
        return self._known(tensor.untyped_storage())

    def _known(self, storage: UntypedStorage) -> int:
        return self._made_of[storage._cdata][0] if storage._cdata in self._made_of else 0

    def _remember(self, tensor: Tensor, bits: int) -> None:
        """The weak reference keeps the storage's address from being given to another."""
        storage = tensor.untyped_storage()
        if bits & ~(known := self._known(storage)):
            self._made_of[storage._cdata] = (known | bits, StorageWeakRef(storage))  # type: ignore[no-untyped-call]

    def _write_down(self, func: Any, values: int) -> None:
        packet = func._overloadpacket
        name = packet.__name__.strip("_")
        if not (packet in flop_registry or func.is_view or name in NO_WORK):
            self.ran[name] += values


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _tensors(value)


def loaded(load: Callable[[], Result]) -> tuple[Result, Tally]:
    """What `load` returns, and a tally that has watched it."""
    tally = Tally()
    with tally:
        return load(), tally


def cost_of(call: Callable[[], Result], tally: Tally) -> tuple[Result, Cost]:
    """What the first call gives and what it needs, of a method whose loading the tally has watched.

    A method that multiplies nothing in torch, a classical one, has neither parameters nor FLOPs.
    """
    tally.watching = True
    try:
        with tally, FlopCounterMode(display=False) as counter:
            result = call()
    finally:
        tally.watching = False
    flop = int(counter.get_total_flops())
    if not (tally.touched or flop):
        return result, Cost(None, None, {})
    return result, Cost(tally.touched, flop, dict(sorted(tally.ran.items())))
