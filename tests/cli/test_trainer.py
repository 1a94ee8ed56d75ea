"""`resnet-hub finetune`, `evaluate` and `predict-dataset`: the entries of the trainer under other names."""

import subprocess
import sys

import pytest

from resnet_hub.cli.commands.trainer import COMMANDS


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


def test_the_help_begins_with_what_most_runs_need_and_the_rest_is_one_flag_away(capsys):
    from resnet_hub.cli.entry import main

    shown = []
    for flag in ("--help", "--help-all"):
        with pytest.raises(SystemExit):
            main(["finetune", flag])
        shown.append(capsys.readouterr().out)
    short, whole = shown
    assert len(short.splitlines()) < 50
    assert "--epochs INT" in short
    assert "(default: 10)" in short
    assert "--label-smoothing" not in short
    assert "--help-all shows" in short
    assert "--label-smoothing" in whole
    assert "--schedule cosine|tanh|poly|" in whole


@pytest.mark.parametrize(
    ("flags", "status", "says"),
    [
        (("finetune", "--dataset", "digits", "--lr", "fast"), 2, "error: argument --lr: invalid float value: 'fast'"),
        (
            ("finetune", "--dataset", "digits", "--schedule", "cosin"),
            2,
            "error: --schedule='cosin' is not known; choose one of",
        ),
        (("evaluate", "--dataset", "digits"), 2, "error: --model is missing"),
    ],
)
def test_a_mistake_in_the_flags_is_told_before_anything_large_is_imported(flags, status, says):
    program = (
        "import sys; from resnet_hub.cli import main\n"
        "status = main(sys.argv[1:]); print(status, sorted({'torch', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, *flags], capture_output=True, text=True, timeout=60)
    assert done.stdout == f"{status} []\n"
    assert done.stderr.startswith(says)
