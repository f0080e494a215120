"""A diffusion model with tiny random parts, saved as diffusers saves one; built from configurations, not downloaded."""

from pathlib import Path
from typing import Any

import torch

SIDE = 64  # pixels that its UNet is made for
MULTIPLE = 8


def parts(seed: int = 0) -> dict[str, Any]:
    """The parts of a Stable Diffusion model that inpaints."""
    from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(seed)
    letters = [chr(code) for code in range(33, 127)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    return {
        "unet": UNet2DConditionModel(
            sample_size=SIDE // MULTIPLE, in_channels=9, out_channels=4, block_out_channels=(8, 16),
            layers_per_block=1, norm_num_groups=4, attention_head_dim=4, cross_attention_dim=16,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        ),
        "vae": AutoencoderKL(
            block_out_channels=(4, 4, 4, 4), norm_num_groups=2, latent_channels=4, sample_size=SIDE,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        ),
        "text_encoder": CLIPTextModel(
            CLIPTextConfig(
                hidden_size=16, intermediate_size=16, num_attention_heads=2, num_hidden_layers=1,
                vocab_size=len(words), bos_token_id=0, eos_token_id=1, pad_token_id=1,
            )
        ),
        "tokenizer": CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=77),
        "scheduler": DDIMScheduler(
            beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, clip_sample=False, steps_offset=1,
        ),
    }  # fmt: skip


def save(folder: Path, seed: int = 0, **settings: Any) -> Path:
    """The model in a folder, which is returned."""
    from diffusers import StableDiffusionInpaintPipeline
    from diffusers.utils.logging import disable_progress_bar
    from transformers.utils.logging import disable_progress_bar as disable_another

    disable_progress_bar()
    disable_another()
    pipeline = StableDiffusionInpaintPipeline(
        **parts(seed), safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
    pipeline.save_pretrained(folder, **settings)
    return folder


def published_parameters(method: str) -> int:
    """The parameters of a published model, of the configurations that its authors published, without their values."""
    from diffusers import AutoencoderKL, FluxTransformer2DModel, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, T5Config, T5EncoderModel

    wide = {
        "hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20,
        "hidden_act": "gelu", "projection_dim": 1280,
    }  # fmt: skip
    narrow = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
    of_sd2 = {
        "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 23, "num_attention_heads": 16,
        "hidden_act": "gelu", "projection_dim": 512,
    }  # fmt: skip
    unet = {"in_channels": 9, "sample_size": 64}
    sdxl = {
        "in_channels": 9, "sample_size": 128, "block_out_channels": (320, 640, 1280),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 2, 10), "attention_head_dim": (5, 10, 20), "cross_attention_dim": 2048,
        "use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    }  # fmt: skip
    autoencoder = {
        "block_out_channels": (128, 256, 512, 512), "layers_per_block": 2,
        "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
    }  # fmt: skip
    t5 = T5Config(
        d_model=4096, d_ff=10240, d_kv=64, num_heads=64, num_layers=24, feed_forward_proj="gated-gelu",
        vocab_size=32128, tie_word_embeddings=False,
    )  # fmt: skip
    with torch.device("meta"):
        found = {
            "sd15-inpaint": lambda: [
                UNet2DConditionModel(**unet, cross_attention_dim=768),
                CLIPTextModel(CLIPTextConfig(**narrow)),
                AutoencoderKL(**autoencoder),
            ],
            "sd2-inpaint": lambda: [
                UNet2DConditionModel(
                    **unet, cross_attention_dim=1024, attention_head_dim=(5, 10, 20, 20), use_linear_projection=True
                ),
                CLIPTextModel(CLIPTextConfig(**of_sd2)),
                AutoencoderKL(**autoencoder),
            ],
            "sdxl-inpaint": lambda: [
                UNet2DConditionModel(**sdxl),
                CLIPTextModel(CLIPTextConfig(**narrow)),
                CLIPTextModelWithProjection(CLIPTextConfig(**wide)),
                AutoencoderKL(**autoencoder),
            ],
            "flux-fill": lambda: [
                FluxTransformer2DModel(in_channels=384, out_channels=64, guidance_embeds=True),
                CLIPTextModel(CLIPTextConfig(**narrow)),
                T5EncoderModel(t5),
                AutoencoderKL(**autoencoder, latent_channels=16, use_quant_conv=False, use_post_quant_conv=False),
            ],
        }[method]()
    return sum(tensor.numel() for network in found for tensor in network.parameters())
