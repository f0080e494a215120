"""The page of a study in a browser, opened from disk: whole sessions, and the file that they end in."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tiny
from browsing import DESKTOP, PHONE, SETTLED, opened_browser
from finished import finished_run
from reported_run import working_in

from inpaint_bench.cli import run_cli
from inpaint_bench.study.key import Compared, Key, read_key

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

pytestmark = pytest.mark.acceptance

QUESTION = "Which looks more natural? <b>&</b>"
SLOW = 10_000  # ms
ADDRESS = "https://organiser.example/answers"


class Session:
    """A rater at the page."""

    def __init__(self, page: "Page", key: Key) -> None:
        self.page, self.key = page, key
        self.made: list[str] = []

    def trial(self) -> Compared:
        """What is on the screen, by the key."""
        return self.key.blocks[self.block()][len(self.made)]

    def block(self) -> int:
        """The number of the block in the address."""
        return int(self.page.evaluate("location.hash").removeprefix("#block="))

    def wanted(self) -> str:
        """The right answer to a check; else the method of the lower number, whichever side it is on."""
        trial = self.trial()
        return trial.right_answer or ("left" if trial.left < trial.right else "right")

    def start(self) -> None:
        """Agree."""
        self.page.get_by_role("button", name="I agree, start").click()

    def choose(self, act: Callable[[str], None]) -> None:
        """Make the wanted choice once the trial is there."""
        number, wanted = len(self.made), self.wanted()
        self.page.get_by_text(f"{number + 1} of {len(self.key.blocks[self.block()])}").wait_for(timeout=SLOW)
        self.page.wait_for_timeout(300)  # shorter ones do not count
        act(wanted)
        self.made.append(wanted)

    def finish(self, act: Callable[[str], None]) -> dict[str, Any]:
        """Choose until the end; the file that is downloaded there."""
        while len(self.made) < len(self.key.blocks[self.block()]):
            self.choose(act)
        return self.downloaded()

    def downloaded(self) -> dict[str, Any]:
        """The file that the last view gives."""
        link = self.page.get_by_role("link", name="Download your answers")
        link.wait_for(timeout=SLOW)
        with self.page.expect_download() as waiting:
            link.click()
        found = json.loads(Path(waiting.value.path()).read_text())
        assert waiting.value.suggested_filename == f"answers-{found['rater'][:8]}.json"
        assert isinstance(found, dict)
        return found

    def keys(self, wanted: str) -> None:
        """A choice by the keyboard: by turns an arrow and a digit."""
        arrows, digits = {"left": "ArrowLeft", "right": "ArrowRight"}, {"left": "1", "right": "2"}
        self.page.keyboard.press((arrows, digits)[len(self.made) % 2][wanted])

    def tap(self, wanted: str) -> None:
        """A choice by a tap on the picture."""
        self.page.locator(f"#{wanted}-image").tap()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with opened_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Path:
    """A folder with a run and its study."""
    folder = tmp_path_factory.mktemp("studied")
    page = tiny.make_dataset(folder / "dataset", count=8, metrics=["psnr"])
    with working_in(folder, compiled):
        finished_run(page, folder / "run", ["telea", "mean-fill", "biharmonic"])
        command = ["study", "make", "run", "--question", QUESTION, "--data", "dataset/data", "--show", "both"]
        assert run_cli([*command, "--pairs", "6", "--votes-per-rater", "6", "--raters", "6"]) == 0
    return folder


@contextlib.contextmanager
def session(
    browser: "Browser", study: Path, size: tuple[int, int], touch: bool = False, script: str = "", block: int = 2
) -> Iterator[Session]:
    """The page in a window. At the end it has no errors, and nothing was asked of any network."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, has_touch=touch, accept_downloads=True
    )
    if script:
        context.add_init_script(script)
    page = context.new_page()
    page.set_default_navigation_timeout(120_000)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    inside = f"{(study / 'public').as_uri()}/"
    page.on(
        "request",
        lambda request: None if request.url.startswith((inside, "data:")) else wrong.append(request.url),
    )
    page.goto(f"{inside}index.html#block={block}")
    yield Session(page, read_key(study))
    context.close()
    assert wrong == []


def read_back(folder: Path, tmp_path: Path, read: dict[str, Any], made: list[str]) -> None:
    """The file says what was chosen, and `study read` makes votes of it."""
    assert [one["choice"] for one in read["answers"]] == made
    assert all(150 <= one["ms"] < 60_000 for one in read["answers"])
    (tmp_path / "answers.json").write_text(json.dumps(read))
    study, run = folder / "run.study", folder / "run"
    assert run_cli(["study", "read", str(study), str(tmp_path / "answers.json"), "--run", str(run)]) == 0
    stored = json.loads((run / "_study" / "votes.json").read_text())
    trials = [one for one in read_key(study).blocks[read["block"]] if not one.right_answer]
    assert [vote[2] for vote in stored["votes"]] == [min(one.left, one.right) for one in trials]


def test_a_whole_session_by_keyboard_reads_back_as_the_choices_made(
    browser: "Browser", written: Path, tmp_path: Path
) -> None:
    with session(browser, written / "run.study", DESKTOP) as rater:
        assert rater.page.evaluate("document.activeElement.id") == "consent-title"
        rater.page.keyboard.press("Tab")
        rater.page.keyboard.press("Enter")
        assert rater.page.locator("#question").inner_text() == QUESTION
        assert rater.page.evaluate("document.activeElement.id") in ("question", "")
        assert rater.page.locator("figcaption").all_inner_texts() == ["Missing region in grey", "Original"]
        read = rater.finish(rater.keys)
        assert rater.page.evaluate("document.activeElement.id") in ("end-title", "download")
        assert read["block"] == 2
        assert len(read["rater"]) == 32
        read_back(written, tmp_path, read, rater.made)


def test_a_whole_session_by_touch_at_phone_width_fits_it_and_reads_back(
    browser: "Browser", written: Path, tmp_path: Path
) -> None:
    with session(browser, written / "run.study", PHONE, touch=True, block=3) as rater:
        rater.page.get_by_role("button", name="I agree, start").tap()
        rater.choose(rater.tap)
        rater.page.evaluate(SETTLED)
        width = rater.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width[0] <= width[1]
        for side in ("#left", "#right"):
            box = rater.page.locator(side).bounding_box()
            assert box is not None
            assert box["width"] >= 150
            assert box["height"] >= 44
            assert box["y"] + box["height"] <= PHONE[1]
        read_back(written, tmp_path, rater.finish(rater.tap), rater.made)


NO_STORAGE = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("no", "SecurityError"); },
});"""


@pytest.mark.parametrize("script", ["", NO_STORAGE], ids=["storage", "no storage"])
def test_a_session_goes_on_after_a_reload_with_what_was_chosen_before(
    browser: "Browser", written: Path, tmp_path: Path, script: str
) -> None:
    with session(browser, written / "run.study", DESKTOP, script=script, block=4) as rater:
        rater.start()
        for _ in range(5):
            rater.choose(rater.keys)
        rater.page.reload()
        rater.page.get_by_text(f"6 of {len(rater.key.blocks[4])}").wait_for(timeout=SLOW)
        read = rater.finish(rater.keys)
        read_back(written, tmp_path, read, rater.made)
        rater.page.reload()
        assert rater.downloaded() == read


def test_a_held_key_and_a_second_tap_choose_only_once(browser: "Browser", written: Path) -> None:
    with session(browser, written / "run.study", DESKTOP) as rater:
        rater.start()
        rater.choose(rater.keys)
        for _ in range(5):
            rater.page.keyboard.down("1")  # the browser repeats it
        rater.page.keyboard.up("1")
        rater.page.evaluate(SETTLED)
        assert rater.page.locator("#count").inner_text().startswith("2 of ")


def test_without_a_link_to_a_block_the_rater_draws_one(browser: "Browser", written: Path) -> None:
    with session(browser, written / "run.study", DESKTOP) as rater:
        rater.page.goto(f"{(written / 'run.study' / 'public').as_uri()}/index.html#")
        rater.page.reload()
        rater.start()
        kept = rater.page.evaluate("JSON.parse(Object.values(localStorage)[0])")
        assert 0 <= kept["block"] < 6
        assert kept.keys() == {"rater", "block", "agreed", "sent", "answers"}


def test_every_control_has_a_name_and_texts_have_contrast(browser: "Browser", written: Path) -> None:
    with session(browser, written / "run.study", DESKTOP) as rater:
        rater.start()
        rater.page.evaluate(SETTLED)
        names = [one.get_attribute("alt") for one in rater.page.locator("#trial img").all()]
        assert len(names) == 4
        assert all(names)
        assert rater.page.get_by_role("button", name="Left image").count() == 1
        assert rater.page.get_by_role("progressbar").count() == 1
        for scheme in ("light", "dark"):
            rater.page.emulate_media(color_scheme=scheme)
            assert rater.page.evaluate(CONTRAST) >= 4.5


CONTRAST = """() => {
  const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (text) => {
    const [r, g, b] = text.match(/\\d+/g).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.documentElement).backgroundColor);
  const ratios = [...document.querySelectorAll("#trial h1, #trial .progress, figcaption")].map((one) => {
    const ink = light(getComputedStyle(one).color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  });
  return Math.min(...ratios);
}"""


def test_answers_are_posted_to_the_organiser_and_nowhere_else(
    browser: "Browser", written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(written)
    command = ["study", "make", "run", "--question", "Which?", "--data", "dataset/data", "--pairs", "2"]
    out = tmp_path / "posting"
    assert run_cli([*command, "--post", ADDRESS, "--out", str(out)]) == 0
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    posted: list[str] = []
    asked_for: list[str] = []

    def receive(route: "Route") -> None:
        posted.append(route.request.post_data or "")
        status = 503 if len(posted) == 1 else 200
        route.fulfill(status=status, headers={"Access-Control-Allow-Origin": "*"}, body="")

    page.route(re.compile("https://"), receive)
    page.on("request", lambda request: asked_for.append(request.url))
    page.goto(f"{(out / 'public').as_uri()}/index.html#block=0")
    rater = Session(page, read_key(out))
    rater.start()
    read = rater.finish(rater.keys)
    page.get_by_text("Your answers could not be sent.").wait_for(timeout=SLOW)
    page.reload()
    page.get_by_text("Your answers were sent.").wait_for(timeout=SLOW)
    assert page.evaluate("fetch('https://other.example/').then(() => 'got it', () => 'refused')") == "refused"
    context.close()
    assert [url for url in asked_for if not url.startswith(("file:", "data:"))] == [ADDRESS, ADDRESS]
    assert [json.loads(one) for one in posted] == [read, read]
    assert [one["choice"] for one in read["answers"]] == rater.made
