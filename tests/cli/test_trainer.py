"""`resnet-hub finetune`, `evaluate` and `predict-dataset`: the entries of the trainer under other names."""

import pytest

from resnet_hub.cli.trainer import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_is_its_entry_s_under_its_own_name(capsys, name):
    from resnet_hub.cli.entry import main

    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    text = capsys.readouterr().out
    assert left.value.code == 0
    assert text.startswith(f"usage: resnet-hub {name} ")
    assert "--dataset" in text


def test_a_mistake_in_the_flags_is_the_trainer_s_sentence(run):
    status, text, complaints = run("finetune", "--dataste", "digits")
    assert (status, text) == (2, "")
    assert complaints.startswith("error: there is no flag '--dataste'; the nearest are '--dataset'")
