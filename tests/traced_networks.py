"""The graph of a network, whose making takes longest of an export, made once for many exports."""

import onnx

from resnet_hub.export import runtime_files


def trace(network):
    """A network's program and graph, for `use_traced`."""
    program = runtime_files.exported_program(network)
    return program, runtime_files.onnx_graph(program[0])


def use_traced(patch, traced):
    """Makes exports take these, whatever network they are of."""
    program, graph = traced

    def copied(_):
        copy = onnx.ModelProto()
        copy.CopyFrom(graph)
        return copy

    patch.setattr(runtime_files, "exported_program", lambda _: program)
    patch.setattr(runtime_files, "onnx_graph", copied)
