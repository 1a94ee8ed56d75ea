"""What more than two processes add up does not depend on when a run was resumed."""

from pathlib import Path

from launching import several

PROGRAM = Path(__file__).parents[2] / "adding_ranks.py"


def test_a_step_of_three_processes_that_is_made_again_after_a_resume_has_the_same_bits():
    finished = several([PROGRAM], 3, needs=["training.loop", "resnet_hub"])
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.split() == ["True"] * 3
