"""Pushing a run's checkpoints to the Hub: rights checked before training, uploads beside it, the last one awaited."""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread

from accelerate import Accelerator
from huggingface_hub import HfApi, constants, get_token

from resnet_hub.checkpoint import WEIGHTS_FILE
from resnet_hub.errors import HubError
from resnet_hub.hub import PUSHED_FILES, check_token, hub_errors, look_at, make_repository, push_address

from ..data import dataset_errors
from ..hardware import main_process_decides
from ..processes import Stopped
from ..run import STATE_FOLDER, copy_state, link_file
from ..settings import FinetuneRecipe, HubSettings
from .pusher import STATE, Order, Outcome

logger = logging.getLogger("training")

ANSWER_SECONDS = 60.0
"""How long the Hub may take over the checks before a run; its client itself would wait without end."""
STOPPING_SECONDS = 20.0
"""How long a run that was asked to stop waits for its last push: schedulers kill after 30 seconds, as a rule."""
SIGNALED = 128
"""Exit statuses above say that a signal stopped the run, and not its own time limit: more will follow."""
SNAPSHOTS = ".push"
"""Folder inside that of the run for what is still to be pushed."""
PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class PushTarget:
    """The repository that is pushed to."""

    repo_id: str
    private: bool | None = None
    """None leaves it to the owner's default, or to what the repository is."""
    revision: str | None = None
    kind: str = "model"
    """model or dataset."""

    @classmethod
    def of(cls, settings: HubSettings, kind: str = "model") -> PushTarget:
        """The target that the flags of a run name. Raises: ConfigError."""
        address = push_address(settings.push_to_hub or "", settings.hub_revision, create_pr=False)
        return cls(address.repo_id, settings.hub_private, address.revision, kind)

    def command(self, folder: Path) -> str:
        """The command line that pushes a checkpoint folder here."""
        options = ["--private"] if self.private else []
        options += ["--revision", self.revision] if self.revision else []
        return shlex.join(["resnet-hub", "push", str(folder), self.repo_id, *options])


@contextmanager
def publishing(recipe: FinetuneRecipe, accelerator: Accelerator) -> Iterator[Publisher | None]:
    """The publisher of a run, on its main process and where it is to push; checked before anything else is done.

    However the block ends, no upload goes on after it, and what was not pushed has been said.

    Raises:
        HubError: On every process, where the main one may not push.
    """
    if recipe.push_to_hub is None:
        yield None
        return
    target = PushTarget.of(recipe)
    main_process_decides(lambda: check_target(target))
    if not accelerator.is_main_process:
        yield None
        return
    publisher = Publisher(target, recipe.folder, recipe.hub_strategy, recipe.hub_wait, state=recipe.hub_state)
    try:
        yield publisher
    except Stopped as stop:
        publisher.settle(in_a_hurry=stop.status > SIGNALED)
        raise
    finally:
        publisher.close()


def check_target(target: PushTarget) -> None:
    """Makes the repository and the branch where missing, and so finds out whether this account may push.

    Raises:
        HubError: No token, one that may not write here, a public repository where a private one was asked for, or no
            answer within `ANSWER_SECONDS`.
        CheckpointError: The card there cannot be read, so that it could not be kept.
    """
    found: list[Exception | None] = []

    def check() -> None:
        try:
            _make_target(target)
        except Exception as error:
            found.append(error)
        else:
            found.append(None)

    thread = Thread(target=check, daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    if not found:
        raise HubError("push.no_answer", hub=constants.ENDPOINT, seconds=ANSWER_SECONDS)
    if found[0] is not None:
        raise found[0]


def _make_target(target: PushTarget) -> None:
    if get_token() is None:
        raise HubError("push.no_token", repo_id=target.repo_id)
    check_token(None)
    api, address = HfApi(), push_address(target.repo_id, target.revision, create_pr=False)
    of_models, of_datasets = (
        hub_errors(address, "write to", None),
        dataset_errors(f"--push-to-hub {target.repo_id!r}", target.repo_id, "write to"),
    )
    with of_datasets if target.kind == "dataset" else of_models:
        account = api.whoami()
        if account.get("auth", {}).get("accessToken", {}).get("role") == "read":
            raise HubError(
                "push.read_only_token", account=account["name"], repo_id=target.repo_id, hub=constants.ENDPOINT
            )
        make_repository(api, replace(address, kind=target.kind), private=target.private, check_rights=True)
        if target.kind == "model":
            look_at(api, address)  # a card there that cannot be read would stop every push


class Publisher:
    """Hands snapshots of a run folder to the process that uploads them (`training.push.pusher`); nothing here waits.

    A failing Hub changes nothing for the run: the checkpoint stays in its folder, and the end says how to push it.
    """

    def __init__(
        self, target: PushTarget, folder: Path, every: str = "best", limit: float = 600.0, *, state: bool = False
    ) -> None:
        """Starts nothing yet.

        Args:
            target: Where the checkpoints go.
            folder: The run folder, whose files appear whole or not at all, but for metrics.jsonl.
            every: best, epoch or end.
            limit: Seconds that `finish` waits.
            state: Whether what `--resume` needs is pushed as well.
        """
        self.target, self.folder, self.every, self.limit, self.state = target, folder, every, limit, state
        self._process: subprocess.Popen[str] | None = None
        self._snapshots = folder / SNAPSHOTS
        self._newest: Path | None = None
        self._name = ""

    def offer(self, name: str, *, better: bool) -> None:
        """Hands over what the folder holds now, if it is time; returns at once.

        Args:
            name: What the commit is called, such as "epoch 3 of 10".
            better: Whether the folder's checkpoint is a new best one.
        """
        if self.state:
            return  # `offer_state` hands over both
        if self.every == "epoch" or (self.every == "best" and better):
            self._hand_over(name)

    def offer_state(self, name: str) -> None:
        """Hands over the newest state with what else the folder holds, where states are pushed; returns at once."""
        if self.state and (self.folder / STATE_FOLDER).exists():
            self._hand_over(name)

    def finish(self, name: str) -> bool:
        """Hands over the finished run and waits for its upload, at most `limit` seconds; returns whether it arrived."""
        logger.info("  pushing to %s, for at most %.0f s", self.target.repo_id, self.limit)
        self._hand_over(name, finished=True)
        arrived = self._arrived(name, self.limit)
        self.close()
        return arrived

    def settle(self, *, in_a_hurry: bool = True) -> None:
        """Waits for what was handed over last: a little where a scheduler that asked the run to stop will kill it."""
        self.offer_state("the stopped run")
        if self._newest is not None and self._process is not None and self._process.poll() is None:
            seconds = min(self.limit, STOPPING_SECONDS) if in_a_hurry else self.limit
            logger.info("  pushing the last checkpoint to %s, for at most %.0f s", self.target.repo_id, seconds)
            self._arrived(self._name, seconds)

    def _arrived(self, name: str, seconds: float) -> bool:
        """Whether what was handed over under this name, the last, arrives in time; says so where it does not."""
        reason = "the process that pushes could not be started"
        if self._process is not None:
            try:
                written, _ = self._process.communicate(timeout=seconds)
                outcome = Outcome(**json.loads(written.splitlines()[-1]))
                if outcome.name == name and outcome.url:
                    self._newest = None
                    return True
                reason = outcome.reason or reason
            except subprocess.TimeoutExpired:
                reason = f"the Hub has not taken it within {seconds:.0f} s"
            except (IndexError, ValueError, TypeError):
                reason = "the process that pushes ended early"
        self._tell_unpushed(reason)
        return False

    def close(self) -> None:
        """Ends the upload that goes on; says so where the newest checkpoint had not arrived."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
        if self._newest is not None and self._newest.exists():
            self._tell_unpushed("the run was stopped before")
        shutil.rmtree(self._snapshots, ignore_errors=True)

    def _hand_over(self, name: str, *, finished: bool = False) -> None:
        try:
            self._name, snapshot = name, self._take_snapshot(with_state=self.state and not finished)
            if self._process is None or self._process.poll() is not None:
                self._process = self._start()
            state = ("drop" if finished else "push") if self.state else ""
            to = self.target
            order = Order(str(snapshot), name, to.repo_id, to.private, to.revision, name.capitalize(), state)
            stdin = self._process.stdin
            if stdin is not None:
                stdin.write(order.to_line())
                stdin.flush()
        except OSError as error:  # a full disk, or too many processes: not a reason to stop training
            logger.warning("push   %s was not handed over (%s); training goes on", name, error.strerror or error)

    def _take_snapshot(self, *, with_state: bool = False) -> Path:
        """A folder with the files as they are now, whatever is written into the run folder later."""
        number = int(self._newest.name) + 1 if self._newest is not None else 1
        snapshot = (self._snapshots / f"{number:06d}").resolve()
        self._newest = snapshot
        shutil.rmtree(snapshot, ignore_errors=True)  # left by a run that was killed
        snapshot.mkdir(parents=True)
        for name in PUSHED_FILES:
            file = self.folder / name
            if name == WEIGHTS_FILE and (file.exists() or not with_state):
                link_file(file, snapshot / name)
            elif file.exists():
                shutil.copyfile(file, snapshot / name)
        if with_state:
            copy_state(self.folder, snapshot / STATE)
        return snapshot

    def _start(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "HF_ENDPOINT": constants.ENDPOINT}
        if __package__ == "training.push":  # in a checkout, which need not be where we are
            paths = [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
            environment["PYTHONPATH"] = os.pathsep.join(paths)
        # Not by -m, which warns of a module that its package imports as well.
        program = f"import sys; from {__package__}.pusher import main; sys.exit(main(sys.argv[1:]))"
        return subprocess.Popen(
            [sys.executable, "-c", program, str(self.limit)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the run, which then ends this process itself
        )

    def _tell_unpushed(self, reason: str) -> None:
        self._newest = None
        logger.warning(
            "  not pushed to %s: %s; the checkpoint is safe in %s, push it with:  %s",
            self.target.repo_id,
            reason.rstrip("."),
            self.folder,
            self.target.command(self.folder),
        )
