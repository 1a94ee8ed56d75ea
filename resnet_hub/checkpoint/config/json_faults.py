"""What the parser of JSON complains of -> words for whoever has to mend the file."""

from __future__ import annotations

from resnet_hub.errors import Phrase, ResNetHubError


def json_fault(error: Exception, content: bytes) -> str | Phrase:
    """Why a file with this content is no JSON that is read."""
    if isinstance(error, ResNetHubError):
        return error
    if b"\0" in content:
        return Phrase("checkpoint.json_nul")
    if isinstance(error, UnicodeDecodeError):
        return Phrase("checkpoint.json_no_utf8", byte=error.start)
    if isinstance(error, RecursionError):
        return Phrase("checkpoint.json_too_deep")
    if "integer string conversion" in str(error):
        return Phrase("checkpoint.json_long_number")
    return str(error)
