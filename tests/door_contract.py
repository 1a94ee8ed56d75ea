"""The linter's contract on doors: a room is entered by its `__init__`, and nobody reaches past it from another room."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class DoorContract(Contract):
    """No module outside a package imports one inside it, but for the packages named as corridors."""

    type_name = "doors"
    corridors = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Returns whether every import between rooms goes through a door."""
        ours = {module for module in graph.modules if not graph.is_module_squashed(module)}  # not the libraries
        rooms = {module for module in ours if graph.find_children(module)} - set(self.corridors)
        past = []
        for module in sorted(ours - rooms):
            room = module.rpartition(".")[0]
            if room in rooms:
                importers = graph.find_modules_that_directly_import(module)
                past += [(one, module) for one in sorted(importers) if one != room and not one.startswith(f"{room}.")]
        return ContractCheck(kept=not past, metadata={"past": past})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Prints each import that reaches past a door."""
        for importer, imported in check.metadata["past"]:
            room = imported.rpartition(".")[0]
            output.print_error(f"- {importer} -> {imported}: import from {room}, and let its __init__ offer the name")
