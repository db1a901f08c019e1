from pathlib import Path
import pytest
from streamlit.testing.v1 import AppTest
from portal.navigation import available_pages, ROOT

@pytest.mark.parametrize("page", [p.name for p in available_pages()])
def test_page(only_run, page):
    at = AppTest.from_file(str(ROOT/"portal/app.py"), default_timeout=20).run()
    if page!="overview":
        at.switch_page(f"../pages/{page}.py").run()
    for e in at.exception: print(e.message, "\n".join(e.stack_trace))
    assert not at.exception
    print([i.value for i in at.info], [i.value for i in at.success])
