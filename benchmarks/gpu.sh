#!/bin/bash
# Every row for a GPU in one go, in under nine minutes, on a bare machine with CUDA: from this working tree, carried
# wheels and carried data. It needs no network.
#
#   bash benchmarks/gpu.sh [--data FOLDER] [--wheels FOLDER] [--out FILE] [--rehearse]
#
# --data    hymenoptera, cifar10 and weights/resnet18-imagenet lie there; RESNET_HUB_DATA, or ../shared/data, where absent
# --wheels  what `pip download -c constraints.txt -d FOLDER '.[train]'` left; packages that are there already are kept
# --out     the table; runs/gpu.md where absent
# --rehearse  all of it on the CPU in tiny sizes: no figure says anything
set -euo pipefail
cd "$(dirname "$0")/.."

data=${RESNET_HUB_DATA:-../shared/data}
wheels=
out=runs/gpu.md
rehearse=()
while [ $# -gt 0 ]; do
    case $1 in
        --data | --wheels | --out)
            [ $# -gt 1 ] || { echo "error: $1 needs a value" >&2; exit 2; }
            declare "${1#--}=$2"
            shift 2
            ;;
        --rehearse) rehearse=(--rehearse); shift ;;
        *) echo "error: $1 is not known; expected --data, --wheels, --out or --rehearse" >&2; exit 2 ;;
    esac
done
for part in hymenoptera cifar10 weights/resnet18-imagenet; do
    [ -e "$data/$part" ] || { echo "error: $data has no $part; name the folder that has it with --data" >&2; exit 2; }
done

python=.venv/bin/python
[ -x $python ] || python=python3
if [ -n "$wheels" ]; then
    [ -d "$wheels" ] || { echo "error: there is no folder $wheels of wheels" >&2; exit 2; }
    # On top of what the machine has, so that its own torch, which knows its GPU, stays.
    $python -m venv --system-site-packages .gpu
    python=.gpu/bin/python
    sed -n 's/^\([A-Za-z0-9_.-]*\).*/\1/p' requirements.txt > .gpu/wanted.txt
    $python -m pip install -qq --disable-pip-version-check --no-index --find-links "$wheels" -r .gpu/wanted.txt timm accelerate datasets
fi
mkdir -p "$(dirname "$out")"
# Nothing decoded or looked at before, and nothing asked of the network.
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
HF_HUB_OFFLINE=1 HF_ASSETS_CACHE=$cache PYTHONPATH=. timeout 560 \
    "$python" -m benchmarks.gpu --data "$data" --out "$out" "${rehearse[@]}"
