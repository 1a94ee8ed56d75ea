"""The license of weights: what their checkpoint records, else what their card states, and how the Hub spells it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from resnet_hub.card.markdown import line

# The Hub refuses a card whose `license` is none of these. Source: huggingface.co/docs/hub/repositories-licenses.
_KNOWN = (
    "apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m"
    " afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0"
    " cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0"
    " cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0"
    " cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0"
    " gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc ms-pl mpl-2.0 odc-by odbl osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl"
    " unknown other"
)
LICENSES = frozenset(_KNOWN.split())


def weights_license(recorded: object, card: Mapping[str, Any] | None = None) -> str | None:
    """The license of weights on one line, one that the Hub knows in its spelling; None where nobody states one.

    Args:
        recorded: What the checkpoint says: it came with the weights, so it goes before a card, which anybody may edit.
        card: The metadata of their card. One that names several licenses states none: to choose would be a guess.
    """
    stated = (card or {}).get("license")
    named = (card or {}).get("license_name") if stated == "other" else None
    for found in (recorded, named, stated):
        if isinstance(found, str) and (text := line(found)):
            return text.lower() if text.lower() in LICENSES else text
    return None


def recorded_license(config: Mapping[str, Any]) -> str | None:
    """What config.json says: of the run, else of the weights it started from."""
    places = (config.get("resnet_hub"), config.get("pretrained_cfg"))
    said = (weights_license(place.get("license")) for place in places if isinstance(place, Mapping))
    return next(filter(None, said), None)


def license_keys(license: str | None) -> dict[str, str]:
    """The keys of a card or a Space for a license; one that the Hub does not know is "other" with a name."""
    if license is None:
        return {}
    if license in LICENSES:
        return {"license": license}
    name = re.sub(r"[^a-z0-9.]+", "-", license.lower()).strip("-.")
    return {"license": "other"} | ({"license_name": name} if name else {})
