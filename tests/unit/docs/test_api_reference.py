"""The public interface is documented, listed and used in a way that a type checker looks at."""

import importlib
import inspect
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "docs"))

from api_reference import MODULES, reference  # noqa: E402 - it is a script beside the page

PAGE = (ROOT / "docs" / "api.md").read_text()
USES = (ROOT / "tests" / "typing" / "uses.py").read_text()
#: those of `testing` are uses in `tests/contract` and in the example plug-ins
PUBLIC = [(module, name) for module in MODULES for name in importlib.import_module(module).__all__]


def headings(page):
    return re.findall(r"^##.*$", page, flags=re.MULTILINE)


def test_the_page_lists_what_there_is_and_make_api_writes_it():
    assert headings(PAGE) == headings(reference())


@pytest.mark.parametrize(("module", "name"), PUBLIC, ids=str)
def test_every_public_name_says_what_it_is(module, name):
    thing = getattr(importlib.import_module(module), name)
    assert isinstance(thing, str) or len(inspect.getdoc(thing) or "") > 20


@pytest.mark.parametrize(("module", "name"), [each for each in PUBLIC if "testing" not in each[0]], ids=str)
def test_every_public_name_is_used_where_types_are_checked(module, name):
    del module
    assert re.search(rf"\b{name}\b", USES)
