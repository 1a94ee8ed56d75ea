"""The network that comes with the package."""

from resnet_hub import bundled


def test_it_lies_inside_the_package_where_a_space_and_an_installation_take_it_along():
    assert bundled.bundled_checkpoint().parent.parent.name == "resnet_hub"
    assert bundled.bundled_checkpoint() == bundled.BUNDLED
