"""The pictures of the documentation: shown on a page, and free of what a reader must not load or see."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
SVG = "{http://www.w3.org/2000/svg}"
PICTURES = sorted(IMAGES.iterdir())
DRAWN = [picture for picture in PICTURES if picture.suffix == ".svg"]

ADDRESS = re.compile(r"[a-z]+://([^/\s]*)")
MACHINE = re.compile(r"/(?:tmp|root|home|work|Users|var|mnt)/|localhost|127\.0\.0\.1|\bAKID\w+|emulator")
"""What only the machine has on which pictures are drawn: its folders, the address of the local TI-ONE, and its keys."""


def id_of(picture: Path) -> str:
    return picture.name


def scenes() -> set[str]:
    """Return the names of the pictures that `make pictures` draws."""
    tree = ast.parse((ROOT / "tools" / "pictures" / "draw.py").read_text(encoding="utf-8"))
    [scenes] = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "SCENES"
    ]
    assert isinstance(scenes, ast.Dict)
    return {key.value for key in scenes.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def test_every_picture_is_drawn_by_a_command_and_every_command_has_drawn_its_picture() -> None:
    assert {picture.name for picture in PICTURES} == {"review.png", *(f"{name}.svg" for name in scenes())}


@pytest.mark.parametrize("picture", PICTURES, ids=id_of)
def test_every_picture_is_on_a_page_in_each_language(picture: Path) -> None:
    for pages in (["README.md", "docs/guide/*.md"], ["README.zh-CN.md", "docs/zh/*.md"]):
        texts = [page.read_text(encoding="utf-8") for pattern in pages for page in ROOT.glob(pattern)]
        assert any(re.search(rf"!\[[^\]]{{6,}}\]\([^)]*images/{re.escape(picture.name)}\)", text) for text in texts)


@pytest.mark.parametrize("picture", DRAWN, ids=id_of)
def test_a_picture_loads_nothing(picture: Path) -> None:
    root = ElementTree.fromstring(picture.read_text(encoding="utf-8"))
    assert root.tag == f"{SVG}svg"
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "style", "defs", "clipPath", "rect", "circle", "g", "text")
    }
    styles = "".join(element.text or "" for element in root.iter(f"{SVG}style"))
    for value in (styles, *(value for element in root.iter() for value in element.attrib.values())):
        assert not re.search(r"@import|@font-face|://|url\((?!#)", value)


@pytest.mark.parametrize("picture", DRAWN, ids=id_of)
def test_a_picture_shows_neither_this_machine_nor_a_secret(picture: Path) -> None:
    root = ElementTree.fromstring(picture.read_text(encoding="utf-8"))
    text = "\n".join(element.text or "" for element in root.iter(f"{SVG}text")).replace("\xa0", " ")
    assert len(text) > 100
    assert not MACHINE.search(text.replace("/opt/ml/", ""))
    assert {*ADDRESS.findall(text)} <= {"console.cloud.tencent.com"}  # the report of a failed task links to the console
    assert {*re.findall(r"train-(\d+)", text)} <= {str(1575481492950220800 + 17 * number) for number in range(10)}
