"""What people type who know other tools, or type in a hurry: each is answered with the way out, without a traceback."""

import pytest

RUN = ("finetune", "--dataset", "digits")
SLIPS = [
    # names of transformers, timm, fastai, Ultralytics, Lightning, Keras
    ((*RUN, "--learning_rate", "1e-3"), "here it is --lr"),
    ((*RUN, "--learning-rate=1e-3"), "here it is --lr"),
    ((*RUN, "--num_train_epochs", "3"), "here it is --epochs"),
    ((*RUN, "--max_epochs", "3"), "here it is --epochs"),
    ((*RUN, "--per_device_train_batch_size", "8"), "here it is --batch-size"),
    ((*RUN, "--output_dir", "x"), "here it is --output"),
    ((*RUN, "--model_name_or_path", "x"), "here it is --model"),
    ((*RUN, "--train_dir", "x"), "here it is --dataset"),
    ((*RUN, "--fp16"), "here it is --precision fp16"),
    ((*RUN, "--gradient_accumulation_steps", "2"), "here it is --grad-accum-steps"),
    ((*RUN, "--resume_from_checkpoint", "x"), "here it is --resume"),
    ((*RUN, "--hub_token", "hf_x"), "HF_TOKEN"),
    ((*RUN, "--imgsz", "224"), "here it is --image-size"),
    ((*RUN, "--img-size", "224"), "here it is --image-size"),
    ((*RUN, "-b", "32"), "here it is --batch-size"),
    ((*RUN, "-j", "4"), "here it is --workers"),
    ((*RUN, "--opt", "adamw"), "here it is --optimizer"),
    ((*RUN, "--sched", "cosine"), "here it is --schedule"),
    ((*RUN, "--aa", "rand-m9"), "here it is --auto-augment"),
    ((*RUN, "--model-ema"), "here it is --ema-decay"),
    ((*RUN, "--amp"), "here it is --precision"),
    ((*RUN, "--pretrained"), "--from-scratch"),
    ((*RUN, "--log-wandb"), "here it is --report-to wandb"),
    ((*RUN, "--weights", "x"), "here it is --model"),
    ((*RUN, "--early_stopping_patience", "3"), "here it is --patience"),
    # a hurried hand
    ((*RUN, "--epoch", "3"), "'--epochs'"),
    ((*RUN, "--outptu", "x"), "'--output'"),
    ((*RUN, "--bach-size", "3"), "'--batch-size'"),
    (("finetune", "digits"), "here it is --dataset digits"),
    (("finetune",), "--dataset is missing"),
    ((*RUN, "--epochs", "0"), "--epochs"),
    ((*RUN, "--epochs", "three"), "--epochs"),
    ((*RUN, "--epochs"), "--epochs"),
    ((*RUN, "--lr", "1e-3,1e-4"), "--lr"),
    ((*RUN, "--lr", "-1"), "--lr"),
    ((*RUN, "--precision", "fp32"), "'no'"),
    ((*RUN, "--precision", "float16"), "'fp16'"),
    ((*RUN, "--schedule", "linear"), "'cosine'"),
    ((*RUN, "--val-fraction", "20"), "0"),
    ((*RUN, "--image-size", "224,224"), "--image-size"),
    ((*RUN, "--recipe", "fewshot"), "few-shot"),
    ((*RUN, "--push-to-hub", "insects"), "owner/name"),
    ((*RUN, "--hub-private"), "--push-to-hub"),
    ((*RUN, "--max-time", "2"), "90m"),
    ((*RUN, "--resume", "runs/none", "--overwrite"), "--overwrite"),
    # other commands
    (("train", "--dataset", "digits"), "finetune"),
    (("pred", "resnet50", "x.jpg"), "predict"),
    (("predict",), "required"),
    (("predict", "resnet50", "x.jpg", "--topk", "3"), "'--top-k'"),
    (("info", "resnet5O"), "resnet50"),
    (("info", "resnet-50"), "resnet50"),
    (("push", "runs/none", "a/b"), "runs/none"),
    (("evaluate", "--dataset", "digits"), "--model is missing"),
    (("--epochs", "3"), "finetune"),
]


@pytest.mark.parametrize(("typed", "way_out"), SLIPS, ids=[" ".join(typed) for typed, _ in SLIPS])
def test_a_slip_is_answered_with_the_way_out(typed, way_out, run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    status, printed, complaint = run(*typed)
    assert (status, printed) == (2, "")
    assert complaint.startswith("error: ")
    assert len(complaint.splitlines()) == 1
    assert way_out in complaint
    assert "hf_x" not in complaint
