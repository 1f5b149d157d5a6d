import pytest

from given_api import running, settings_for
from given_district import district  # noqa: F401 - a fixture


@pytest.fixture
def api(database_url, tmp_path):
    """The application as it runs, with a client that posts as departments."""
    with running(settings_for(database_url, tmp_path)) as started:
        yield started
