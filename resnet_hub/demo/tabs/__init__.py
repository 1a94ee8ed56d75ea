"""One file for each tab of the page, with its endpoint for programs; `TABS` has a row for each."""

from resnet_hub.demo.tabs.answer_details import ESCAPED
from resnet_hub.demo.tabs.batch import batch_tab, classify_batch_endpoint
from resnet_hub.demo.tabs.classify import answer_tab, predict_endpoint
from resnet_hub.demo.tabs.compare import compare_endpoint, compare_tab
from resnet_hub.demo.tabs.depth import depth_tab
from resnet_hub.demo.tabs.explaining import explain_endpoint, why_tab
from resnet_hub.demo.tabs.page_tab import BuiltTab, LinkValue, Opened, PageTab, TabContext
from resnet_hub.demo.tabs.run import run_heading, run_tab, shows_run
from resnet_hub.demo.tabs.shake import shake_tab
from resnet_hub.demo.tabs.switchboard import switch_tab
from resnet_hub.demo.tabs.teaching import teach_tab

TABS = (
    PageTab("answer", "classify.tab", answer_tab, predict_endpoint, about_the_image=True),
    PageTab("why", "why.tab", why_tab, explain_endpoint, about_the_image=True),
    PageTab("switch", "switch.tab", switch_tab, about_the_image=True),
    PageTab("compare", "compare.tab", compare_tab, compare_endpoint, about_the_image=True),
    PageTab("shake", "shake.tab", shake_tab, about_the_image=True),
    PageTab("teach", "teach.tab", teach_tab, about_the_image=True),
    PageTab("many", "batch.tab", batch_tab, classify_batch_endpoint),
    PageTab("depth", "depth.tab", depth_tab),
    PageTab("run", "run.tab", run_tab, shown=shows_run),
)
"""The tabs in their order; the first is open where a link names none. The page, the link and the API read this."""

__all__ = ["ESCAPED", "TABS", "BuiltTab", "LinkValue", "Opened", "PageTab", "TabContext", "run_heading"]
