from blendkit.testing import check_member


def test_it_is_a_member():
    check_member("loudness", gain=2.0)
