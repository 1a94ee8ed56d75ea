# /// script
# requires-python = ">=3.11"
# dependencies = ["resnet_hub[all] @ git+ADDRESS"]
# ///
"""From a dataset to a network and a page on the Hub, as one Hugging Face Job.

Put the address that this project is cloned from where ADDRESS stands above. What it costs at most, and then the Job:

    python docs/hf_job.py --flavor l4x1 --timeout 2h --dry-run --dataset owner/insects --push-to-hub owner/net
    hf jobs uv run --flavor l4x1 --timeout 2h --secrets HF_TOKEN docs/hf_job.py \
        --space owner/page --dataset owner/insects --push-to-hub owner/net --max-time 110m

All flags but those below are training.finetune's. --max-time ends the run, pushed, before the Job's own limit does.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys

MINUTES = {"s": 1 / 60, "m": 1, "h": 60, "d": 1440}


def minutes(text: str) -> float:
    """A limit as the Job takes it, such as 90m or 2h, in minutes."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd]?)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; expected one such as 90m or 2h")
    return int(found[1]) * MINUTES[found[2] or "s"]


def print_cost(flavor: str, limit: float) -> int:
    """Prints what the Job costs at most, by the Hub's own list of today; returns the exit status."""
    from huggingface_hub import HfApi

    try:
        offered = {hardware.name: hardware for hardware in HfApi().list_jobs_hardware()}
    except Exception as error:
        sys.stderr.write(f"error: the Hub did not tell its prices ({type(error).__name__}); see `hf jobs hardware`\n")
        return 1
    if flavor not in offered:
        sys.stderr.write(f"error: the Hub offers no {flavor!r}; it offers {', '.join(offered)}\n")
        return 2
    hardware = offered[flavor]
    if hardware.unit_label != "minute":
        sys.stderr.write(f"error: {flavor!r} is priced by the {hardware.unit_label}, not by the minute\n")
        return 1
    total = hardware.unit_cost_usd * limit
    sys.stdout.write(
        f"{hardware.pretty_name}: {limit:g} minutes at {hardware.unit_cost_usd:g} USD each, at most {total:.2f} USD\n"
    )
    return 0


def main() -> int:
    """Trains and pushes, then makes the Space; returns the exit status of what failed."""
    parser = argparse.ArgumentParser(description="A fine-tuning run as a Hugging Face Job.", allow_abbrev=False)
    parser.add_argument("--flavor", default="cpu-basic", help="hardware whose price --dry-run tells")
    parser.add_argument("--timeout", type=minutes, default="30m", help="the Job's limit, such as 90m or 2h")
    parser.add_argument("--dry-run", action="store_true", help="tell what it costs at most, and do nothing")
    parser.add_argument("--space", metavar="OWNER/NAME", help="the page to make on the network")
    parser.add_argument("--push-to-hub", metavar="OWNER/NAME", required=True, help="where the network goes")
    given, rest = parser.parse_known_args()
    if given.dry_run:
        return print_cost(given.flavor, given.timeout)
    training = ["-m", "resnet_hub.training.finetune", *rest, "--push-to-hub", given.push_to_hub, "--output", "run"]
    status = subprocess.run([sys.executable, *training], check=False).returncode
    if status or given.space is None:
        return status
    page = ["-m", "resnet_hub", "space", given.push_to_hub, given.space]
    return subprocess.run([sys.executable, *page], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
