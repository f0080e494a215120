"""The formats: a valid file of each in the workspace, how it is broken, and what reads it."""

from collections.abc import Iterator
from pathlib import Path

import breakage
import breakage_binary as binary
import breakage_weights as weights
from fuzz_networks import CLIP_FILES, clip_values, own_table, regressor, timm_features
from fuzz_readers import (
    ADD,
    CHECKS,
    COMPARE,
    GATE,
    LONG,
    OBJECTS,
    PAIRS,
    SCORE,
    SCORE_RUN,
    STATUS,
    TABLE,
    TIMES,
    WHOLE,
    accepted,
    added,
    cached,
    hashed_again,
    jobs_come_back_to,
    listed,
    locked,
    log,
    merged,
    model_index,
    reported,
    reported_again,
    resumed,
    settings,
    snapshot,
    tensorflow,
    tensors,
    units_gone_on_with,
    verified,
    with_kept_list,
)
from fuzz_study import COMPARED as WITH_PEOPLE
from fuzz_study import answered, counted
from fuzzing import Format, command
from timm_weights import TINY

from inpaint_bench.report.leaderboard.card import read_card

CODES = frozenset({2, 3, 5})
COMPARED = frozenset({2, 3, 4, 5})  # where two runs are compared, they may be of different pairs
TEXT, JSON, TOML, CSV, BYTES = breakage.TEXT, breakage.JSON, breakage.TOML, breakage.CSV, breakage.BYTES


def _kind(name: str, *breaks: breakage.Break) -> Format:
    return Format(name, f"kinds/{name}", (*BYTES, *breaks), verified)


def _hashes_fit() -> Iterator[Format]:
    """The files of a run, each with hashes that fit it, and each way of reading them."""
    ways = {
        "compared": (COMPARE, COMPARED), "listed": (listed, CODES), "drawn": (OBJECTS, CODES),
        "merged": (merged, COMPARED),
    }  # fmt: skip
    for name, (file, breaks, chosen) in {
        "scores": ("telea/scores.csv", CSV, ("compared", "listed", "merged")),
        "results": ("results.jsonl", JSON, ("compared", "listed")),
        "pairs": ("pairs.csv", CSV, ("compared", "listed", "drawn", "merged")),
        "features": ("telea/features.lite0.npy", (*BYTES, *binary.NPY), ("compared", "listed", "merged")),
        "index of features": ("telea/features.lite0.json", JSON, ("compared", "merged")),
        "objects": ("telea/objects.nanodet.jsonl", JSON, ("compared", "listed", "drawn", "merged")),
        "objects of targets": ("_targets/objects.nanodet.jsonl", JSON, ("drawn",)),
    }.items():
        for how in chosen:
            read, codes = ways[how]
            path = f"parts/run/{file}" if how == "merged" else f"run/{file}"
            yield Format(
                f"{name} whose hash fits, {how}", path, breaks, hashed_again(read), False, codes, how != "compared", 0.6
            )


def _clip_folder() -> Iterator[Format]:
    """The files of a CLIP model, as transformers saves one."""
    for name in CLIP_FILES:
        breaks = JSON if name.endswith("json") else (*BYTES, *weights.SAFETENSORS)
        yield Format(f"{name} of CLIP", f"clip/{name}", breaks, clip_values, hashed=False, slow=True)


FORMATS = [
    Format("protocol page", "tiny.toml", TOML, WHOLE),
    Format("list of pairs", "list.csv", CSV, PAIRS),
    Format("list of pairs, verified", "kinds.csv", CSV, verified),
    Format("list of pairs in the cache", "kept/pairs/list.csv", CSV, with_kept_list),
    Format("values in the cache", "kept/values.sqlite", BYTES, cached),
    Format("index array", "index.npy", (*BYTES, *binary.NPY), command(
        "pairs", "import", "--dataset", "tiny.toml", "--index", "index.npy", "--out", "imported.csv"), hashed=False),
    Format("mapping of CelebA-HQ", "hq/CelebA-HQ-to-CelebA-mapping.txt", TEXT,
           command("pairs", "show", "--dataset", "hq.toml"), hashed=False),
    Format("image", "data/images/picture0.png", (*BYTES, *binary.PNG), PAIRS),
    Format("mask", "data/masks/mask0.png", (*BYTES, *binary.PNG), PAIRS),
    Format("zip archive of images", "published.zip", (*BYTES, *weights.ZIP), added("published.zip"), hashed=False),
    Format("zip archive of images, flipped", "published.zip", BYTES, added("published.zip"), share=0.5),
    Format("tar archive of images", "published.tar", (*BYTES, weights.old_tar), added("published.tar"), hashed=False),
    Format("tar.gz archive of images", "published.tar.gz", BYTES, added("published.tar.gz"), hashed=False, share=0.5),
    _kind("images/a.jpg", *binary.JPEG), _kind("images/b.webp"), _kind("images/c.bmp"),
    _kind("masks/b.bmp"), _kind("masks/c.webp"),
    Format("prediction", "done/picture1.png", BYTES, SCORE),
    Format("prediction, written anew", "done/picture1.png", binary.PNG, SCORE, hashed=False),
    Format("composite", "run/telea/composites/00001.png", (*BYTES, *binary.PNG), reported, share=0.5),
    Format("run.json", "run/run.json", JSON, TABLE),
    Format("run.json, reported", "run/run.json", JSON, reported, share=0.5, slow=True),
    Format("report of before", "before/data.js", BYTES, reported_again, share=0.5, slow=True),
    Format("run.json of a part", "parts/run/run.json", JSON, merged, codes=COMPARED, share=0.5, slow=True),
    Format("pairs.csv of a run", "run/pairs.csv", CSV, COMPARE),
    Format("results.jsonl", "run/results.jsonl", JSON, TABLE),
    Format("results.jsonl, reported", "run/results.jsonl", JSON, reported, share=0.5, slow=True),
    Format("SHA256SUMS", "run/SHA256SUMS", TEXT, TABLE),
    Format("scores.csv", "run/telea/scores.csv", CSV, COMPARE),
    Format("scores.csv, scored again", "run/telea/scores.csv", CSV, SCORE_RUN, share=0.2, slow=True),
    Format("scores.csv, listed", "run/telea/scores.csv", CSV, LONG),
    Format("features of a run", "run/telea/features.lite0.npy", (*BYTES, *binary.NPY), COMPARE),
    Format("index of features", "run/telea/features.lite0.json", JSON, COMPARE),
    Format("objects of a run", "run/telea/objects.nanodet.jsonl", JSON, COMPARE),
    Format("objects, drawn", "run/telea/objects.nanodet.jsonl", JSON, OBJECTS),
    Format("objects of the targets", "run/_targets/objects.nanodet.jsonl", JSON, TABLE),
    *_hashes_fit(),
    Format("plan of units", "run.units/plan.json", JSON, STATUS, hashed=False),
    Format("plan of units, gone on with", "run.units/plan.json", JSON, units_gone_on_with),
    Format("states of units", "run.units/states.json", JSON, STATUS, hashed=False),
    Format("try of a unit", "run.units/telea.1of2.attempt", JSON, STATUS, hashed=False),
    Format("try of a trial, sized by", "run.units/mean-fill.1of3.attempt", JSON, units_gone_on_with),
    Format("job of a unit", "run.units/telea.1of2.job", TEXT, jobs_come_back_to),
    Format("answers to a study", "answers/000000.json", JSON, answered, hashed=False, codes=COMPARED, share=0.5),
    Format("key of a study", "voted.study/key.json", JSON, answered, hashed=False, codes=COMPARED, share=0.5),
    Format("votes of a study", "voted/_study/votes.json", JSON, WITH_PEOPLE, share=0.5),
    Format("votes whose hash fits, compared", "voted/_study/votes.json", JSON, hashed_again(WITH_PEOPLE), share=0.5),
    Format("votes whose hash fits, counted", "voted/_study/votes.json", JSON, hashed_again(counted), hashed=False,
           share=0.5),
    Format("times", "run/telea/timing.json", JSON, TIMES, hashed=False),
    Format("times, reported", "run/telea/timing.json", JSON, reported, hashed=False, share=0.5, slow=True),
    Format("expected results", "expected/results.jsonl", JSON, GATE, codes=COMPARED),
    Format("run.json of expected results", "expected/run.json", JSON, GATE, codes=COMPARED),
    Format("scores of expected results", "expected/telea/scores.csv", CSV, GATE),
    Format("history", "expected/history.jsonl", JSON, GATE),
    Format("history, accepted again", "expected/history.jsonl", JSON, accepted, hashed=False),
    Format("submission", "leaderboard/tiny/telea.jsonl", JSON, command(
        "leaderboard", "check", "leaderboard/tiny/telea.jsonl"), hashed=False, codes=COMPARED),
    Format("card of a submission", "card.toml", TOML, lambda: repr(read_card(Path("card.toml"))), hashed=False),
    Format("policy", "policy.toml", TOML, command("gate", "run", "--expected", "expected", "--policy", "policy.toml"),
           hashed=False),
    Format("reported numbers", "reported.csv", CSV, command(
        "table", "run", "--reported", "reported.csv", "--format", "csv"), hashed=False),
    Format("reported numbers, checked", "reported.csv", CSV, command(
        "claims", "check", "--reported", "reported.csv", "--format", "json", good=(0, 1)), hashed=False),
    Format("card", "baselines/mine/card.toml", TOML, command("methods", "show", "mine", "--baselines", "baselines"),
           hashed=False),
    Format("reference activations", "golden.json", JSON, command("check", "rn", "--golden", "golden.json", good=(0, 1)),
           hashed=False, share=0.2, slow=True),
    Format("features", "x.npy", (*BYTES, *binary.NPY), command("score", "--features", "x.npy", "y.npy"),
           hashed=False, share=0.5, slow=True),
    Format("checkpoint", "authors/new.pth", (*BYTES, *weights.ZIP), tensors("authors/new.pth"), hashed=False),
    Format("checkpoint, flipped", "authors/new.pth", BYTES, tensors("authors/new.pth")),
    Format("checkpoint, added", "authors/wrapped.ckpt", (*BYTES, *weights.ZIP), command(*ADD, "authors/wrapped.ckpt"),
           hashed=False),
    Format("checkpoint of others", "authors/new.pth", weights.CHECKPOINTS, command(*ADD, "authors/new.pth"),
           hashed=False, share=0.5),
    Format("legacy checkpoint", "authors/old.pth", (*BYTES, *weights.PICKLE), command(*ADD, "authors/old.pth"),
           hashed=False),
    Format("zipped checkpoint", "authors/packed.zip", (*BYTES, *weights.ZIP), command(*ADD, "authors/packed.zip"),
           hashed=False),
    Format("MAT's snapshot", "authors/mat.pkl", (*BYTES, *weights.PICKLE), snapshot, hashed=False),
    Format("index of a model", "model/model_index.json", JSON, model_index, hashed=False),
    Format("safetensors", "authors/mine.safetensors", (*BYTES, *weights.SAFETENSORS),
           command(*ADD, "authors/mine.safetensors"), hashed=False),
    Format("weights of timm", "authors/timm.safetensors", (*BYTES, *weights.SAFETENSORS),
           timm_features("authors/timm.safetensors"), hashed=False, share=0.5),
    Format("weights of timm, of torch", "authors/timm.bin", (*BYTES, *weights.ZIP), timm_features("authors/timm.bin"),
           hashed=False, share=0.5),
    Format("weights of timm that were added", f"weights/extractors/timm-{TINY}.safetensors",
           (*BYTES, *weights.SAFETENSORS), timm_features(), share=0.5),
    Format("ARNIQA's regressor", "authors/regressor.pth", (*BYTES, *weights.ZIP), regressor, hashed=False),
    Format("ARNIQA's regressor, flipped", "authors/regressor.pth", BYTES, regressor),
    *_clip_folder(),
    Format("run.json of a run with one's own metric", "own/run.json", JSON, own_table, codes=COMPARED, share=0.5),
    Format("weights that were added", "weights/mine/tiny.safetensors", (*BYTES, *weights.SAFETENSORS), CHECKS),
    Format("note of weights", "weights/mine/tiny.json", JSON, CHECKS, hashed=False),
    Format("notes of weights, listed", "weights/mine/tiny.json", JSON, command("weights", "list"), hashed=False),
    Format("lock file of weights", "weights.lock.toml", TOML, locked, hashed=False),
    Format("TensorFlow index", "tf/model.ckpt.index", (*BYTES, *weights.TENSORFLOW), tensorflow, hashed=False),
    Format("TensorFlow index, flipped", "tf/model.ckpt.index", BYTES, tensorflow),
    Format("TensorFlow data", "tf/model.ckpt.data-00000-of-00001", BYTES, tensorflow),
    Format("training settings", "train.toml", TOML, settings, hashed=False),
    Format("training checkpoint", "trained/checkpoint.pt", (*BYTES, *weights.ZIP), resumed, hashed=False, slow=True),
    Format("training checkpoint, flipped", "trained/checkpoint.pt", BYTES, resumed, slow=True),
    Format("training log", "trained/losses.csv", CSV, log, hashed=False),
]  # fmt: skip
