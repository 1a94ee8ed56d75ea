"""`python -m resnet_hub` is `resnet-hub`."""

import sys

from resnet_hub.cli import main

sys.exit(main())
