"""The networks of DSI's reference activations, and their stages; tensors there are NHWC, as in TensorFlow."""

from collections.abc import Callable

from torch import Tensor, nn

from baselines.dsi.network import VQVAE, StructureGenerator, TextureNetwork

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "dsi_vqvae.json": VQVAE,
    "dsi_structure.json": StructureGenerator,
    "dsi_texture.json": TextureNetwork,
}
OPERATIONS: dict[str, dict[str, tuple[int, ...]]] = {  # the last TensorFlow operation of a layer, which names the stage
    "vq_encoder": {"conv2d_{}/BiasAdd": (0, 2)},
    "structure_condition": {"wnconv2d_{}/BiasAdd": (0, 3, 9, 29)},
    "structure_pixelcnn": {"wnconv2d_{}/BiasAdd": (0, 1, 2, 3, 20, 40, 82), "wndense_{}/add": (0, 4, 90, 179)},
    "texture_generator": {"gated_conv2d_{}/mul": (0, 2, 3, 11, 14, 15, 16), "gated_deconv2d_{}/mul": (2,)},
}
NAMED: dict[str, tuple[str, ...]] = {  # modules whose outputs have individual names
    "vq_encoder.conv2d_13": ("enc_t",),
    "vq_encoder.vector_quantize_0": ("quant_t", "idx_t"),
    "vq_encoder.conv2d_19": ("enc_b",),
    "vq_encoder.vector_quantize_1": ("quant_b", "idx_b"),
    "structure_condition": ("cond",),
    "texture_generator.attention": ("texture_generator/Softmax:0",),
    "texture_generator.transfer_fine": ("texture_generator/conv2d_transpose:0",),
    "texture_generator.transfer_middle": ("texture_generator/conv2d_transpose_1:0",),
}
Stages = dict[str, Tensor | dict[str, float]]


def build(golden: str, variant: str | None = None) -> nn.Module:
    """The network of a golden file; there are no variants."""
    return NETWORKS[golden]().eval()


def trace(network: nn.Module, inputs: dict[str, Tensor], noise: list[Tensor]) -> Stages:
    """Every stage of the golden file by its name there, and "output"; nothing is sampled here."""
    stages: Stages = {}
    modules = dict(network.named_modules())
    hooks = [
        modules[path].register_forward_hook(_keep(stages, names))
        for path, names in _stages().items()
        if path in modules
    ]
    try:
        output = network(*(x.permute(0, 3, 1, 2) for x in inputs.values()))
    finally:
        for hook in hooks:
            hook.remove()
    return stages | {"output": _nhwc(output)}


def _stages() -> dict[str, tuple[str, ...]]:
    """The names of the outputs of each module, by its path."""
    layers = {
        f"{scope}.{pattern.format(number).split('/')[0]}": (f"{scope}/{pattern.format(number)}:0",)
        for scope, patterns in OPERATIONS.items()
        for pattern, numbers in patterns.items()
        for number in numbers
    }
    return NAMED | layers


def _keep(stages: Stages, names: tuple[str, ...]) -> Callable[[nn.Module, object, Tensor | tuple[Tensor, ...]], None]:
    def keep(_: nn.Module, __: object, output: Tensor | tuple[Tensor, ...]) -> None:
        outputs = output if isinstance(output, tuple) else (output,)
        for name, tensor in zip(names, outputs, strict=True):
            x = tensor if name.endswith("Softmax:0") else _nhwc(tensor)
            stages[name] = x.flatten(0, 2) if "wndense" in name else x  # TensorFlow's dense layers take rows

    return keep


def _nhwc(x: Tensor) -> Tensor:
    return x.movedim(1, -1) if x.ndim == 4 else x
