"""A tiny CLIP model with random weights, saved as transformers saves one; built from configurations, not downloaded."""

from pathlib import Path

import torch

SIDE = 32  # pixels of its input


def save(folder: Path, seed: int = 0) -> Path:
    """The model in a folder, which is returned."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    letters = [chr(code) for code in range(33, 127)]
    words = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {"vocab_size": len(words), "bos_token_id": 0, "eos_token_id": 1, "max_position_embeddings": 77}
    config = CLIPConfig(
        text_config={**tower, **text, "projection_dim": 16},
        vision_config={**tower, "image_size": SIDE, "patch_size": 8, "projection_dim": 16},
        projection_dim=16,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        CLIPModel(config).save_pretrained(folder)
    tokenizer = CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=77)
    sizes = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
    CLIPProcessor(CLIPImageProcessor(**sizes), tokenizer).save_pretrained(folder)
    return folder
