"""The paper's own tables, made from what is reported of them, digit by digit; and reported beside measured."""

import csv
import io
import re
from pathlib import Path

import pytest
from invented import mae, marked, result, table_of, texts

from inpaint_bench.analysis.reported import Reported
from inpaint_bench.analysis.reported_selection import select
from inpaint_bench.analysis.results import Result
from inpaint_bench.analysis.statistics import Significance
from inpaint_bench.errors import InputError
from inpaint_bench.tables.build import PLAIN, reported_table_of
from inpaint_bench.tables.formats import SUFFIX
from inpaint_bench.tables.table import STYLES, Table, TableOptions

# Tables 1, 2 and 6 of "Fully Context-Aware Image Inpainting with a Learned Semantic Pyramid" as they are printed,
# columns from left to right; written down apart from results/reported.
TABLE_1 = """
ssim ec        0.847  0.695  0.832  0.922  0.815  0.905  0.880  0.740  0.849
ssim mfe       0.816  0.652  0.804  0.916  0.807  0.900  0.872  0.707  0.834
ssim rfr       0.856  0.704  0.839  0.931  0.838  0.917  0.893  0.763  0.863
ssim rn        0.875  0.726  0.855  0.941  0.852  0.925  0.891  0.756  0.861
ssim wf        0.855  0.647  0.820      -      -      -  0.895  0.765  0.864
ssim ctsdg     0.848  0.696  0.837  0.923  0.819  0.907  0.888  0.746  0.855
ssim spl       0.894  0.759  0.875  0.950  0.869  0.935  0.911  0.790  0.882
ssim spn       0.897  0.763  0.877  0.952  0.871  0.937  0.916  0.795  0.886
psnr ec        24.17  20.32  25.07  29.47  24.08  30.34  27.65  22.81  27.50
psnr mfe       22.89  19.13  23.94  29.03  23.85  30.13  27.22  22.07  27.07
psnr rfr       24.38  20.42  25.48  30.33  25.09  31.38  28.32  23.71  28.36
psnr rn        25.44  21.08  26.37  31.17  25.51  32.17  28.44  23.53  28.37
psnr wf        24.57  19.31  24.77      -      -      -  28.66  23.88  28.21
psnr ctsdg     24.16  20.36  25.54  29.48  24.21  30.62  28.08  23.39  28.11
psnr spl       26.47  22.05  27.55  32.17  26.43  33.23  29.34  24.47  29.38
psnr spn       26.65  22.18  27.72  32.39  26.54  33.52  29.76  24.67  29.69
mae  ec        0.221  0.456  0.248  0.111  0.274  0.140  0.148  0.364  0.204
mae  mfe       0.266  0.542  0.296  0.119  0.284  0.145  0.159  0.412  0.226
mae  rfr       0.212  0.445  0.240  0.099  0.237  0.121  0.134  0.324  0.182
mae  rn        0.187  0.412  0.218  0.091  0.229  0.115  0.136  0.337  0.187
mae  wf        0.216  0.583  0.285      -      -      -  0.132  0.330  0.185
mae  ctsdg     0.220  0.452  0.237  0.109  0.267  0.135  0.138  0.338  0.189
mae  spl       0.164  0.363  0.191  0.080  0.203  0.102  0.115  0.292  0.161
mae  spn       0.158  0.351  0.185  0.077  0.200  0.099  0.109  0.282  0.154
fid  ec         9.63  23.04   6.08  10.41  14.40   7.24  43.45  87.70  44.95
fid  mfe       21.07  48.74  15.38  11.12  15.42   7.95  47.22 100.85  50.33
fid  rfr        8.43  21.82   5.27  10.22  14.57   7.15  37.51  77.15  39.44
fid  rn         9.27  25.00   6.10  11.39  18.00   8.16  64.78 134.00  66.54
fid  wf         7.75  42.46   9.37      -      -      -  33.20  73.31  38.36
fid  ctsdg     15.88  42.19  12.36  11.32  17.57   8.14  46.52  98.76  49.19
fid  spl        8.30  23.98   5.56  10.27  12.94   6.88  41.41  93.41  46.13
fid  spn        7.68  20.73   4.73  10.16  12.38   6.77  34.00  70.76  36.82
"""
TABLE_2 = """
ssim pic       0.962  0.875  0.742  0.860  0.944  0.844  0.660  0.802
ssim dsi       0.964  0.880  0.758  0.868      -      -      -      -
ssim spn-prob  0.971  0.894  0.777  0.881  0.966  0.896  0.763  0.865
psnr pic       33.80  26.56  22.13  27.49  31.96  26.16  21.28  25.93
psnr dsi       34.42  26.92  22.75  28.03      -      -      -      -
psnr spn-prob  35.72  27.68  23.32  28.90  35.03  28.71  23.66  28.56
mae  pic       0.046  0.161  0.359  0.187  0.067  0.185  0.473  0.261
mae  dsi       0.044  0.155  0.329  0.175      -      -      -      -
mae  spn-prob  0.038  0.140  0.305  0.160  0.045  0.127  0.323  0.179
fid  pic        8.82  16.44  27.82   8.71  40.42  72.43 120.10  68.00
fid  dsi        7.15  12.98  21.34   6.30      -      -      -      -
fid  spn-prob   3.22   8.99  16.54   4.08  34.07  45.66  78.86  46.97
"""
TABLE_6 = """
ec       21 0.03
mfe      130 0.05
rfr      30 0.02
rn       11 0.04
wf       49 0.06
ctsdg    52 0.05
spl      45 0.04
spn      50 0.05
pic      10 0.03
dsi      256 25
spn-prob 68 0.07
"""

HEADS = {
    "table1": [
        f"{name} {bucket}" for name in ("places2", "celeba", "paris") for bucket in ("0.2-0.4", "0.4-0.6", "All")
    ],
    "table2": [
        f"{name} {bucket}" for name in ("celeba-hq", "paris") for bucket in ("0.0-0.2", "0.2-0.4", "0.4-0.6", "All")
    ],
}
PSNR = "psnr:rgb:u8t:comp:v1"
MEANS = {"mae": "mae_spn"}  # which metric of ours the paper's heading means


def own(style: str) -> Table:
    """The table that a style is named for."""
    return reported_table_of(TableOptions(style))


def chosen(text: str, options: TableOptions) -> list[Reported]:
    """The cells that a text selects for a table."""
    return select(text, options.layout.shape, options.methods, options.metrics, (("mine", "spn"), ("psnr", "mae_spn")))


def rows_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.split("\n") if line]


@pytest.mark.parametrize(("style", "printed"), [("table1", TABLE_1), ("table2", TABLE_2)])
def test_the_papers_tables_are_made_with_every_printed_digit(style: str, printed: str) -> None:
    table = own(style)
    rows = table.heads("row")
    made = [[*row] for row in zip(rows["metric"], rows["method"], *zip(*texts(table), strict=True), strict=True)]
    assert made == [[MEANS.get(metric, metric), *others] for metric, *others in rows_of(printed)]
    columns = table.heads("column")
    assert list(columns["group"] + " " + columns["title"]) == HEADS[style]


def test_table_6_is_made_with_every_printed_digit() -> None:
    table = own("table6")
    methods = table.heads("row")["method"]
    assert [[method, *cells] for method, cells in zip(methods, texts(table), strict=True)] == rows_of(TABLE_6)
    assert list(table.heads("column")["title"]) == ["parameters (million)", "time (s)"]


@pytest.mark.parametrize("format_", SUFFIX)
@pytest.mark.parametrize(("style", "printed"), [("table1", TABLE_1), ("table2", TABLE_2), ("table6", TABLE_6)])
def test_every_format_prints_the_digits_in_their_order(style: str, printed: str, format_: str) -> None:
    text = getattr(own(style), f"to_{format_}")()
    start = 0
    for number in (word for line in rows_of(printed) for word in line if word[0].isdigit()):
        start = text.index(number, start) + len(number)


def test_mae_is_said_to_be_in_tenths_and_which_metric_it_means() -> None:
    table = own("table1")
    assert list(table.heads("row")["heading"].unique()) == ["ssim ↑", "psnr ↑", "mae_spn (10^-1) ↓", "fid ↓"]
    assert "mae_spn of SPN 2023: read as mae_spn:rgb:channel-mean:u8t:comp:v1, printed as mae" in table.notes
    plain = reported_table_of(TableOptions(), "SPN 2023:1").numbers
    found = plain[(plain["metric"] == "mae_spn") & (plain["column"] == 0)].sort_values("row").iloc[0]
    assert (found["digits"], found["unit"]) == ("0.0221", "")  # 0.221 in 10^-1


def test_nothing_reported_is_ranked() -> None:
    assert not any(own(style).numbers["rank"].any() for style in ("table1", "table2", "table6"))


def test_the_ablations_of_a_paper_stand_apart_by_table() -> None:
    table = reported_table_of(TableOptions("ablation"), "all")
    assert list(table.heads("row")["source"].unique()) == [f"SPN 2023, Table {number}" for number in (3, 4, 5)]
    text = table.to_text()
    assert "spl (64) (reported 1)" in text
    assert "spn (12 blocks) (reported 2)" in text
    assert "(reported 3): as SPN 2023, Table 5 prints it, ranked with nothing." in text


def measured() -> list[Result]:
    changes = {"dataset": "paris", "n": 100}
    return [
        result(signature=PSNR, value=29.5, method="spn", **changes),
        result(signature=PSNR, value=28.25, method="mine", **changes),
        mae(0.01544, method="spn", **changes),
    ]


def test_reported_rows_stand_under_measured_ones_of_the_same_signature() -> None:
    options = TableOptions("table1", metrics=("psnr", "mae_spn"), methods=("mine", "spn"))
    table = table_of(measured(), options, reported=chosen("SPN 2023:1", options))
    rows = table.heads("row")[["metric", "unit", "name", "source"]].itertuples(index=False, name=None)
    assert [(*row, cells[-1]) for row, cells in zip(rows, texts(table), strict=True)] == [
        ("psnr", "", "mine", "", "28.25"),
        ("psnr", "", "spn", "", "29.50"),
        ("psnr", "", "spn (reported)", "SPN 2023, Table 1", "29.69"),
        ("mae_spn", "10^-1", "spn", "", "0.154"),
        ("mae_spn", "10^-1", "spn (reported)", "SPN 2023, Table 1", "0.154"),
    ]
    assert "(reported): as SPN 2023, Table 1 prints it, ranked with nothing." in table.notes


def test_what_is_read_another_way_never_shares_a_block_or_a_column() -> None:
    rounded = [result(dataset="paris", n=100, value=29.5, method="spn")]  # u8r where the paper's code truncates
    for style in ("table1", "ablation"):
        options = TableOptions(style, methods=("spn",), metrics=("psnr", "fid"))
        lines = table_of(rounded, options, reported=chosen("SPN 2023:1", options)).to_csv().splitlines()
        if style == "table1":
            assert [line.split(",")[:3] for line in lines[1:]] == [
                ["psnr", "psnr:rgb:u8r:comp:v1", "spn"],
                ["psnr", "psnr:rgb:u8t:comp:v1", "spn"],
                ["fid", "", "spn"],
            ]
        else:
            assert lines[1:] == ["spn,measured,29.50,-,-", 'spn,"SPN 2023, Table 1",-,29.69,36.82']


def test_reported_numbers_take_no_part_in_the_marks() -> None:
    place = ("paris", "all", "psnr", PSNR)
    alone = Significance(100, "spn", {"spn": 29.5, "mine": 28.25}, {}, {"spn": "best", "mine": "worse"})
    options = TableOptions("table1", metrics=("psnr",))
    table = table_of(measured(), options, {place: alone}, reported=chosen("SPN 2023:1", options))
    rows = zip(table.heads("row")["metric"], table.heads("row")["name"], marked(table), strict=True)
    ranks = {name: row[-1] for metric, name, row in rows if metric == "psnr"}
    assert ranks.pop("spn") == "best"
    assert set(ranks.values()) == {""}
    assert len(ranks) == 1 + 8


def test_reported_rows_are_in_another_shade_in_every_format() -> None:
    options = TableOptions("table1", metrics=("psnr",), methods=("spn",))
    table = table_of(measured()[:1], options, reported=chosen("SPN 2023:1", options))
    assert "\\color{gray}spn (reported) & " in table.to_latex()
    assert "\\color{gray}29.69 \\\\" in table.to_latex()
    assert re.findall(r'class="[^"]*reported[^"]*" >([^<]*)<', table.to_html()) == texts(table)[1]
    assert re.search(r"\| \*spn \(reported\)\* +\|.* \*29\.69\* \|\n", table.to_markdown())
    (dim,) = [line for line in table.to_text(color=True).splitlines() if line.startswith("\x1b[2m")]
    assert "spn (reported)" in dim
    assert dim.endswith("29.69\x1b[0m")
    (first, second) = csv.DictReader(io.StringIO(table.to_csv()))
    assert (first["source"], second["source"]) == ("measured", "SPN 2023, Table 1")
    assert first["method"] == second["method"] == "spn"


def test_a_rule_separates_metrics_and_reported_rows_in_every_format_that_has_rules() -> None:
    options = TableOptions("table1", metrics=("psnr", "mae_spn"), methods=("mine", "spn"))
    table = table_of(measured(), options, reported=chosen("SPN 2023:1", options))  # two metrics, both also reported
    assert sum(line.startswith("---") for line in table.to_text().splitlines()) == 4
    assert table.to_latex().count("\\midrule") == 4
    firsts = re.findall(r"<tr>(?:(?!</tr>).)*?first(?:(?!</tr>).)*?</tr>", table.to_html(), flags=re.DOTALL)
    assert len(firsts) == 4


def refused(text: str, options: TableOptions = PLAIN) -> str:
    with pytest.raises(InputError) as found:
        chosen(text, options)
    return str(found.value)


def test_a_paper_or_table_that_is_not_there_is_refused() -> None:
    assert refused("SPM 2023") == "no paper here is called 'SPM 2023'. Did you mean 'SPN 2023'? Known: SPN 2023."
    assert refused("SPN 2023:7") == "no table of SPN 2023 is called '7'. Known: 1, 2, 3, 4, 5, 6."


def test_reported_numbers_of_other_datasets_are_refused() -> None:
    options = TableOptions("table1")
    with pytest.raises(InputError, match="nothing is reported of tiny in these buckets"):
        table_of([result()], options, reported=chosen("SPN 2023:1", options))


def test_a_table_without_the_shape_of_the_style_must_be_named() -> None:
    shapes = {style: {cell.table for cell in chosen("SPN 2023", TableOptions(style))} for style in STYLES}
    assert shapes == {
        "plain": {"1", "2"}, "table1": {"1", "2"}, "table2": {"1", "2"}, "table6": {"6"}, "ablation": {"3", "4", "5"},
    }  # fmt: skip
    assert {cell.table for cell in chosen("SPN 2023:3", TableOptions("table1"))} == {"3"}


HEADER = (
    "# inpaint-bench reported 1\n"
    "paper,table,dataset,row,method,bucket,metric,value,unit,over,better,ours,eight_bit,samples,n,note\n"
)


def test_two_numbers_that_nothing_tells_apart_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(
        HEADER + "Ours,1,paris,best,best,0.2-0.4,mae,0.154,10^-1,pairs,lower,mae_spn,truncate,,,\n"
        "Ours,1,paris,best,best,0.2-0.4,l1,1.54,10^-2,pairs,lower,mae_spn,truncate,,,\n"
    )
    with pytest.raises(InputError, match=r"ours\.csv:4: a second number stands for mae_spn ↓ of best"):
        reported_table_of(PLAIN, str(path))


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(
        HEADER + "Ours,1,paris,best,best,0.2-0.4,PSNR,30.10,dB,pairs,higher,psnr,round,,,\n"
        "Ours,1,paris,best,best,all,quality,0.50,,set,higher,,,,100,how it was measured is not said\n"
    )
    table = reported_table_of(PLAIN, str(path))
    assert list(table.heads("row")["label"]) == ["psnr ↑", "quality ↑"]
    assert texts(table) == [["30.10", "-"], ["-", "0.50"]]
    assert "quality of Ours: how it was measured is not said" in table.notes


def test_a_bucket_over_which_a_paper_counts_differently_has_no_number_of_pairs(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    lines = [f"Ours,1,paris,{name},{name},all,PSNR,30.10,dB,pairs,higher,psnr,round,,7,\n" for name in "ab"]
    path.write_text(HEADER + "".join(lines))
    assert list(reported_table_of(TableOptions("ablation"), str(path)).heads("column")["pairs"]) == ["n=7"]
    path.write_text(path.read_text().replace("round,,7", "round,,8", 1))
    assert list(reported_table_of(TableOptions("ablation"), str(path)).heads("column")["pairs"]) == [""]
