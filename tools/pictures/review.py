"""The comment of a review as GitHub shows it: made from a real run, rendered by GitHub's renderer of Markdown.

The style sheet follows GitHub's. The picture is not compared in tests: fonts differ from machine to machine.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import cmarkgfm
from cmarkgfm.cmark import Options

from tools.previews.generate import Example, shown

WIDTH, HEIGHT = 1240, 935

SPECS = """
V100 = "TI.GN10.2XLARGE40.POST"
CPU = "TI.S.2XLARGE16.POST"


def train(name, command, spec, nodes, **more):
    tione.TrainingTask(
        name,
        framework_name="PYTORCH",
        framework_environment="torch2.1-py3.10-cuda12.1-gpu",
        training_mode="DDP",
        charge_type="POSTPAID_BY_HOUR",
        start_cmd_info={"worker_start_cmd": command},
        resource_config_infos=[{"role": "WORKER", "instance_type": spec, "instance_num": nodes}],
        **more,
    )


def out(path):
    return {"bucket": "corpus-1250000000", "region": "ap-guangzhou", "paths": [path]}


LONG = "set -e\\npip install -r requirements.txt\\npython train.py --epochs {}"
"""
BEFORE = f"""{SPECS}
train("bert", LONG.format(3), V100, 2, output=out("bert/"), private_envs={{"TOKEN": "first"}})
train("old", "python old.py", CPU, 1, output=out("old/"))
train("eval", "python eval.py", CPU, 1, output=out("eval/"), tags={{"team": "nlp"}})
train("same", "python same.py", CPU, 1, output=out("same/"))
"""
AFTER = f"""{SPECS}
train("bert", LONG.format(5), V100, 4, output=out("bert/"), private_envs={{"TOKEN": "second"}})
train("gpt", "python train.py", V100, 1, resource_supply_attribute={{"supply_type": "SPOT"}})
train("eval", "python eval.py", CPU, 1, output=out("eval/"), tags={{"team": "cv"}})
train("same", "python same.py", CPU, 1, output=out("same/"))
"""

STYLE = """
body { margin: 24px; font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", "Liberation Sans", Arial, sans-serif;
       color: #1f2328; background: #fff; }
.comment { border: 1px solid #d1d9e0; border-radius: 6px; }
.head { padding: 8px 16px; background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0;
        color: #59636e; }
.head b { color: #1f2328; }
.body { padding: 16px; }
h3 { font-size: 20px; line-height: 1.25; margin: 0 0 16px; }
p, ul, table, details, blockquote { margin: 0 0 16px; }
ul { padding-left: 2em; }
code { font: 85% "Liberation Mono", monospace; background: #818b981f; padding: .2em .4em; border-radius: 6px; }
pre { background: #f6f8fa; padding: 16px; border-radius: 6px; }
pre code { background: none; padding: 0; }
table { border-collapse: collapse; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; }
a { color: #0969da; text-decoration: none; }
blockquote { padding: 8px 16px; border-left: .25em solid #9a6700; }
blockquote > p:first-child { color: #9a6700; font-weight: 500; margin-bottom: 8px; }
blockquote ul { margin: 0; }
.removed, .added { background: #ffebe9; display: inline-block; width: 100%; }
.added { background: #dafbe1; }
"""


def draw(picture: Path, chromium: str) -> None:
    """Draw the review with Chromium, without a window."""
    repository = ("--repo-url", "https://github.com/acme/nlp", "--commit", "3f2c1ab9d0")
    _, review = shown(Example("a review", "", BEFORE, AFTER), *repository)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "review.html"
        page.write_text(html(review), encoding="utf-8")
        command = [chromium, "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"]
        size = f"--window-size={WIDTH},{HEIGHT}"
        subprocess.run([*command, size, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True)


def html(review: str) -> str:
    """Return a page that shows a comment as GitHub does."""
    body = cmarkgfm.github_flavored_markdown_to_html(review, options=Options.CMARK_OPT_UNSAFE)
    body = re.sub(r"\[!WARNING\]\s*", "⚠ Warning</p><p>", body).replace("<p></p>", "")
    for sign, style in ((r"-", "removed"), (r"\+", "added")):
        body = re.sub(rf"^({sign}.*)$", rf'<span class="{style}">\1</span>', body, flags=re.MULTILINE)
    body = body.replace("<details>", "<details open>", 1)  # the first one has been clicked
    head = "<b>github-actions</b> bot commented 2 minutes ago · edited"
    comment = f'<div class="comment"><div class="head">{head}</div><div class="body">{body}</div></div>'
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><body>{comment}</body>'
