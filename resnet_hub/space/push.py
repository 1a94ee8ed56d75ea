"""The files of a Space -> the Hub, in one commit, or a folder that runs as it stands."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    SpaceHardware,
    SpaceInfo,
    constants,
    hf_hub_download,
)
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from resnet_hub.card import CardText
from resnet_hub.checkpoint import CARD_FILE
from resnet_hub.demo.settings import PAGE_FILE, VARIABLES
from resnet_hub.errors import CheckpointError, ConfigError, HubError, Phrase
from resnet_hub.hub import (
    HTTP_ERROR,
    RepoAddress,
    check_token,
    hub_errors,
    push_address,
    reason_given,
    refuse_public,
    with_or_without_xet,
)
from resnet_hub.space.contents import SpaceContents, contents_of
from resnet_hub.space.model import ServedModel
from resnet_hub.space.present import PresentSpace, SpaceSettings
from resnet_hub.space.static import BrowserModel

SPACES = "spaces/"
PAYMENT_REQUIRED = 402

logger = logging.getLogger(__name__)


def space_address(repo_id: str) -> RepoAddress:
    """The address of the Space "owner/name", with or without "spaces/". Raises: ConfigError for any other form."""
    kind, slash, rest = repo_id.partition("/")
    if slash and kind in ("models", "datasets") and "/" in rest:
        raise ConfigError("space.not_a_space", repo_id=repo_id, kind=kind)
    address = push_address(repo_id.removeprefix(SPACES), None, False)
    if address.revision is not None:
        raise ConfigError("space.revision", repo_id=repo_id, revision=address.revision)
    return RepoAddress(address.repo_id, kind="Space")


def write_space(folder: Path, model: ServedModel | BrowserModel, repo_id: str, settings: SpaceSettings) -> None:
    """Writes the Space into a folder: `python app.py` in there, with requirements.txt installed, serves the page.

    That of a model for browsers needs no more than a server of files, such as `python -m http.server`.

    Raises:
        CheckpointError: The folder cannot be written, or its README.md not read.
        ConfigError: `repo_id` is invalid, or the folder holds something else.
    """
    contents = contents_of(model, space_address(repo_id).repo_id, settings)
    try:
        present = _present_in_folder(folder, contents.known_by)
        if present.paths and contents.known_by not in present.paths:
            raise ConfigError("space.folder_taken", folder=str(folder))
        files = contents.files(present)
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                target.write_bytes(content)
            else:
                shutil.copyfile(content, target)
        for path in contents.stale(present, files):
            (folder / path).unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError("space.not_written", folder=str(folder), reason=reason) from error


def push_space(
    model: ServedModel | BrowserModel,
    repo_id: str,
    settings: SpaceSettings,
    *,
    private: bool = False,
    token: str | None = None,
) -> str:
    """The address of the Space "owner/name", made or brought up to date in one commit.

    Of a Space that is there, its secrets, its variables and, where the settings name none, its hardware stay as they
    are; so does what its owner wrote into README.md, but for the front matter that follows from the network.

    Raises:
        CheckpointError: The Space's README.md cannot be read.
        ConfigError: `repo_id` is invalid, or the Space holds another program.
        HubError: The Hub refused or could not be reached, the Space is of another SDK, or `private` meets a public one.
    """
    address = space_address(repo_id)
    check_token(token)
    hardware = None if settings.hardware is None else SpaceHardware(settings.hardware)
    api, contents = HfApi(token=token), contents_of(model, address.repo_id, settings)
    served = model.served if isinstance(model, BrowserModel) else model
    with _space_errors(address, token):
        found = _found(api, address, contents, private, token)
        commit, present = found or _made(api, address, contents.sdk, hardware, private)
        files = contents.files(present)
        if hardware is not None and present.paths:  # a new one was made with it
            api.request_space_hardware(address.repo_id, hardware)
        added = [CommitOperationAdd(path, content) for path, content in files.items()]
        removed = [CommitOperationDelete(path) for path in contents.stale(present, files)]
        with_or_without_xet(
            lambda: api.create_commit(
                address.repo_id,
                [*added, *removed],
                commit_message=f"Serve {served.repo_id or served.config.network.architecture}",
                repo_type="space",
                parent_commit=commit,
            )
        )
    if isinstance(model, ServedModel):
        _log_manual_steps(api, model, address)
    return f"{constants.ENDPOINT}/{SPACES}{address.repo_id}"


def _found(
    api: HfApi, address: RepoAddress, contents: SpaceContents, private: bool, token: str | None
) -> tuple[str | None, PresentSpace] | None:
    """The newest commit of the Space and what it holds; None where there is no Space that this token may see.

    Raises:
        CheckpointError: Its README.md cannot be read.
        ConfigError: It holds another program.
        HubError: It cannot become the page, or shows to all what shall be private.
    """
    try:
        info = api.space_info(address.repo_id)
    except RepositoryNotFoundError:
        return None
    _check_fits(info, address, contents.sdk, private)
    present = _present_on_hub(info, address, contents.known_by, token)
    contents.check(present, address.name)
    return info.sha, present


def _made(
    api: HfApi, address: RepoAddress, sdk: str, hardware: SpaceHardware | None, private: bool
) -> tuple[str | None, PresentSpace]:
    """The first commit of a new Space, as if it were empty: the card that the Hub put there is nobody's own."""
    api.create_repo(address.repo_id, repo_type="space", space_sdk=sdk, private=private or None, space_hardware=hardware)
    return api.space_info(address.repo_id).sha, PresentSpace()


def _check_fits(info: SpaceInfo, address: RepoAddress, wanted: str, private: bool) -> None:
    """Raises: HubError for a Space that cannot become the page, or that shows to all what shall be private."""
    sdk = info.sdk or (info.card_data.sdk if info.card_data else None)
    if sdk not in (None, wanted):
        raise HubError("space.other_sdk", repo_id=address.repo_id, sdk=sdk, wanted=wanted)
    if private:
        refuse_public(address, info.private)


def _present_on_hub(info: SpaceInfo, address: RepoAddress, known_by: str, token: str | None) -> PresentSpace:
    paths = frozenset(file.rfilename for file in info.siblings or ())

    def content(name: str) -> bytes | None:
        if name not in paths:
            return None
        return Path(
            hf_hub_download(address.repo_id, name, repo_type="space", revision=info.sha, token=token)
        ).read_bytes()

    card = CardText.parse(content(CARD_FILE) or b"", Phrase("space.readme", named=address.name))
    return PresentSpace(paths, card, content(known_by) or b"{}")


def _present_in_folder(folder: Path, known_by: str) -> PresentSpace:
    if not folder.exists():
        return PresentSpace()
    paths = frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if known_by not in paths:
        return PresentSpace(paths)
    readme = folder / CARD_FILE
    card = CardText.parse(readme.read_bytes() if CARD_FILE in paths else b"", str(readme))
    return PresentSpace(paths, card, (folder / known_by).read_bytes())


def _log_manual_steps(api: HfApi, model: ServedModel, address: RepoAddress) -> None:
    """Logs what keeps the page from loading the model and only the Space's owner can change."""
    settings = f"{constants.ENDPOINT}/{SPACES}{address.repo_id}/settings"
    if model.needs_token:
        logger.warning(
            "model %s is not open to all: give the Space a secret HF_TOKEN that may read it, at %s",
            model.repo_id,
            settings,
        )
    name = VARIABLES["model"]
    try:
        own = api.get_space_variables(address.repo_id).get(name)
    except (OSError, HTTP_ERROR):
        return  # the Space is written; a missing hint is not worth an error
    if own is not None and own.value != model.source:
        logger.warning(
            "the Space's own variable %s=%s goes before %s; change it at %s", name, own.value, PAGE_FILE, settings
        )


@contextmanager
def _space_errors(address: RepoAddress, token: str | None) -> Iterator[None]:
    """Whatever the client raises inside comes out as one HubError sentence about the Space."""
    with hub_errors(address, "write to", token):
        try:
            yield
        except HfHubHTTPError as error:
            if error.response.status_code != PAYMENT_REQUIRED:
                raise
            raise HubError("space.paid_plan", named=address.name, said=reason_given(error)) from error
