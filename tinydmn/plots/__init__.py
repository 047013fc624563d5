"""Pictures.  Each function saves one and returns its path, whose ending (.png, .svg, .pdf) chooses
the format.

No window opens; `show(path)` hands a saved picture to the system's viewer.  What colour says is
also said by shade, shape or a label.
"""

from . import loading  # noqa: F401                        # first: it loads Matplotlib
from .attention import plot_attention, plot_attentions
from .confusion import plot_confusion
from .curves import plot_gradient_norms, plot_training
from .drawing import show
from .tables import plot_table
from .tags import plot_cost, plot_passes, plot_word_gates, power
from .words import plot_decoding, plot_gru, plot_word_attention

__all__ = ["plot_attention", "plot_attentions", "plot_confusion", "plot_cost", "plot_decoding",
           "plot_gradient_norms", "plot_gru", "plot_passes", "plot_table", "plot_training",
           "plot_word_attention", "plot_word_gates", "power", "show"]
