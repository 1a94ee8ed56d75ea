"""A figure that a notebook shows, whatever it was told of matplotlib."""

from io import BytesIO

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure of matplotlib that draws itself where it is the last value of a notebook's cell."""

    def _repr_png_(self) -> bytes:
        drawn = BytesIO()
        self.savefig(drawn, format="png", dpi=90)
        return drawn.getvalue()
