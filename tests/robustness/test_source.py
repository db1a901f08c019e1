"""What the portal's source must not contain: raw HTML, and caches keyed on a sample of an array."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.core.navigation import ROOT

FILES = sorted([*(ROOT / "portal").rglob("*.py"), *(ROOT / "pages").glob("*.py")])
# Argument types that Streamlit hashes whole. Of arrays, frames and pictures it hashes a sample: 42 of 50 one-pixel
# variants of a picture got another's answer.
HASHED_WHOLE = {"str", "int", "float", "bool", "bytes", "None", "tuple", "Choices", "RunPlace"}


def nodes(file: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(file.read_text(), str(file)))


def raw_html(tree: Iterator[ast.AST]) -> list[int]:
    """Lines that let HTML through: `unsafe_allow_html`, a component, or `html` of anything but a literal."""
    found = []
    for node in tree:
        if isinstance(node, ast.keyword) and node.arg in ("unsafe_allow_html", "unsafe_allow_javascript"):
            found.append(node.value.lineno)
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and "components" in ast.unparse(node):
            found.append(node.lineno)
        elif isinstance(node, ast.Call) and _is_html(node.func):
            found += [word.lineno for word in node.args if not isinstance(word, ast.Constant)]
    return found


def _is_html(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr in ("html", "iframe")


def sampled_keys(tree: Iterator[ast.AST]) -> list[str]:
    """Arguments of cached functions that Streamlit might hash by a sample; an underscore keeps one out of the key."""
    found = []
    for node in tree:
        if isinstance(node, ast.FunctionDef) and any("cache_" in ast.unparse(each) for each in node.decorator_list):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            found += [f"{node.name}({each.arg})" for each in arguments if not _is_whole(each)]
    return found


def _is_whole(argument: ast.arg) -> bool:
    if argument.arg.startswith("_"):
        return True
    if argument.annotation is None:
        return False
    parts = list(ast.walk(argument.annotation))
    modules = {id(part.value) for part in parts if isinstance(part, ast.Attribute)}  # the `photo` of photo.Choices
    named = {part.id for part in parts if isinstance(part, ast.Name) and id(part) not in modules}
    return named | {part.attr for part in parts if isinstance(part, ast.Attribute)} <= HASHED_WHOLE


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_html_and_no_sampled_keys(file: Path) -> None:
    if "import streamlit as st" in file.read_text():  # else it draws nothing, as the report, which is a file of its own
        assert not raw_html(nodes(file))
    assert not sampled_keys(nodes(file))


@pytest.mark.parametrize(
    "line", ["st.markdown(x, unsafe_allow_html=True)", "st.html(f'<b>{x}</b>')", "import streamlit.components.v1 as c"]
)
def test_the_check_finds_html(line: str) -> None:
    assert raw_html(ast.walk(ast.parse(line)))


@pytest.mark.parametrize("kind", ["np.ndarray", "Image.Image", "pd.DataFrame", "Any", "Rgb", "tuple[np.ndarray, int]"])
def test_the_check_finds_sampled_keys(kind: str) -> None:
    cached = "@st.cache_data(max_entries=1)\ndef f(a: {}, _b: np.ndarray) -> int: ..."
    assert sampled_keys(ast.walk(ast.parse(cached.format(kind)))) == ["f(a)"]
    assert not sampled_keys(ast.walk(ast.parse(cached.format("tuple[str, ...] | None"))))
    assert not sampled_keys(ast.walk(ast.parse(cached.format("photo.Choices"))))
