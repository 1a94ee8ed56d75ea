"""What a user is told to type, by the way the program was started."""

from training.settings.flags.program import as_command, launch_command


def test_an_entry_is_started_by_the_launcher_under_the_name_of_its_package():
    assert launch_command("evaluate") == "accelerate launch -m training.evaluate"
    assert launch_command("finetune", 4) == "accelerate launch --multi_gpu --num_processes 4 -m training.finetune"


def test_a_command_says_itself_but_for_several_processes():
    with as_command():
        assert launch_command("predict") == "resnet-hub predict-dataset"
        assert launch_command("finetune", 2) == "accelerate launch --multi_gpu --num_processes 2 -m training.finetune"
    assert launch_command("predict") == "accelerate launch -m training.predict"
