"""Applications that the tests of a session share."""

import pytest
from fastapi.testclient import TestClient

from src.app.web.api import make_app
from tests.app_server import Server, wait_for_page


@pytest.fixture(scope="session")
def client():
    """A client of the API within this process; only the workers are processes of their own."""
    with TestClient(make_app()) as client:
        yield client


@pytest.fixture(scope="session")
def url():
    """URL of a server of the API, with the default limits."""
    with Server() as url:
        yield url


@pytest.fixture(scope="session")
def page_workspace(sample_small, tmp_path_factory):
    """The workspace of the page: two folds of the small sample, and one out-of-fold error."""
    workspace = sample_small(tmp_path_factory.mktemp("page") / "workspace")
    workspace.oof_dir.mkdir()
    workspace.errors_csv.write_text("row,label,predicted\n5,4,9\n")
    return workspace


@pytest.fixture(scope="session")
def page_url(page_workspace):
    """URL of a server with the page."""
    with Server(workspace=page_workspace) as url:
        wait_for_page(url)
        yield url
