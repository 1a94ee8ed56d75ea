"""What cannot be a page that answers in the visitor's browser, and which flags are not for one."""

import pytest
from error_facts import code_and_fields

from resnet_hub import AutoResNet
from resnet_hub.checkpoint import BUNDLED
from resnet_hub.cli import main
from resnet_hub.errors import ConfigError
from resnet_hub.space import model_for_browsers, served_model

SPACE = "alice/in-the-browser"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--static", "--hardware", "cpu-basic"], "--hardware is for a page that a server answers"),
        (["--images", "photos"], "--images goes with --static only"),
    ],
)
def test_flags_of_the_other_kind_of_space_are_refused(capsys, tmp_path, flags, said):
    assert main(["space", str(BUNDLED), SPACE, "--dry-run", str(tmp_path / "new"), *flags]) == 2
    assert said in capsys.readouterr().err


def test_a_network_of_five_bands_has_no_images_in_a_browser(tmp_path):
    AutoResNet.from_pretrained(BUNDLED, in_chans=5).save_pretrained(tmp_path)
    with pytest.raises(ConfigError) as refused:
        model_for_browsers(str(tmp_path), served_model(str(tmp_path)))
    assert code_and_fields(refused.value) == ("space.other_bands", {"channels": 5})
