"""Is the server that the other tests act on what it should be?"""


def test_first_day(host):
    assert host.version() == "1.0.8"
    assert host.answers()
