"""Programs in processes of their own that need not import anything: forks of one interpreter that has.

To start an interpreter and import torch, accelerate, datasets and timm takes seconds of processor time, and dozens of
tests need a process that nothing else has touched: one that may be killed, that has other settings of the Hub's
clients, or that is one of two. `zygote.run` and `zygote.start` take the place of `subprocess.run` and
`subprocess.Popen([sys.executable, ...])` there. A real interpreter is left to tests of what happens before and while a
program imports: of its path, its flags, its memory, the launcher. The processes of tests are such forks as well.
"""

from .client import FORKED, Child, begin, lend, meeting, run, share, start, stop

__all__ = ["FORKED", "Child", "begin", "lend", "meeting", "run", "share", "start", "stop"]
